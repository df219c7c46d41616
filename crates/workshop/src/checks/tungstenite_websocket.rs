//! Checks of the track tungstenite-websocket: its own, and those of raw-websocket, for on the wire there is nothing to
//! tell the two apart.

use std::time::Duration;

use super::raw_websocket::{
    control_frames, decode, first_line, follow, fragments, handshake, joined, masked_close, opened, pressure,
    request, unframed,
};
use crate::{
    checks::Check,
    client::{Wire, masked},
    failure::Failure,
    probe::{Outcome, Probe},
    process::{READY_WITHIN, Running},
};

checks! {
    Server {
        request::plain_get "plain-get-426", "what does not ask for an upgrade is answered too", "RFC 9110 §15.5.22", "open";
        handshake::example_key "rfc-example-key", "101 with the accept that the key asks for", "RFC 6455 §4.2.2", "serve-each";
        slow_handshake "slow-handshake-does-not-block", "one that dawdles over its handshake holds up nobody", "README, The follower here", "serve-each";
        request::header_case "header-case", "Connection and Upgrade are lists without case", "RFC 6455 §4.2.1", "judge";
        handshake::protocol "protocol-only-if-offered", "a subprotocol is one of those offered, or none", "RFC 6455 §4.2.2", "judge";
        handshake::origin "foreign-origin-403", "a page from elsewhere is refused", "RFC 6455 §10.2", "upgrade";
        control_frames::ping_pong "ping-pong", "a ping is answered with its own data", "RFC 6455 §5.5.3", "greet";
        fragments::three_fragments "three-fragments", "a draft is posted, in however many fragments it comes", "RFC 6455 §5.4", "heard";
        follow::second_client "second-client-hears", "what one posts, all hear", "the chat's protocol", "follow";
        follow::join_race "join-race-sweep", "who joins while others post misses nothing", "the chat's protocol", "greet";
        follow::dead_peer "dead-peer-others-go-on", "a peer that is gone holds up nobody", "RFC 6455 §7.1.7", "heard";
        decode::too_big "too-big-1009", "a message over 32 KiB is 1009, by its header", "RFC 6455 §10.4", "config";
        decode::unmasked "unmasked-1002", "who breaks a rule is told which kind", "RFC 6455 §7.4.1", "close-code";
        pressure::memory "memory-bounded", "clients that do not read cost no memory", "the chat's protocol", "hand-over";
        control_frames::close_echo "close-echo", "a Close is answered with its own code", "RFC 6455 §5.5.1", "tell";
        ping_flood "ping-flood-1008", "who sends control frames without end is told 1008", "the chat's protocol", "control";
        pressure::missed_pong "missed-pong-dropped", "a silent peer is pinged, and dropped if it does not answer", "RFC 6455 §5.5.2", "silence";
        control_frames::close_then_eof "close-then-eof", "after the closing handshake the server closes TCP", "RFC 6455 §7.1.1", "run";
        ctrl_c "ctrl-c-1001", "who is connected when the server stops is told 1001", "RFC 6455 §7.4.1", "stopping";
        rebind "rebind-at-once", "a server that was stopped can be started again at once", "the chat's protocol", "run";
    }
}

/// A peer that does not answer a Close is waited for no longer than that.
const LINGERS: &[(&str, &str)] = &[("LINGER_MS", "300")];

/// So long a handshake may dawdle, and others wait for theirs: after 10 s it is given up.
const DAWDLES: Duration = Duration::from_secs(8);

/// One sends half a request; others come and are served; then it sends the rest.
fn slow_handshake(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "One client sent half of its request; then others connected.";
        let mut slow = Wire::connect(server.address, probe.patience(), None)?;
        let octets = request(server, &[]);
        let (first, rest) = octets.split_at_checked(40 + probe.below(40)).unwrap_or((&octets, &[]));
        slow.send(first);
        for _ in 0..3 {
            let likely =
                "the handshake is done where connections are accepted: each must have a task of its own";
            let wire = Wire::connect(server.address, probe.patience().min(DAWDLES), None)?;
            opened(wire, server).map_err(|failure| failure.did(did).likely(likely))?;
        }
        slow.send(rest);
        match slow.head() {
            Ok(head) if head.status == 101 => Ok(()),
            Ok(head) => Err(Failure::new("101, when the rest has come", first_line(&head)).did(did)),
            Err(ended) => Err(Failure::new("101, when the rest has come", ended.told()).did(did)),
        }
    })
}

