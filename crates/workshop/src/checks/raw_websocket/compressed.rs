//! Steps 3 and 5: permessage-deflate (RFC 7692), as far as a frame's first octet goes. A server need not agree on it.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::{connect, draft, expect_frame, first_line, in_log, joined, refused_by, request, said, unframed};
use crate::{
    client::{Wire, masked},
    failure::Failure,
    probe::{Outcome, Probe},
    process::Running,
};

const EXTENSION: &str = "permessage-deflate";

/// Each of the server's messages is compressed by itself (RFC 7692 §7.1.1.1).
const OFFER: &str = "permessage-deflate; server_no_context_takeover";

/// A text in one frame, with RSV1: compressed.
const COMPRESSED: u8 = 0xc1;

/// The end of a flushed block, which is left out (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The most that a batch is inflated to.
const MAX_BATCH: usize = 64 * 1024;

/// A draft's most octets.
const MAX_DRAFT: usize = 32 * 1024;

/// So many drafts of [`MAX_DRAFT`] octets, compressed, are 40 KB: two reads and a half.
const DRAFTS: usize = 500;

/// What a server may take more for them: some drafts, not all of a read.
const MAX_GROWTH: u64 = 4 << 20;

/// The payload of a compressed message, RFC 7692 §7.2.1.
fn deflated(message: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(message.len() + 64);
    // It fails for want of room alone.
    let _ = Compress::new(Compression::best(), false).compress_vec(message, &mut octets, FlushCompress::Sync);
    octets.truncate(octets.len().saturating_sub(TAIL.len()));
    octets
}

/// The JSON that a payload is, compressed; nothing if it is none.
fn inflated(payload: &[u8]) -> Option<serde_json::Value> {
    let mut octets = Vec::with_capacity(MAX_BATCH);
    let payload = [payload, &TAIL].concat();
    Decompress::new(false).decompress_vec(&payload, &mut octets, FlushDecompress::Sync).ok()?;
    serde_json::from_slice(&octets).ok()
}

/// Opens a WebSocket and offers permessage-deflate; nothing if the server does not agree on it.
fn agreed(probe: &Probe, server: &Running) -> Result<Option<Wire>, Failure> {
    let mut wire = connect(probe, server)?;
    wire.send(&request(server, &[("Sec-WebSocket-Extensions", OFFER)]));
    let did = "We sent an opening handshake that offers permessage-deflate.";
    let head = wire.head().map_err(|ended| Failure::new("101", ended.told()).did(did))?;
    if head.status != 101 {
        return Err(Failure::new("101", first_line(&head)).did(did).region("open"));
    }
    let agrees = head.field("sec-websocket-extensions").is_some_and(|value| value.starts_with(EXTENSION));
    Ok(agrees.then_some(wire))
}

/// The same, and the first batch is read.
fn agreed_and_joined(probe: &Probe, server: &Running) -> Result<Option<Wire>, Failure> {
    let Some(mut wire) = agreed(probe, server)? else {
        // What does not go without it has no frames either.
        return joined(probe, server).map(|_| None);
    };
    expect_frame(&mut wire, 1, "the first batch, a text")?;
    Ok(Some(wire))
}

/// A first batch that is worth compressing.
pub(in crate::checks) fn marked(probe: &Probe) -> Outcome {
    let drafts = [(); 3].map(|()| draft("brian", &probe.word(10).repeat(20), &probe.word(8)));
    probe.serve(&drafts, &[], |server| {
        let Some(mut wire) = agreed(probe, server)? else { return joined(probe, server).map(|_| ()) };
        let did = "We offered permessage-deflate, your server agreed, and we read the first batch.";
        let due = "a text, c1 (with RSV1) where it is compressed, 81 where it is not";
        let frame = wire.frame().map_err(|ended| unframed(&wire, due, ended).did(did))?;
        let is_plain = serde_json::from_slice::<serde_json::Value>(&frame.payload).is_ok();
        let is_compressed = inflated(&frame.payload).is_some();
        match frame.octets.first() {
            Some(&super::TEXT) if is_plain => Ok(()),
            Some(&COMPRESSED) if is_compressed => Ok(()),
            Some(&first) => {
                let got = format!("{first:02x}, and a payload that is {}", kind(is_plain, is_compressed));
                let failure = Failure::new(due, got).came(&frame.octets).did(did);
                Err(failure.likely(
                    "RSV1 says that a message is compressed (RFC 7692 §6): `self.rsv1` belongs in the first octet, beside FIN",
                ))
            }
            None => Err(Failure::new(due, frame.told()).did(did)),
        }
    })
}

