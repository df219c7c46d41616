//! Checks of the track raw-websocket, a file for each step, and what they share: opening, posting, reading back.

pub(super) mod compressed;
pub(super) mod control_frames;
pub(super) mod decode;
pub(super) mod encode;
pub(super) mod follow;
pub(super) mod fragments;
pub(super) mod handshake;
pub(super) mod page;
pub(super) mod posting;
pub(super) mod pressure;
pub(super) mod request;
pub(super) mod stuck;

use std::time::Instant;

use crate::{
    checks::Check,
    client::{Ended, Frame, Head, KEY, Wire, masked},
    failure::{Failure, hex},
    probe::Probe,
    process::Running,
};

pub(super) const TEXT: u8 = 0x81;
pub(super) const CLOSE: u8 = 0x88;
pub(super) const PING: u8 = 0x89;

checks! {
    Server {
        request::plain_get "plain-get-426", "a GET without an upgrade is answered 426", "RFC 9110 §15.5.22", "judge-upgrade";
        request::version "version-426", "another version is answered 426 and ours", "RFC 6455 §4.4", "judge-upgrade";
        request::header_case "header-case", "Connection and Upgrade are lists without case", "RFC 6455 §4.2.1", "elements";
        request::malformed "malformed-4xx", "a handshake is a GET of HTTP/1.1, to one host", "RFC 6455 §4.2.1", "judge-upgrade";
        handshake::example_key "rfc-example-key", "101 with the accept that the key asks for", "RFC 6455 §4.2.2", "derive-accept-key";
        handshake::protocol "protocol-only-if-offered", "a subprotocol is one of those offered, or none", "RFC 6455 §4.2.2", "choose-subprotocol";
        handshake::origin "foreign-origin-403", "a page from elsewhere is refused", "RFC 6455 §10.2", "open";
        encode::not_masked "not-masked", "a server's frame: FIN, text, not masked", "RFC 6455 §5.1", "encode-header";
        encode::reply_lengths "reply-lengths", "a length has the shortest of its three forms", "RFC 6455 §5.2", "encode-header";
        compressed::marked "compressed-rsv1", "RSV1 says that a message is compressed", "RFC 7692 §6", "encode-header";
        decode::length_126 "length-126", "a client's text of 126 bytes and more is read", "RFC 6455 §5.2", "parse-length";
        decode::length_127 "length-127", "a 64-bit length is read, and judged", "RFC 6455 §5.2", "parse-length";
        decode::byte_by_byte "byte-by-byte", "a frame may come one octet a packet", "RFC 6455 §5.2", "unmask";
        decode::two_in_one_write "two-in-one-write", "a packet may bring two frames", "RFC 6455 §5.2", "receive";
        decode::early_bytes "early-bytes-kept", "octets behind the request are the first frame's", "RFC 6455 §4.1", "open";
        decode::unmasked "unmasked-1002", "a client's frame without a mask, or a ping over 125 bytes, is 1002", "RFC 6455 §5.1", "parse-length";
        decode::too_big "too-big-1009", "a message over 32 KiB is 1009, by its header", "RFC 6455 §10.4", "parse-length";
        decode::reserved_bits "reserved-bits-1002", "reserved bits, reserved opcodes, fragments of a ping: 1002", "RFC 6455 §5.2", "parse-start";
        compressed::misplaced "rsv1-first-frame", "RSV1 is the first frame's of a message, and no other's", "RFC 7692 §6.1", "parse-start";
        compressed::heard "heard-bounded", "a packet is not taken in all at once, whatever is compressed in it", "RFC 6455 §10.4", "receive";
        control_frames::ping_pong "ping-pong", "a ping is answered with its own data", "RFC 6455 §5.5.3", "answer";
        control_frames::close_echo "close-echo", "a Close is answered with its own code", "RFC 6455 §5.5.1", "answer";
        control_frames::close_codes "close-codes", "a Close says nothing, or a code that may travel", "RFC 6455 §7.4", "close-code";
        control_frames::close_then_eof "close-then-eof", "after the closing handshake the server closes TCP", "RFC 6455 §7.1.1", "end-of-tcp";
        fragments::three_fragments "three-fragments", "a message may come in fragments", "RFC 6455 §5.4", "begin-frame";
        fragments::ping_in_the_middle "ping-in-the-middle", "a ping between fragments is answered at once", "RFC 6455 §5.4", "begin-frame";
        fragments::continuation_first "continuation-first-1002", "a continuation of nothing is 1002", "RFC 6455 §5.4", "admit-start";
        fragments::bounds "binary-1003", "what is no text is 1003, a message without end 1008", "RFC 6455 §7.4.1, §10.4", "admit-start";
        fragments::utf8_across "utf8-across-fragments", "a character may be cut between two fragments", "RFC 6455 §8.1", "push-utf8";
        fragments::bad_utf8 "bad-utf8-1007", "text that is not UTF-8 is 1007, as soon as that is certain", "RFC 6455 §8.1", "push-utf8";
        follow::second_client "second-client-hears", "what one posts, all hear", "the chat's protocol", "catch-up";
        follow::join_race "join-race-sweep", "who joins while others post misses nothing", "the chat's protocol", "take";
        follow::dead_peer "dead-peer-others-go-on", "a peer that is gone holds up nobody", "RFC 6455 §7.1.7", "broadcast";
        pressure::stops_reading "client-that-stops-reading", "a slow client reads on later, and nobody waits for it", "the chat's protocol", "broadcast";
        pressure::memory "memory-bounded", "clients that do not read cost no memory", "the chat's protocol", "broadcast";
        stuck::answer_first "answer-goes-first", "no batch lands inside an answer that waits for room", "RFC 6455 §5.2", "broadcast";
        pressure::missed_pong "missed-pong-dropped", "a silent peer is pinged, and dropped if it does not answer", "RFC 6455 §5.5.2", "sweep";
        stuck::stalled "stalled-dropped", "who takes nothing is dropped, however much they say", "the chat's protocol", "sweep";
        stuck::after_close "silent-after-close", "after a Close frame nothing is sent, no ping either", "RFC 6455 §5.5.1", "sweep";
    }
    Page {
        page::dot "dot", "the dot shows how the connection stands", "the chat's protocol", "socket-heard";
        posting::disabled "disabled-until-open", "nothing is sent before there is a connection", "WHATWG WebSockets §3", "socket-post";
        posting::answers "answer-by-nonce", "a draft's answer has its nonce", "the chat's protocol", "socket-heard";
        posting::late "answer-in-time", "a draft waits for its answer, and not for ever", "the chat's protocol", "socket-post";
        page::reconnects "reconnects", "whatever ends a connection, the page opens another", "the chat's protocol", "socket-events";
        page::no_loss "no-loss-over-reconnect", "over a new connection nothing is lost, and nothing twice", "the chat's protocol", "socket-url";
        page::protocol "follows-page-protocol", "host, port and security are the page's", "WHATWG WebSockets §3", "socket-url";
    }
}

