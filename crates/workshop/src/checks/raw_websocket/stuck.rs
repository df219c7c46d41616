//! Step 10: a client that takes nothing. It has answers of its own to fill all buffers with: those to a draft whose
//! nonce is repeated have the 8 KB of the first message, and go to nobody else.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    expect_frame,
    follow::hears,
    in_log, joined, masked_close, open,
    pressure::{PINGS, SILENCE, slow},
    said, texts, unframed,
};
use crate::{
    client::{Frame, Wire, masked},
    failure::Failure,
    probe::{Outcome, PATIENT, Probe},
    process::Running,
    trace,
};

/// Characters of four octets in the long text.
const WIDE: usize = 2_000;

/// So many answers, 4 MB, are more than all buffers between server and client hold.
const ANSWERS: usize = 500;

/// So many answers a client reads, to see how fast they are given.
const READ: usize = 100;

/// Octets that the client takes before somebody posts: there is room for a batch, and not so much that a server that
/// waits for room is told of it, which is a third of its send buffer.
const TAKEN: [usize; 2] = [100_000, 300_000];

/// So long a client that takes nothing is tried, much longer than it should be. It must be less than 20 s: after that a
/// ping would tell.
const TRIED: Duration = Duration::from_secs(10);

/// Between two drafts of that client, which are signs of life.
const SIGN: Duration = Duration::from_millis(20);

/// Why nothing comes, where a socket that takes nothing is left to its conversation.
const LOCKED: &str = "somebody waits for themselves: `leave` takes the lock of `output`, so drop your guard before; or nobody \
                      goes on for a client that was left where it is";

/// Who talks to a server without end.
struct Talker {
    /// A draft that the log has already.
    repeat: Vec<u8>,
    /// So long the server has enough to do with [`ANSWERS`] answers.
    busy: Duration,
}

impl Talker {
    /// Posts the long text, and looks how fast the answers to its repetition come.
    fn new(probe: &Probe, server: &Running) -> Result<Self, Failure> {
        let mut wire = joined(probe, server)?;
        let nonce = probe.word(8);
        let text = "\u{1f600}".repeat(WIDE);
        wire.send(&said(probe, &text, &nonce));
        in_log(probe, server, &mut wire, &nonce, &[text])?;
        let repeat = said(probe, "again", &nonce);
        let begun = Instant::now();
        wire.send(&repeat.repeat(READ));
        reads(&mut wire, READ, None).map_err(|failure| {
            failure.did(format!("We posted a draft, and {READ} times another one with its nonce."))
        })?;
        let busy = begun.elapsed() * u32::try_from(ANSWERS / READ + 1).unwrap_or(1);
        Ok(Self { repeat, busy })
    }

    /// Connects, with room for little.
    fn joins(probe: &Probe, server: &Running) -> Result<Wire, Failure> {
        let mut wire = slow(probe, server)?;
        expect_frame(&mut wire, 1, "the first batch, a text")?;
        Ok(wire)
    }
}

/// Reads so many answers, and a batch with this text.
fn reads(wire: &mut Wire, answers: usize, text: Option<&str>) -> Outcome {
    let due = "whole frames, each behind the end of the one before";
    let torn = "a batch was sent while `output` held the rest of an answer: where it is not empty, nothing is sent, and \
                the conversation goes on from before this batch";
    let (mut left, mut awaits) = (answers, text.is_some());
    while left > 0 || awaits {
        let frame = wire.frame().map_err(|ended| {
            let got = format!("{}, where {left} answers and {} are due", ended.told(), batches(awaits));
            Failure::new(due, got)
                .likely("what the socket does not take waits, and goes out when there is room")
        })?;
        if frame.opcode == 9 {
            continue;
        }
        let value = serde_json::from_slice::<serde_json::Value>(&frame.payload).ok();
        let Some(value) = value.filter(|_| frame.opcode == 1) else {
            let got = format!("{}, which is no JSON", frame.told());
            return Err(Failure::new(due, got).likely(torn));
        };
        if value.get("cursor").is_none() {
            left = left.saturating_sub(1);
        } else if text.is_some_and(|text| texts(&frame.payload, "").iter().any(|heard| heard == text)) {
            awaits = false;
        }
    }
    Ok(())
}

fn batches(awaits: bool) -> &'static str {
    if awaits { "a batch" } else { "no batch" }
}

