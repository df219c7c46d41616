//! Step 1: HTTP/2 over TLS, and with prior knowledge.

use super::{connect, head as head_of, open, tls, unless};
use crate::{
    client::{Ended, Wire},
    failure::Failure,
    http2::{Event, Http2, PREFACE},
    probe::{Outcome, Probe},
    process::Running,
};

/// A TLS connection that offers these protocols: what was agreed.
fn agreed(probe: &Probe, server: &Running, alpn: &[&str]) -> Result<(Wire, Option<String>), String> {
    let wire = connect(probe, server).map_err(|failure| failure.words())?;
    wire.secured(tls(alpn).map_err(|failure| failure.words())?)
}

/// What is agreed when `h2` is offered, when it is not, and when nothing is.
pub(super) fn alpn(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for offered in [&["h2"][..], &["http/1.1", "h2"]] {
            let did = format!("We connected with TLS and offered {} by ALPN.", offered.join(", "));
            match agreed(probe, server, offered) {
                Ok((_, Some(protocol))) if protocol == "h2" => {}
                other => {
                    let got = match other {
                        Ok((_, protocol)) => protocol.unwrap_or_else(|| "no protocol".to_owned()),
                        Err(error) => error,
                    };
                    return Err(Failure::new("the protocol h2", got).did(did).likely(
                        "a browser speaks HTTP/2 only where ALPN has agreed on h2: the server must list it, and it alone",
                    ));
                }
            }
        }
        let did = "We connected with TLS and offered http/1.1 alone.";
        if let Ok((_, protocol)) = agreed(probe, server, &["http/1.1"]) {
            let got = format!("a handshake that agreed on {}", protocol.unwrap_or_else(|| "nothing".to_owned()));
            let failure = Failure::new("no handshake: the alert no_application_protocol", got).did(did);
            return Err(failure.likely("what the server cannot speak it must not agree to (RFC 7301 §3.2)"));
        }
        let (wire, _) = agreed(probe, server, &["h2"]).map_err(|error| Failure::new("TLS", error))?;
        let mut client = Http2::new(wire, server.address.port(), "https", None, super::MORE);
        served(&mut client, "over TLS")
    })
}

/// Asks for the page.
fn served(client: &mut Http2, how: &str) -> Outcome {
    let did = format!("We sent GET / {how}.");
    let due = "200, and the page";
    let stream = client.get("/");
    let (head, _) = head_of(client, stream, due).map_err(|failure| failure.did(did.clone()))?;
    let media = head.field("content-type").unwrap_or_default();
    if head.status != 200 || !media.starts_with("text/html") {
        return Err(Failure::new(due, format!("{}, content-type: {media}", head.status)).did(did));
    }
    let mut content = Vec::new();
    // That the answer ends is a step of its own.
    while !String::from_utf8_lossy(&content).contains("</html>") {
        match client.on(stream) {
            Ok(Event::Data { octets, .. }) if !octets.is_empty() => content.extend(octets),
            other => return Err(unless(client, due, other).did(did)),
        }
    }
    Ok(())
}

/// The page in cleartext; a preface in two pieces; HTTP/1.1 on that port.
pub(super) fn page(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        served(&mut open(probe, server)?, "over cleartext, with prior knowledge")?;
        for cut in [1, 3, 1 + probe.below(PREFACE.len() - 1), PREFACE.len() - 1] {
            let mut wire = connect(probe, server)?;
            let (first, rest) = PREFACE.split_at_checked(cut).unwrap_or((PREFACE, &[]));
            wire.send(first);
            // It must wait for more, and can only be seen to do so by what it says.
            let silence = std::time::Duration::from_millis(20);
            let said = wire.read_until(silence, |octets| (!octets.is_empty()).then_some(((), 0)));
            wire.send(rest);
            wire.send(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
            let did = format!("We sent the connection preface in two pieces, {cut} octets and the rest.");
            let due = "a SETTINGS frame";
            let answered = match said {
                Err(Ended::Silent(_)) => wire.read_until(wire.patience, |octets| octets.get(3).map(|kind| (*kind, 0))),
                Err(ended) => Err(ended),
                Ok(()) => Ok(wire.buffer.get(3).copied().unwrap_or_default()),
            };
            if answered != Ok(4) {
                let got = String::from_utf8_lossy(&wire.buffer).chars().take(40).collect::<String>();
                let got = answered.map_or_else(Ended::told, |_| format!("{got:?}"));
                return Err(Failure::new(due, got).did(did).likely(
                    "a read may end within the preface: while it may still become one, wait for more",
                ));
            }
        }
        let host = format!("localhost:{}", server.address.port());
        for (method, status) in [("GET", 307), ("POST", 505)] {
            let mut wire = connect(probe, server)?;
            wire.send(format!("{method} / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n").as_bytes());
            let did = format!("We sent {method} / over HTTP/1.1, in cleartext.");
            let due = format!("{status} over HTTP/1.1: this port speaks HTTP/2");
            let got = wire.head().map_or_else(Ended::told, |head| head.status.to_string());
            if got != status.to_string() {
                return Err(Failure::new(due, got).did(did).likely(
                    "`PRI * HTTP/2.0` is told from another request by its whole first line, not by its first letter",
                ));
            }
        }
        Ok(())
    })
}