/// An opening handshake with these fields beside the usual ones; one of the same name replaces it, `""` removes it.
pub(super) fn request(server: &Running, fields: &[(&str, &str)]) -> Vec<u8> {
    let host = format!("localhost:{}", server.address.port());
    let usual = [
        ("Host", &*host),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| fields.iter().all(|(other, _)| other != name));
    let lines = kept.chain(fields.iter().copied()).filter(|(_, value)| !value.is_empty());
    let lines: String = lines.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("GET /messages HTTP/1.1\r\n{lines}\r\n").into_bytes()
}

pub(super) fn connect(probe: &Probe, server: &Running) -> Result<Wire, Failure> {
    Wire::connect(server.address, probe.patience(), None)
}

/// The answer to a request on a connection of its own.
pub(super) fn ask(probe: &Probe, server: &Running, octets: &[u8], expected: &str) -> Result<Head, Failure> {
    let mut wire = connect(probe, server)?;
    wire.send(octets);
    wire.head().map_err(|ended| Failure::new(expected, ended.told()))
}

/// Opens a WebSocket; what follows the handshake is unread.
pub(super) fn open(probe: &Probe, server: &Running) -> Result<Wire, Failure> {
    opened(connect(probe, server)?, server)
}

pub(super) fn opened(mut wire: Wire, server: &Running) -> Result<Wire, Failure> {
    wire.send(&request(server, &[]));
    let fail =
        |got| Failure::new("101 Switching Protocols", got).did("We connected and asked for a WebSocket.");
    match wire.head() {
        Ok(head) if head.status == 101 => Ok(wire),
        Ok(head) => Err(fail(first_line(&head)).region("open")),
        Err(ended) => Err(fail(ended.told()).region("open")),
    }
}

pub(super) fn first_line(head: &Head) -> String {
    head.text.lines().next().unwrap_or_default().to_owned()
}

/// A Close frame of a client.
pub(super) fn masked_close(probe: &Probe, body: &[u8]) -> Vec<u8> {
    masked(CLOSE, body, probe.key())
}

/// A draft's JSON.
pub(super) fn draft(user: &str, text: &str, nonce: &str) -> String {
    serde_json::json!({ "user": user, "text": text, "nonce": nonce }).to_string()
}

/// A draft in one masked frame.
pub(super) fn said(probe: &Probe, text: &str, nonce: &str) -> Vec<u8> {
    masked(TEXT, draft("brian", text, nonce).as_bytes(), probe.key())
}

/// The next frame, which is one of this opcode.
pub(super) fn expect_frame(wire: &mut Wire, opcode: u8, what: &str) -> Result<Frame, Failure> {
    match wire.frame() {
        Ok(frame) if frame.opcode == opcode => Ok(frame),
        Ok(frame) => Err(Failure::new(what, frame.told()).came(&frame.octets)),
        Err(ended) => Err(unframed(wire, what, ended)),
    }
}

