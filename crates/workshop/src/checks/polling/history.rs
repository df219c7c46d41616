//! Step 1: history as a batch.

use crate::{
    checks::http::{Client, batch, drafts, listed},
    failure::Failure,
    http1::Answer,
    probe::{Outcome, Probe},
};

/// Messages that the log begins with.
const MESSAGES: usize = 5;

/// The answer to `GET /messages` on a log of five.
fn history(probe: &Probe, word: &str) -> Result<Answer, Failure> {
    probe.serve(&drafts(word, MESSAGES), &[], |server| {
        Client::new(probe, server)?.asked("/messages", &[], "200 OK, and a batch")
    })
}

fn did() -> String {
    format!("We started your server with {MESSAGES} messages in its log, and sent GET /messages.")
}

/// An object with messages and a cursor, as JSON.
pub(super) fn json(probe: &Probe) -> Outcome {
    let word = probe.word(6);
    let told = |failure: Failure| failure.did(did());
    let answer = history(probe, &word).map_err(told)?;
    let got = batch(&answer).map_err(told)?;
    let media = answer.head.field("content-type").unwrap_or_default();
    if media.split(';').next().map(str::trim) != Some("application/json") {
        let failure = Failure::new("content-type: application/json", format!("content-type: {media}"));
        return Err(told(failure).region("answer").likely("without it a client may not take it for JSON"));
    }
    let count = got.messages.len();
    if count != MESSAGES {
        let failure = Failure::new(format!("{MESSAGES} messages"), format!("{count} messages"));
        return Err(told(failure).likely("a batch has all that is retained, each message once"));
    }
    Ok(())
}

/// Ids and texts in the order of the log.
pub(super) fn oldest_first(probe: &Probe) -> Outcome {
    let word = probe.word(6);
    let told = |failure: Failure| failure.did(did());
    let got = history(probe, &word).and_then(|answer| batch(&answer)).map_err(told)?;
    let ids = got.ids();
    let wanted: Vec<_> = (1..=MESSAGES as u64).collect();
    let texts: Vec<_> = wanted.iter().map(|number| format!("{word}-{number}")).collect();
    if ids == wanted && got.texts() == texts {
        return Ok(());
    }
    let failure = Failure::new(
        format!("ids {}, texts {}", listed(&wanted), listed(&texts)),
        format!("ids {}, texts {}", listed(&ids), listed(&got.texts())),
    );
    let is_reversed = ids.iter().rev().eq(&wanted);
    Err(told(failure).likely(if is_reversed {
        "the newest comes first: a client appends what it gets, so the oldest must"
    } else {
        "messages are counted from 1, and stand in a batch as they stand in the log"
    }))
}

/// `cache-control: no-store`, and no other leave to keep it.
pub(super) fn not_cached(probe: &Probe) -> Outcome {
    let answer = history(probe, &probe.word(6)).map_err(|failure| failure.did(did()))?;
    if answer.head.status == 200 && answer.head.lists("cache-control", "no-store") {
        return Ok(());
    }
    let got = answer.head.field("cache-control").unwrap_or_else(|| "no such field".to_owned());
    let failure = Failure::new("cache-control: no-store", format!("{}, cache-control: {got}", answer.line()));
    Err(failure.did(did()).likely(
        "a browser or proxy that keeps the answer gives it again, and the chat seems to stand still; \
         the server puts no-store where a handler says nothing",
    ))
}
