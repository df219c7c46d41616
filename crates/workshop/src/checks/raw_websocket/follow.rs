//! Step 9: follow the log.

use std::{
    hint, thread,
    time::{Duration, Instant},
};

use super::{connect, expect_frame, joined, open, request, said, texts};
use crate::{
    client::{Ended, Wire},
    failure::Failure,
    probe::{Outcome, Probe},
};

/// So many clients join while so many messages are posted.
const JOINS: usize = 240;

const ONE_FOR_ALL: &str = "an error of one peer's socket ends what serves them all";

/// Reads batches until one has `text`; gives all texts on the way whose nonces begin so.
pub(super) fn hears(wire: &mut Wire, nonce: &str, text: &str, who: &str) -> Result<Vec<String>, Failure> {
    let mut heard = Vec::new();
    let until = Instant::now() + wire.patience;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let due = format!("a batch with {text:?}, for {who}");
        match wire.frame_within(left) {
            Ok(frame) if frame.opcode == 1 => {
                heard.extend(texts(&frame.payload, nonce));
                if heard.iter().any(|heard| heard == text) {
                    return Ok(heard);
                }
            }
            Ok(frame) if frame.opcode == 9 => {}
            Ok(frame) => return Err(Failure::new(due, frame.told()).came(&frame.octets)),
            Err(ended) => {
                let count = heard.len();
                return Err(Failure::new(
                    due,
                    format!("{who} did not hear it: {} (after {count} others)", ended.told()),
                ));
            }
        }
    }
}

/// Two clients, and two posts.
pub(in crate::checks) fn second_client(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut poster = joined(probe, server)?;
        let mut other = joined(probe, server)?;
        let nonce = probe.word(6);
        for number in 1..=3 {
            let text = probe.word(10);
            let did = format!("Two clients connected and one posted {text:?}, its draft number {number}.");
            poster.send(&said(probe, &text, &format!("{nonce}-{number}")));
            hears(&mut other, &nonce, &text, "the second client")
                .map_err(|failure| failure.did(did.clone()))?;
            hears(&mut poster, &nonce, &text, "the poster itself").map_err(|failure| failure.did(did))?;
        }
        Ok(())
    })
}

/// Joins at a sweep of moments around posts: everybody gets every message, once, in order.
pub(in crate::checks) fn join_race(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut poster = joined(probe, server)?;
        let nonce = probe.word(6);
        let mut joiners = Vec::new();
        for number in 0..JOINS {
            let mut joiner = connect(probe, server)?;
            let octets = said(probe, &format!("{number}"), &format!("{nonce}-{number}"));
            joiner.send(&request(server, &[]));
            // 0 to 600 microseconds after the request, in steps, then from the start.
            spin(Duration::from_micros((number as u64 * 37) % 600));
            poster.send(&octets);
            joiners.push(joiner);
            if number % 16 == 15 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let last = format!("{}", JOINS - 1);
        let wanted: Vec<_> = (0..JOINS).map(|number| number.to_string()).collect();
        let did = format!("{JOINS} clients joined while a draft was posted beside each of them.");
        for (number, mut joiner) in joiners.into_iter().enumerate() {
            let who = format!("the client that joined {} th", number + 1);
            joiner.head().map_err(|ended| Failure::new("101", ended.told()).did(did.clone()))?;
            let heard =
                hears(&mut joiner, &nonce, &last, &who).map_err(|failure| failure.did(did.clone()))?;
            if heard != wanted {
                return Err(gap(&heard, &wanted, &who).did(did));
            }
        }
        Ok(())
    })
}

fn gap(heard: &[String], wanted: &[String], who: &str) -> Failure {
    let lost = wanted.iter().find(|text| !heard.contains(text));
    let due = format!("all {} messages, in order, each once", wanted.len());
    match lost {
        Some(text) => Failure::new(due, format!("{who} never got message {text}")).likely(
            "between the last look at the log and the hand-over a message came: subscribe first, or compare cursors",
        ),
        None => Failure::new(due, format!("{who} got {} messages, some twice or out of order", heard.len()))
            .likely("a message was sent both by the conversation and by the hub: the cursor must move with it"),
    }
}

/// Waits for less than a system can sleep. It does not yield: where others compute, that costs a whole time slice.
fn spin(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        hint::spin_loop();
    }
}

/// Peers that reset, vanish within a frame, or break a rule, while others talk.
pub(in crate::checks) fn dead_peer(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "Of five clients one reset its connection, one closed it within a frame, one broke a rule; then one posted.";
        let mut poster = joined(probe, server)?;
        let mut other = joined(probe, server)?;
        let nonce = probe.word(6);
        // All three have caught up: they hear the first draft.
        let mut peers = [joined(probe, server)?, joined(probe, server)?, joined(probe, server)?];
        let text = probe.word(10);
        poster.send(&said(probe, &text, &format!("{nonce}-0")));
        for peer in &mut peers {
            hears(peer, &nonce, &text, "a peer").map_err(|failure| failure.did(did))?;
        }
        let [resetting, mut cut, mut wrong] = peers;
        resetting.reset();
        cut.send(&said(probe, &text, &nonce).into_iter().take(9).collect::<Vec<_>>());
        drop(cut);
        wrong.send(&[0x81, 0x02, b'h', b'i']);
        for number in 1..=20 {
            let text = probe.word(10);
            poster.send(&said(probe, &text, &format!("{nonce}-{number}")));
            hears(&mut other, &nonce, &text, "another client").map_err(|failure| {
                let failure = failure.did(did);
                if failure.likely.is_some() { failure } else { failure.likely(ONE_FOR_ALL) }
            })?;
        }
        // At the very moment of a draft, too: who writes to them may be the first to notice.
        for number in 21..=80 {
            let gone = joined(probe, server)?;
            let text = probe.word(10);
            let frame = said(probe, &text, &format!("{nonce}-{number}"));
            gone.reset();
            poster.send(&frame);
            hears(&mut other, &nonce, &text, "another client").map_err(|failure| {
                let failure = failure.did(did);
                if failure.likely.is_some() { failure } else { failure.likely(ONE_FOR_ALL) }
            })?;
        }
        // A new one, too.
        let mut late = open(probe, server)?;
        expect_frame(&mut late, 1, "the first batch, for who comes after that").map(|_| ())
    })
}

/// What ended, where something else was due.
pub(super) fn unless_silent(ended: Ended) -> Option<Ended> {
    (!matches!(ended, Ended::Silent(_))).then_some(ended)
}