/// Pings, many more than anybody needs, some at a time: nothing is left unread where they end.
fn ping_flood(probe: &Probe) -> Outcome {
    const AT_ONCE: usize = 50;
    const TIMES: usize = 60;
    let did = format!("We sent {AT_ONCE} pings, read as many pongs, and did so {TIMES} times.");
    let due = "a Close frame with 1008: more than 200 at once are no keep-alive";
    let likely = "the library answers each, however many come: count them";
    probe.serve(&[], &[], |server| {
        let mut wire = joined(probe, server)?;
        for _ in 0..TIMES {
            wire.send(&masked(0x89, b"?", probe.key()).repeat(AT_ONCE));
            for _ in 0..AT_ONCE {
                match wire.frame() {
                    Ok(frame) if frame.opcode == 10 => {}
                    Ok(frame) if frame.code() == Some(1008) && frame.opcode == 8 => return Ok(()),
                    Ok(frame) => return Err(Failure::new(due, frame.told()).did(did)),
                    Err(ended) => return Err(unframed(&wire, due, ended).did(did).likely(likely)),
                }
            }
        }
        Err(Failure::new(due, "a pong for each").did(did).likely(likely))
    })
}

/// The Close that a stopping server sends.
fn told_to_go(wire: &mut Wire, did: &str) -> Outcome {
    let due = "a Close frame with 1001, going away";
    match wire.frame() {
        Ok(frame) if frame.opcode == 8 && frame.code() == Some(1001) => Ok(()),
        Ok(frame) => Err(Failure::new(due, frame.told()).came(&frame.octets).did(did)),
        Err(ended) => Err(unframed(wire, due, ended)
            .did(did)
            .likely("when the server stops, each conversation must end with a Close of its own")),
    }
}

fn ends(server: &Running, did: &str) -> Outcome {
    let due = "the process ends when its clients have gone, or do not answer";
    match server.ended_within(READY_WITHIN) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Failure::new("it ends with status 0", status.to_string()).did(did)),
        None => {
            let failure = Failure::new(due, "it still runs").did(did);
            Err(failure.likely("`serve` must return when the server was stopped"))
        }
    }
}

/// Three clients, and Ctrl-C: each is told, answers, and sees the end of TCP.
fn ctrl_c(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "Three clients connected; then we sent SIGINT, as Ctrl-C does.";
        let mut clients = [joined(probe, server)?, joined(probe, server)?, joined(probe, server)?];
        server.interrupt();
        for wire in &mut clients {
            told_to_go(wire, did)?;
            wire.send(&masked_close(probe, &1001_u16.to_be_bytes()));
            wire.end().map_err(|got| Failure::new("the end of TCP behind the Close frame", got).did(did))?;
        }
        Ok(())
    })
}

/// One client that does not answer, Ctrl-C, and the next server on the same port.
fn rebind(probe: &Probe) -> Outcome {
    let did = "A client connected and did not answer the Close of a server that was stopped by Ctrl-C.";
    let (port, silent) = probe.serve(&[], LINGERS, |server| {
        let mut silent = joined(probe, server)?;
        server.interrupt();
        told_to_go(&mut silent, did)?;
        ends(server, did)?;
        Ok((server.address.port(), silent))
    })?;
    let did = format!("{did} Then we started it again, on the same port.");
    probe
        .serve(&[], &[("PORT", &port.to_string())], |server| joined(probe, server).map(|_| ()))
        .map_err(|failure| failure.did(did))?;
    // Until here its side of the connection was open.
    drop(silent);
    Ok(())
}
