//! Step 1: an answer that is held.

use super::{silent, told, waiting};
use crate::{
    checks::http::{Client, draft, drafts, listed},
    failure::Failure,
    probe::{Outcome, Probe},
};

const NOT_WOKEN: &str = "whoever waits must be woken by the post: nobody looks again";

/// Without a cursor: the history, and no waiting.
pub(super) fn answers_if_behind(probe: &Probe) -> Outcome {
    let word = probe.word(6);
    for messages in [3_usize, 0] {
        let did = format!("We started your server with {messages} messages, and sent GET /messages.");
        let held =
            "a client without a cursor knows nothing: it is answered at once, even with an empty batch";
        probe.serve(&drafts(&word, messages), &[], |server| {
            let batch = Client::new(probe, server)?.follow(None).map_err(|failure| {
                if failure.got.starts_with("nothing came") { failure.likely(held) } else { failure }
            })?;
            let wanted: Vec<_> = (1..=messages as u64).collect();
            if batch.ids() == wanted {
                return Ok(());
            }
            let got = format!("messages {}", listed(&batch.ids()));
            Err(Failure::new(format!("messages {}", listed(&wanted)), got).did(did))
        })?;
    }
    Ok(())
}

/// With the newest cursor: nothing, and then the message.
pub(super) fn silent_until_post(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut poster = Client::new(probe, server)?;
        let mut cursor = poster.follow(None)?.cursor;
        for id in 1..=3 {
            let did = format!("We asked after the newest cursor, {cursor}, and waited.");
            let mut waiter = waiting(probe, server, &cursor)?;
            silent([&mut waiter], &did)?;
            poster.posted(&draft("dana", &probe.word(8), &format!("n{id}")))?;
            let did = format!("{did} Then a message was posted.");
            cursor = told(&mut waiter, &[id], &did, NOT_WOKEN)?.cursor;
        }
        Ok(())
    })
}