/// A failure where a frame was due and did not come whole.
pub(super) fn unframed(wire: &Wire, what: &str, ended: Ended) -> Failure {
    if wire.buffer.is_empty() {
        return Failure::new(what, ended.told());
    }
    let got = format!("{}, and then {}", hex(&wire.buffer), ended.told());
    Failure::new(what, got).came(&wire.buffer)
}

/// Opens a WebSocket and reads the batch that it begins with.
pub(super) fn joined(probe: &Probe, server: &Running) -> Result<Wire, Failure> {
    let mut wire = open(probe, server)?;
    expect_frame(&mut wire, 1, "the first batch, a text")
        .map_err(|failure| failure.region("encode-header"))?;
    Ok(wire)
}

/// Texts until a Close comes: its code.
pub(super) fn close_code(wire: &mut Wire, what: &str) -> Result<Option<u16>, Failure> {
    loop {
        match wire.frame() {
            Ok(frame) if frame.opcode == 8 => return Ok(frame.code()),
            Ok(frame) if frame.opcode == 1 => {}
            Ok(frame) => return Err(Failure::new(what, frame.told()).came(&frame.octets)),
            Err(ended) => return Err(unframed(wire, what, ended)),
        }
    }
}

/// Sends octets that break a rule, and expects a Close with this code.
pub(super) fn refused(
    probe: &Probe,
    server: &Running,
    octets: &[u8],
    code: u16,
    what: &str,
) -> Result<(), Failure> {
    refused_by(&mut joined(probe, server)?, octets, code, what)
}

/// Likewise, on a connection that is there.
pub(super) fn refused_by(wire: &mut Wire, octets: &[u8], code: u16, what: &str) -> Result<(), Failure> {
    wire.send(octets);
    let did = format!("We connected, upgraded, and sent {what}: {}.", hex(octets));
    let due = format!("a Close frame with {code}");
    match close_code(wire, &due) {
        Ok(Some(got)) if got == code => Ok(()),
        Ok(got) => {
            let got = got.map_or_else(|| "a Close without a code".to_owned(), |got| format!("Close {got}"));
            Err(Failure::new(due, got).did(did))
        }
        Err(failure) if failure.likely.is_some() => Err(failure.did(did)),
        Err(failure) => Err(failure.did(did).likely(
            "the rule is not judged, or its error is swallowed: it must be passed on with `?`, from where it is found to \
             where the Close is sent; `while let Ok(…)` and `unwrap_or_default` swallow it",
        )),
    }
}

/// The texts of the log whose nonces begin so, as who connects now gets them.
pub(super) fn retained(probe: &Probe, server: &Running, nonce: &str) -> Result<Vec<String>, Failure> {
    let mut wire = open(probe, server)?;
    let first = expect_frame(&mut wire, 1, "the first batch, a text")?;
    Ok(texts(&first.payload, nonce))
}

/// The texts of a batch whose nonces begin so.
pub(super) fn texts(batch: &[u8], nonce: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_slice(batch).unwrap_or_default();
    let messages = value.get("messages").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let ours = messages.iter().filter(|message| {
        message.get("nonce").and_then(serde_json::Value::as_str).is_some_and(|given| given.starts_with(nonce))
    });
    ours.filter_map(|message| Some(message.get("text")?.as_str()?.to_owned())).collect()
}

/// Waits until the log has these texts under nonces that begin so; `wire` is who posted them.
pub(super) fn in_log(
    probe: &Probe,
    server: &Running,
    wire: &mut Wire,
    nonce: &str,
    wanted: &[String],
) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let got = retained(probe, server, nonce)?;
        if got == wanted {
            return Ok(());
        }
        // The poster may be told why not.
        match wire.frame_within(std::time::Duration::from_millis(3)) {
            Ok(frame) if frame.opcode == 8 => {
                return Err(not_in_log(wanted, &got, &frame.told()).came(&frame.octets));
            }
            Ok(frame) if frame.opcode == 1 && frame.payload.starts_with(b"{\"type\"") => {
                let problem = String::from_utf8_lossy(&frame.payload).into_owned();
                return Err(not_in_log(wanted, &got, &format!("a problem: {problem}")));
            }
            Err(ended @ (Ended::Closed | Ended::Reset)) => {
                return Err(not_in_log(wanted, &got, &ended.told()));
            }
            _ if begun.elapsed() > probe.patience() => return Err(not_in_log(wanted, &got, "no answer")),
            _ => {}
        }
    }
}

pub(super) fn not_in_log(wanted: &[String], got: &[String], answer: &str) -> Failure {
    let short = |text: &String| {
        let begin: String = text.chars().take(24).collect();
        if begin.len() < text.len() {
            format!("{begin:?}… ({} bytes)", text.len())
        } else {
            format!("{begin:?}")
        }
    };
    let list = |texts: &[String]| texts.iter().map(short).collect::<Vec<_>>().join(", ");
    let got =
        if got.is_empty() { "it is not in the log".to_owned() } else { format!("the log has {}", list(got)) };
    Failure::new(
        format!("in the log, for who connects next: {}", list(wanted)),
        format!("{got}; the poster got {answer}"),
    )
}
