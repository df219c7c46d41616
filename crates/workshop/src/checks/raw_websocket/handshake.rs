//! Step 2: the opening handshake.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use super::{ask, first_line, request};
use crate::{
    client::KEY,
    failure::Failure,
    probe::{Outcome, Probe},
};

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

fn accept(key: &[u8]) -> String {
    STANDARD.encode(Sha1::digest(key))
}

/// Which mistake gives this accept.
fn cause(key: &str, got: &str) -> Option<&'static str> {
    let digest = Sha1::digest(format!("{key}{GUID}"));
    let digits: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    let nonce = STANDARD.decode(key).unwrap_or_default();
    let decoded = [&*nonce, GUID.as_bytes()].concat();
    [
        (
            STANDARD.encode(&digits),
            "base64 of the 40 hexadecimal digits, not of the 20 octets that they stand for",
        ),
        (digits, "hexadecimal digits, where base64 of the 20 octets must stand"),
        (accept(key.as_bytes()), "the GUID is not appended to the key"),
        (accept(format!("{GUID}{key}").as_bytes()), "the GUID stands before the key, not behind it"),
        (accept(&decoded), "the key is decoded first; it goes in as the text that was sent"),
        (accept(format!("{key}{}", GUID.to_lowercase()).as_bytes()), "the GUID is in lower case"),
        (key.to_owned(), "the key is sent back as it came"),
    ]
    .into_iter()
    .find_map(|(wrong, cause)| (wrong == got).then_some(cause))
}

/// The key of RFC 6455 §1.3, and one that was drawn.
pub(in crate::checks) fn example_key(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let nonce: Vec<_> = (0..16).map(|_| u8::try_from(probe.below(256)).unwrap_or_default()).collect();
        for key in [KEY.to_owned(), STANDARD.encode(nonce)] {
            let wanted = accept(format!("{key}{GUID}").as_bytes());
            let did = format!("We sent an opening handshake with Sec-WebSocket-Key: {key}.");
            let due = format!("101 with sec-websocket-accept: {wanted}");
            let head = ask(probe, server, &request(server, &[("Sec-WebSocket-Key", &key)]), &due)
                .map_err(|failure| failure.did(did.clone()))?;
            if head.status != 101 {
                let failure = Failure::new(due, first_line(&head)).did(did);
                return Err(failure
                    .region("open")
                    .likely("a good handshake is refused, or given back by `open`"));
            }
            let got = head.field("sec-websocket-accept").unwrap_or_default();
            if got != wanted {
                let failure = Failure::new(due, format!("sec-websocket-accept: {got}")).did(did);
                return Err(failure.likely(cause(&key, &got).unwrap_or("SHA-1 of key and GUID, as base64")));
            }
            for (name, element) in [("upgrade", "websocket"), ("connection", "upgrade")] {
                if !head.lists(name, element) {
                    let got = head.field(name).unwrap_or_else(|| "no such field".to_owned());
                    let failure = Failure::new(format!("101 with {name}: {element}"), got).did(did);
                    return Err(failure.region("switch-protocols"));
                }
            }
        }
        Ok(())
    })
}

/// Offers, and what is picked of them.
pub(in crate::checks) fn protocol(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for (offer, picked) in [
            ("", None),
            ("json", Some("json")),
            ("chat, json", Some("json")),
            ("chat", None),
            ("jsonp", None),
            ("JSON", None),
        ] {
            let what = if offer.is_empty() {
                "no Sec-WebSocket-Protocol".to_owned()
            } else {
                format!("Sec-WebSocket-Protocol: {offer}")
            };
            let did = format!("We sent an opening handshake with {what}.");
            let due = picked
                .map_or("101 without sec-websocket-protocol", |_| "101 with sec-websocket-protocol: json");
            let head = ask(probe, server, &request(server, &[("Sec-WebSocket-Protocol", offer)]), due)
                .map_err(|failure| failure.did(did.clone()))?;
            let got = head.field("sec-websocket-protocol");
            if head.status != 101 || got.as_deref() != picked {
                let told = got
                    .as_ref()
                    .map(|got| format!(" with sec-websocket-protocol: {got}"))
                    .unwrap_or_default();
                return Err(Failure::new(due, first_line(&head) + &told).did(did).likely(
                    match (got, picked) {
                        (Some(got), None) if got.eq_ignore_ascii_case(offer) => {
                            "a subprotocol's name has a case, unlike the elements of Connection (RFC 6455 §4.1 no. 10)"
                        }
                        (Some(_), None) => {
                            "a subprotocol that was not offered: a browser then drops the connection"
                        }
                        _ => "the offers are a list: each element is to be compared",
                    },
                ));
            }
        }
        Ok(())
    })
}

/// A page from elsewhere, a page of our own, no page.
pub(in crate::checks) fn origin(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let own = format!("http://localhost:{}", server.address.port());
        for (origin, status) in [("http://elsewhere.example", 403), ("null", 403), (&own, 101), ("", 101)] {
            let what = if origin.is_empty() { "no Origin".to_owned() } else { format!("Origin: {origin}") };
            let did = format!("We sent an opening handshake with {what}.");
            let due = status.to_string();
            let head = ask(probe, server, &request(server, &[("Origin", origin)]), &due)
                .map_err(|failure| failure.did(did.clone()))?;
            if head.status != status {
                return Err(Failure::new(due, first_line(&head)).did(did).likely(if status == 403 {
                    "any page may open a WebSocket to any server: 403 is the only protection, there is no CORS"
                } else {
                    "the server's own page, and programs that are no page, must be let in"
                }));
            }
        }
        Ok(())
    })
}
