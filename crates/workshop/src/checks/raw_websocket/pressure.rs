//! Step 10: back-pressure and keep-alive.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{TEXT, follow::unless_silent, joined, opened};
use crate::{
    client::{Ended, Wire, masked},
    failure::Failure,
    probe::{Outcome, PATIENT, Probe},
    process::Running,
};

/// Characters of four octets in each text: a message is 8 KB.
const WIDE: usize = 2_000;

/// So many of them, 4 MB, are more than all buffers between server and client hold.
const MESSAGES: usize = 500;

/// So many fill the log: it grows no more.
const FILLING: usize = 300;

/// Clients that never read.
const STUCK: usize = 20;

/// What the server may take more for them: a batch for each, not a queue of all messages.
const MAX_GROWTH: u64 = 16 << 20;

/// So many messages a log retains.
const RETAINED: u64 = 256;

/// So long a client is silent, on a machine that is not slow, before it is pinged.
pub(super) const SILENCE: Duration = Duration::from_millis(125);

/// Pings that a client who answers hears. One whose answers do not count is dropped in place of the second.
pub(super) const PINGS: usize = 2;

/// Receive buffer of a client that is to be slow.
const SMALL: usize = 4 * 1024;

pub(super) fn slow(probe: &Probe, server: &Running) -> Result<Wire, Failure> {
    opened(Wire::connect(server.address, probe.patience(), Some(SMALL))?, server)
}

/// Posts so many long texts, while the poster hears what was posted before.
fn flood(probe: &Probe, poster: &mut Wire, messages: usize, did: &str) -> Outcome {
    let user = &*probe.word(6);
    let draft = serde_json::json!({ "user": user, "text": "\u{1f600}".repeat(WIDE) }).to_string();
    let frame = masked(TEXT, draft.as_bytes(), probe.key());
    let mut heard = 0;
    for sent in 1..=messages {
        poster.send(&frame);
        while heard + 16 < sent {
            heard += count(poster, user).map_err(|failure| failure.did(did))?;
        }
    }
    while heard < messages {
        heard += count(poster, user).map_err(|failure| failure.did(did))?;
    }
    Ok(())
}

/// Messages of this user in the next batch.
fn count(wire: &mut Wire, user: &str) -> Result<usize, Failure> {
    let due = "the poster hears its own drafts, while another client does not read";
    let likely = "a client that does not read holds up all others: what its socket does not take must not be waited for";
    match wire.frame() {
        Ok(frame) if frame.opcode == 1 => {
            let needle = format!("\"user\":\"{user}\"");
            Ok(frame.payload.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count())
        }
        Ok(frame) if frame.opcode == 9 => Ok(0),
        Ok(frame) => Err(Failure::new(due, frame.told()).came(&frame.octets).likely(likely)),
        Err(ended) => Err(Failure::new(due, ended.told()).likely(likely)),
    }
}

/// One client does not read while 4 MB are posted; then it reads: frames that are whole, ids that go up, and
/// `missed` where some are no longer retained.
pub(in crate::checks) fn stops_reading(probe: &Probe) -> Outcome {
    probe.serve(&[], PATIENT, |server| {
        let did = "One client did not read while another posted 500 drafts of 8 KB; then it read on.";
        let mut stuck = slow(probe, server)?;
        let mut poster = joined(probe, server)?;
        flood(probe, &mut poster, MESSAGES, did)?;
        reads_on(&mut stuck, 1, MESSAGES as u64).map_err(|failure| failure.did(did))
    })
}

/// Reads on from message `next` to message `last`.
fn reads_on(stuck: &mut Wire, mut next: u64, last: u64) -> Outcome {
    let due = "a client that did not read for a while gets the rest, in whole frames";
    stuck.widen();
    while next <= last {
        let frame = stuck.frame().map_err(|ended| {
            let got = format!("{} before message {last}, at {next}", ended.told());
            Failure::new(due, got).likely(match ended {
                Ended::Silent(_) => {
                    "nobody goes on for it: its conversation must follow the log from where the hub left it"
                }
                _ => {
                    "a socket that does not take a whole frame at once is not broken: the rest waits for room"
                }
            })
        })?;
        if frame.opcode == 9 {
            continue;
        }
        next = judge(&frame.payload, next).map_err(|got| {
            Failure::new(due, got).likely(
                "the rest of a frame that was begun must come before the next one, and the cursor behind what was sent",
            )
        })?;
    }
    Ok(())
}