fn kind(is_plain: bool, is_compressed: bool) -> &'static str {
    match (is_plain, is_compressed) {
        (true, _) => "JSON as it is",
        (_, true) => "compressed JSON",
        _ => "neither JSON nor compressed JSON",
    }
}

/// A compressed draft; then RSV1 where it has no meaning, though permessage-deflate was agreed on.
pub(in crate::checks) fn misplaced(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let Some(mut wire) = agreed_and_joined(probe, server)? else { return Ok(()) };
        let did = "We agreed on permessage-deflate with your server, and posted a draft that is compressed: RSV1 is set.";
        let (text, nonce) = (probe.word(60), probe.word(8));
        wire.send(&masked(COMPRESSED, &deflated(draft("brian", &text, &nonce).as_bytes()), probe.key()));
        in_log(probe, server, &mut wire, &nonce, &[text]).map_err(|failure| {
            failure.did(did).likely(
                "`parse_start` tells of RSV1 in `rsv1`, and gives it a meaning where `deflate` is true; or `open` agrees on \
                 permessage-deflate and does not tell the connection: `deflate` of `Opened` is what `accepted.deflate` has",
            )
        })?;
        let key = probe.key();
        let begun = masked(0x01, b"{", key);
        for (octets, what) in [
            (masked(0xc9, b"hi", key), "a ping with RSV1, after both sides had agreed on permessage-deflate"),
            (masked(0xc8, b"", key), "a Close with RSV1, after both sides had agreed on permessage-deflate"),
            (
                [begun, masked(0xc0, b"}", key)].concat(),
                "a text in two frames, the second with RSV1, after both sides had agreed on permessage-deflate",
            ),
        ] {
            let Some(mut wire) = agreed_and_joined(probe, server)? else { return Ok(()) };
            refused_by(&mut wire, &octets, 1002, what).map_err(|failure| {
                failure.likely("RSV1 is the first frame's of a message: neither a control frame nor a continuation has it")
            })?;
        }
        Ok(())
    })
}

/// Many long drafts in few octets, as only compression makes them: the most memory that the server takes for them.
pub(in crate::checks) fn heard(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let Some(mut wire) = agreed_and_joined(probe, server)? else { return Ok(()) };
        let (text, nonce) = (probe.word(10), probe.word(8));
        wire.send(&said(probe, &text, &nonce));
        in_log(probe, server, &mut wire, &nonce, &[text])?;
        // Each is in the log already: its answer is short, and for this client alone.
        let repeat = format!("{:MAX_DRAFT$}", draft("brian", "again", &nonce));
        let frame = masked(COMPRESSED, &deflated(repeat.as_bytes()), probe.key());
        let did = format!(
            "We sent {DRAFTS} drafts of {MAX_DRAFT} bytes, compressed to {} bytes each, in one write.",
            frame.len()
        );
        answers(&mut wire, &frame, 1).map_err(|failure| failure.did(did.clone()))?;
        let before = server.peak_memory();
        answers(&mut wire, &frame, DRAFTS).map_err(|failure| failure.did(did.clone()))?;
        let (Some(before), Some(after)) = (before, server.peak_memory()) else { return Ok(()) };
        let grown = after.saturating_sub(before);
        if grown <= MAX_GROWTH {
            return Ok(());
        }
        let due = format!("at most {} MiB more memory than for one of them", MAX_GROWTH >> 20);
        let failure = Failure::new(due, format!("{} KiB more", grown >> 10));
        Err(failure.did(did).likely(
            "all drafts of a read are taken out at once, and compressed, 16 KiB have hundreds: from HEARD_BYTES on the rest \
             waits, as it came, in `self.unheard`",
        ))
    })
}

/// Sends a frame so many times, and reads as many answers.
fn answers(wire: &mut Wire, frame: &[u8], count: usize) -> Outcome {
    wire.send(&frame.repeat(count));
    let mut left = count;
    while left > 0 {
        let due = format!("an answer to each draft, the first message; {left} of {count} are due");
        let frame = expect_frame(wire, 1, &due)?;
        let value = match frame.octets.first() {
            Some(&COMPRESSED) => inflated(&frame.payload),
            _ => serde_json::from_slice(&frame.payload).ok(),
        };
        let Some(value) = value else { return Err(Failure::new(due, frame.told()).came(&frame.octets)) };
        // Its first draft comes as a batch, too, which has a cursor.
        left -= usize::from(value.get("messages").is_some() && value.get("cursor").is_none());
    }
    Ok(())
}
