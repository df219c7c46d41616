//! Step 1: the request.

use super::{ask, first_line, request};
use crate::{
    client::Head,
    failure::Failure,
    probe::{Outcome, Probe},
};

const DUE: &str = "426 Upgrade Required, with `Upgrade: websocket` and `Connection: upgrade`";

fn shown(head: &Head) -> String {
    let fields = ["upgrade", "connection", "sec-websocket-version"];
    let fields = fields.iter().filter_map(|name| Some(format!("{name}: {}", head.field(name)?)));
    [first_line(head)].into_iter().chain(fields).collect::<Vec<_>>().join("; ")
}

/// A GET that asks for nothing else.
pub(in crate::checks) fn plain_get(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "We sent GET /messages without Upgrade and Connection.";
        let octets = request(server, &[("Upgrade", ""), ("Connection", "")]);
        let head = ask(probe, server, &octets, DUE).map_err(|failure| failure.did(did))?;
        let fail = |cause: &str| Err(Failure::new(DUE, shown(&head)).did(did).likely(cause));
        match head.status {
            426 if head.lists("upgrade", "websocket") && head.lists("connection", "upgrade") => Ok(()),
            426 => fail("426 must name the protocol (RFC 9110 §15.5.22), and Upgrade its connection option"),
            101 => fail("the fields Upgrade and Connection are not looked at"),
            _ => fail("that neither field asks for an upgrade must be looked at before all other rules"),
        }
    })
}

/// Version 8, version 14, none.
pub(in crate::checks) fn version(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for version in ["8", "14", ""] {
            let what =
                if version.is_empty() { "no version".to_owned() } else { format!("version {version}") };
            let did = format!("We sent an opening handshake with {what} in Sec-WebSocket-Version.");
            let due = "426 Upgrade Required, with `Sec-WebSocket-Version: 13`";
            let octets = request(server, &[("Sec-WebSocket-Version", version)]);
            let head = ask(probe, server, &octets, due).map_err(|failure| failure.did(did.clone()))?;
            if head.status != 426 || head.field("sec-websocket-version").as_deref() != Some("13") {
                let failure = Failure::new(due, shown(&head)).did(did);
                return Err(failure.likely("the version must be judged before the key, and be 13 exactly"));
            }
        }
        Ok(())
    })
}

/// Lists, cases, lines: what asks for an upgrade, and what does not. The version is wrong, so that the answer to
/// what does ask is 426 with the version.
pub(in crate::checks) fn header_case(probe: &Probe) -> Outcome {
    let good: &[&[(&str, &str)]] = &[
        &[("Connection", "keep-alive, Upgrade")],
        &[("Connection", "upgrade,keep-alive")],
        &[("Connection", "UPGRADE"), ("Upgrade", "WebSocket")],
        &[("Connection", "keep-alive"), ("Connection", "Upgrade")],
        &[("Upgrade", "h2c, websocket")],
    ];
    let bad: &[&[(&str, &str)]] = &[
        &[("Connection", "keep-alive")],
        &[("Connection", "close, upgraded")],
        &[("Upgrade", "h2c")],
        &[("Upgrade", "websockets")],
    ];
    probe.serve(&[], &[], |server| {
        let all = good.iter().map(|fields| (fields, true)).chain(bad.iter().map(|fields| (fields, false)));
        for (fields, asks) in all {
            let lines: Vec<_> = fields.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
            let did = format!("We sent an opening handshake of version 8 with {}.", lines.join(" and "));
            let due = if asks {
                "426 with `Sec-WebSocket-Version: 13`: all but the version is right"
            } else {
                "400 Bad Request: this does not ask for a WebSocket"
            };
            let fields: Vec<_> = fields.iter().copied().chain([("Sec-WebSocket-Version", "8")]).collect();
            let head = ask(probe, server, &request(server, &fields), due)
                .map_err(|failure| failure.did(did.clone()))?;
            let took = head.status == 426 && head.field("sec-websocket-version").is_some();
            if took != asks || (!asks && head.status != 400) {
                let lines = fields.iter().filter(|(name, _)| *name == "Connection").count();
                let failure = Failure::new(due, shown(&head)).did(did);
                return Err(if asks && lines > 1 {
                    failure.likely("several lines are one list: `get` gives the first of them, `get_all` all")
                } else if asks {
                    failure.likely("the whole value is compared, not the elements of the list, or with their case")
                } else {
                    let cause = "a part of the value is looked for, not a whole element of the list; or what does not list \
                                 the word is taken all the same";
                    failure.region("judge-upgrade").likely(cause)
                });
            }
        }
        Ok(())
    })
}

/// What is no handshake though its fields ask for one. The version is wrong, too: it is judged last.
pub(in crate::checks) fn malformed(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let host = format!("localhost:{}", server.address.port());
        for (line, hosts, status, cause) in [
            ("HEAD /messages HTTP/1.1", 1, 405, "the method of an opening handshake is GET (no. 1)"),
            (
                "GET /messages HTTP/1.0",
                1,
                400,
                "HTTP/1.0 knows no upgrade: the version of HTTP is 1.1 (no. 1)",
            ),
            ("GET /messages HTTP/1.1", 0, 400, "a request without Host is malformed (no. 2)"),
            ("GET /messages HTTP/1.1", 2, 400, "one Host, not two (no. 2)"),
        ] {
            let fields = ["Host", "Sec-WebSocket-Version"].map(|name| (name, ""));
            let rest = String::from_utf8(request(server, &fields)).unwrap_or_default();
            let rest = rest.split_once("\r\n").map_or("", |(_, rest)| rest);
            let hosts_sent = format!("Host: {host}\r\n").repeat(hosts);
            let octets = format!("{line}\r\n{hosts_sent}Sec-WebSocket-Version: 8\r\n{rest}");
            let did =
                format!("We sent `{line}` with {hosts} Host and all else of a handshake, but version 8.");
            let due = format!("{status}");
            let head =
                ask(probe, server, octets.as_bytes(), &due).map_err(|failure| failure.did(did.clone()))?;
            if head.status != status {
                return Err(Failure::new(due, shown(&head)).did(did).likely(cause));
            }
        }
        Ok(())
    })
}