/// The id that must come after this batch, when `next` must come in it.
fn judge(payload: &[u8], next: u64) -> Result<u64, String> {
    let begin = String::from_utf8_lossy(payload.get(..24).unwrap_or(payload)).into_owned();
    let batch: serde_json::Value =
        serde_json::from_slice(payload).map_err(|_| format!("a frame that is no JSON: {begin:?}…"))?;
    let missed = batch.get("missed").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let messages = batch.get("messages").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let mut due = next + missed;
    for message in messages {
        let id = message.get("id").and_then(serde_json::Value::as_u64).unwrap_or_default();
        if id != due {
            return Err(format!("message {id} where {due} is due, and `missed` does not tell of it"));
        }
        due += 1;
    }
    Ok(due)
}

/// Memory of the process before and after, with clients that never read.
pub(in crate::checks) fn memory(probe: &Probe) -> Outcome {
    probe.serve(&[], PATIENT, |server| {
        let did = "Twenty clients did not read while another posted 500 drafts of 8 KB; then one read on.";
        let mut poster = joined(probe, server)?;
        // What the log itself keeps is there before.
        flood(probe, &mut poster, FILLING, did)?;
        let mut stuck = (0..STUCK).map(|_| slow(probe, server)).collect::<Result<Vec<_>, _>>()?;
        let before = server.memory();
        flood(probe, &mut poster, MESSAGES, did)?;
        let after = server.memory();
        if let Some(stuck) = stuck.first_mut() {
            let first = FILLING as u64 - RETAINED + 1;
            reads_on(stuck, first, (FILLING + MESSAGES) as u64).map_err(|failure| failure.did(did))?;
        }
        let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
        let grown = after.saturating_sub(before);
        if grown <= MAX_GROWTH {
            return Ok(());
        }
        let due = format!("at most {} MiB more memory than before", MAX_GROWTH >> 20);
        let got = format!("{} MiB more", grown >> 20);
        Err(Failure::new(due, got).did(did).likely(
            "a queue for each client that does not read: keep where it is in the log, not what it lacks",
        ))
    })
}

/// One that answers its pings, one that does not, one that is not silent.
pub(in crate::checks) fn missed_pong(probe: &Probe) -> Outcome {
    let silence = probe.stretched(SILENCE);
    let milliseconds = silence.as_millis().to_string();
    let did =
        format!("We started your server with PING_MS={milliseconds}, connected twice, and were silent.");
    probe.serve(&[], &[("PING_MS", &milliseconds)], |server| {
        let mut answers = joined(probe, server)?;
        let mut silent = joined(probe, server)?;
        let mut pings = 0;
        let mut dropped = None;
        let mut seen = BTreeSet::new();
        let begun = Instant::now();
        while begun.elapsed() < silence * 6 && (pings < PINGS || dropped.is_none()) {
            match answers.frame_within(silence / 8) {
                Ok(frame) if frame.opcode == 9 => {
                    pings += 1;
                    answers.send(&masked(0x8a, &frame.payload, probe.key()));
                }
                Ok(frame) => {
                    seen.insert(frame.told());
                }
                Err(ended) => {
                    if let Some(ended) = unless_silent(ended) {
                        let due = "a client that answers each ping stays connected";
                        let failure =
                            Failure::new(due, format!("{} after {pings} pings", ended.told())).did(did);
                        return Err(
                            failure.likely("any octets from the peer are a sign of life, a pong above all")
                        );
                    }
                }
            }
            match silent.frame_within(silence / 8) {
                Err(ended) if unless_silent(ended).is_some() => dropped = dropped.or(Some(begun.elapsed())),
                _ => {}
            }
        }
        if pings == 0 {
            let failure = Failure::new("a ping after that silence", "no ping came").did(did);
            return Err(failure.likely("nobody looks at how long a peer has been silent"));
        }
        if dropped.is_none() {
            let got = format!("still connected after {} ms", begun.elapsed().as_millis());
            let failure =
                Failure::new("a client that answers no ping is dropped after as long again", got).did(did);
            return Err(failure
                .likely("a peer whose cable was cut looks connected for hours: only a missing pong tells"));
        }
        Ok(())
    })
}