/// Answers fill all buffers, the client takes a little, and another one posts: the batch may not land inside an answer.
pub(in crate::checks) fn answer_first(probe: &Probe) -> Outcome {
    probe.serve(&[], PATIENT, |server| {
        let talker = Talker::new(probe, server)?;
        let mut poster = joined(probe, server)?;
        for taken in TAKEN {
            let did = format!(
                "One client had {ANSWERS} answers of 8 KB to come and took {taken} bytes of them; then another one posted."
            );
            let mut wire = Talker::joins(probe, server)?;
            wire.send(&talker.repeat.repeat(ANSWERS));
            thread::sleep(talker.busy);
            let taking = wire.read_until(probe.patience(), |octets| (octets.len() >= taken).then_some(((), 0)));
            taking.map_err(|ended| Failure::new("answers to repeated drafts", ended.told()).did(did.clone()))?;
            let (text, nonce) = (probe.word(10), probe.word(8));
            poster.send(&said(probe, &text, &nonce));
            hears(&mut poster, &nonce, &text, "the poster")
                .map_err(|failure| failure.did(did.clone()).likely(LOCKED))?;
            wire.widen();
            reads(&mut wire, ANSWERS, Some(&text)).map_err(|failure| {
                let is_silent = failure.got.starts_with("nothing came");
                let failure = failure.did(did);
                if is_silent { failure.likely(LOCKED) } else { failure }
            })?;
        }
        Ok(())
    })
}

/// One that talks and takes nothing: it is no silent peer, and yet nobody is there.
pub(in crate::checks) fn stalled(probe: &Probe) -> Outcome {
    let limit = probe.stretched(Duration::from_millis(300)).as_millis().to_string();
    probe.serve(&[], &[("STALLED_MS", &limit)], |server| {
        let talker = Talker::new(probe, server)?;
        let mut wire = Talker::joins(probe, server)?;
        wire.send(&talker.repeat.repeat(ANSWERS));
        let begun = Instant::now();
        while begun.elapsed() < TRIED {
            // What was not taken has nowhere to go: the connection is reset.
            if wire.try_send(&talker.repeat).is_err() {
                trace::note("your program has reset the connection of the one that took nothing");
                return Ok(());
            }
            thread::sleep(SIGN);
        }
        let due = "a client that takes nothing for that long is dropped";
        let failure = Failure::new(due, format!("still connected after {} s", begun.elapsed().as_secs()));
        let did = format!(
            "We started your server with STALLED_MS={limit}; a client had {ANSWERS} answers of 8 KB to come, sent on, and \
             took none of them."
        );
        Err(failure.did(did).likely(
            "`sweep` looks at pings alone: what waits for longer than `limits.stalled` waits for nobody, `output.stalled(now)` \
             says for how long it does",
        ))
    })
}

/// Reads on and answers pings, until a frame is the one.
fn listens(probe: &Probe, wire: &mut Wire, due: &str, mut is_done: impl FnMut(&Frame) -> bool) -> Outcome {
    loop {
        let frame = wire.frame().map_err(|ended| unframed(wire, due, ended))?;
        if frame.opcode == 9 {
            wire.send(&masked(0x8a, &frame.payload, probe.key()));
        }
        if is_done(&frame) {
            return Ok(());
        }
    }
}

/// One closes while much waits for it, and is silent: its Close is answered behind all that, and nothing comes after it.
pub(in crate::checks) fn after_close(probe: &Probe) -> Outcome {
    let silence = probe.stretched(SILENCE).as_millis().to_string();
    probe.serve(&[], &[("PING_MS", &silence), ("LINGER_MS", "30000")], |server| {
        let did = format!(
            "We started your server with PING_MS={silence}. A client posted {ANSWERS} drafts of 8 KB, read none of the batches, \
             closed, and was silent for longer than that; then it read on."
        );
        let mut closing = Talker::joins(probe, server)?;
        let draft = serde_json::json!({ "user": "brian", "text": "\u{1f600}".repeat(WIDE) }).to_string();
        let some = masked(super::TEXT, draft.as_bytes(), probe.key()).repeat(ANSWERS / 20);
        (0..20).for_each(|_| closing.send(&some));
        let (last, nonce) = (probe.word(10), probe.word(8));
        closing.send(&[said(probe, &last, &nonce), masked_close(probe, &1000_u16.to_be_bytes())].concat());
        // Another one sees that all this was heard, and that the silence was long enough.
        let mut other = open(probe, server)?;
        let heard = |frame: &Frame| frame.opcode == 1 && texts(&frame.payload, &nonce).contains(&last);
        let due = "the last of these drafts, for another client";
        listens(probe, &mut other, due, heard).map_err(|failure| failure.did(did.clone()))?;
        // Until the one that closed would have had one too.
        for _ in 0..PINGS {
            let due = "a ping for another client that is silent";
            listens(probe, &mut other, due, |frame| frame.opcode == 9).map_err(|failure| {
                failure.did(did.clone()).likely("nobody looks at how long a peer has been silent")
            })?;
        }
        closing.widen();
        let due = "the batches that waited, and behind them a Close frame";
        loop {
            match closing.frame() {
                Ok(frame) if frame.opcode == 8 => break,
                Ok(_) => {}
                Err(ended) => {
                    return Err(unframed(&closing, due, ended).did(did).region("end-of-tcp"));
                }
            }
        }
        match closing.frame() {
            Ok(frame) => {
                let failure = Failure::new("nothing behind the Close frame", frame.told());
                Err(failure.came(&frame.octets).did(did).likely(
                    "`sweep` pings a connection whose Close was sent: there `output.batches` is `Batches::Nobody`",
                ))
            }
            Err(_) => Ok(()),
        }
    })
}
