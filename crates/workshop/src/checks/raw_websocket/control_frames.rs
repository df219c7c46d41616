//! Step 6: ping, pong and close.

use super::{PING, expect_frame, joined, masked_close as close, refused, unframed};
use crate::{
    client::masked,
    failure::{Failure, hex},
    probe::{Outcome, Probe},
    process::Running,
};

/// Pings of no data, some, and as much as a control frame holds.
pub(in crate::checks) fn ping_pong(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut wire = joined(probe, server)?;
        for length in [0, 4, 125] {
            let data = probe.word(length);
            wire.send(&masked(PING, data.as_bytes(), probe.key()));
            let did = format!("We sent a ping with {length} bytes of application data.");
            let due = format!("a pong with the same {length} bytes: {}", hex(data.as_bytes()));
            let pong = expect_frame(&mut wire, 10, &due).map_err(|failure| failure.did(did.clone()))?;
            if pong.payload != data.as_bytes() {
                let failure = Failure::new(due, pong.told()).came(&pong.octets).did(did);
                return Err(failure.likely("a pong carries the data of the ping that it answers"));
            }
        }
        Ok(())
    })
}

/// Sends a Close with this body, and expects one back that begins with `answer`.
fn echoes(probe: &Probe, server: &Running, body: &[u8], answer: &[u8]) -> Outcome {
    let mut wire = joined(probe, server)?;
    wire.send(&close(probe, body));
    let did = format!("We sent a Close frame with the body {}.", hex(body));
    let due = if answer.is_empty() {
        "a Close frame without a body".to_owned()
    } else {
        format!("a Close frame with the same code, {}", hex(answer))
    };
    let frame = expect_frame(&mut wire, 8, &due).map_err(|failure| {
        let cause = "each side sends one Close; who gets one first answers with one (RFC 6455 §5.5.1)";
        failure.did(did.clone()).likely(cause)
    })?;
    let code = frame.payload.get(..2).unwrap_or_default();
    if code == answer {
        return Ok(());
    }
    Err(Failure::new(due, frame.told())
        .came(&frame.octets)
        .did(did)
        .likely("the answer has the code that came"))
}

/// Codes that come back, and none.
pub(in crate::checks) fn close_echo(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for code in [1000_u16, 1001, 4000] {
            let body = [&code.to_be_bytes()[..], b"bye"].concat();
            echoes(probe, server, &body, &code.to_be_bytes())?;
        }
        echoes(probe, server, &[], &[])
    })
}

/// Codes that may travel, and others.
pub(in crate::checks) fn close_codes(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
            let what = format!("a Close with the code {code}");
            refused(probe, server, &close(probe, &code.to_be_bytes()), 1002, &what)?;
        }
        for code in [1007_u16, 1014, 3000, 4999] {
            echoes(probe, server, &code.to_be_bytes(), &code.to_be_bytes())?;
        }
        refused(probe, server, &close(probe, &[3]), 1002, "a Close with half a status code")?;
        let reason = [&1000_u16.to_be_bytes()[..], b"\xff\xfe"].concat();
        refused(probe, server, &close(probe, &reason), 1007, "a Close with a reason that is not UTF-8")
    })
}

/// A Close with more behind it, and the end of TCP while we keep our side open.
pub(in crate::checks) fn close_then_eof(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "We sent a Close and, behind it in the same write, 100,000 bytes that nobody needs; our side stays open.";
        let mut wire = joined(probe, server)?;
        let junk = masked(PING, b"late", probe.key()).repeat(10_000);
        let octets = [&close(probe, &1000_u16.to_be_bytes())[..], &junk].concat();
        wire.send(&octets);
        let due = "a Close frame";
        match wire.frame() {
            Ok(frame) if frame.opcode == 8 => {}
            Ok(frame) => {
                let failure = Failure::new(due, frame.told()).came(&frame.octets).did(did);
                return Err(failure.likely("what comes behind a Close is not read any more"));
            }
            Err(ended) => {
                return Err(unframed(&wire, due, ended).did(did).likely(
                    "the socket was closed with input unread: the system resets it, and the Close is lost",
                ));
            }
        }
        wire.end().map_err(|got| {
            let due = "the end of TCP behind the Close frame, from your side";
            let cause = if got.contains("reset") {
                "the socket was closed with input unread: the system resets it; close the sending side, then read on"
            } else {
                "the server closes TCP first (RFC 6455 §7.1.1): its sending side, after its Close was taken"
            };
            Failure::new(due, got).did(did).likely(cause)
        })
    })
}
