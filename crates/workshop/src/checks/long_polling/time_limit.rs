//! Step 4: the client's wait.

use std::time::{Duration, Instant};

use super::{ask, told};
use crate::{
    checks::http::{Client, draft},
    failure::Failure,
    probe::{Outcome, Probe},
};

const NO_CONTENT: &str = "204 No Content, without content";

/// Asks with a wait, and expects 204 after it.
fn waited(client: &mut Client, cursor: &str, seconds: u64) -> Outcome {
    let did = format!("We asked after the newest cursor with `wait={seconds}`, and nobody posted.");
    let limit = Duration::from_secs(seconds);
    let begun = Instant::now();
    let patience = client.wire.patience;
    client.wire.patience = patience + limit;
    ask(client, cursor, &seconds.to_string());
    let answer = client.answer(NO_CONTENT);
    client.wire.patience = patience;
    let answer = answer.map_err(|failure| {
        let failure = failure.did(did.clone());
        if failure.got.starts_with("nothing came") {
            failure
                .likely("the request is held for good: a proxy would end it, and the client never know why")
        } else {
            failure
        }
    })?;
    let took = begun.elapsed();
    let fail = |due: &str, got: String, cause: &str| {
        Err(Failure::new(due, got).did(did.clone()).likely(cause.to_owned()))
    };
    if answer.head.status != 204 || !answer.content.is_empty() {
        return fail(
            NO_CONTENT,
            answer.told(),
            "nothing came: 204 says so in one line, and the client asks again",
        );
    }
    if answer.head.field("content-length").is_some() {
        return fail(
            "no `content-length`",
            "one".into(),
            "204 has no content and no length of it (RFC 9110 §8.6)",
        );
    }
    if took < limit.mul_f32(0.9) {
        let got = format!("204 after {} ms", took.as_millis());
        return fail(&format!("204 after {seconds} s"), got, "`wait` is in seconds");
    }
    Ok(())
}

/// Waits of 0 and 1 s; what is no wait.
pub(super) fn no_content(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = Client::new(probe, server)?;
        let cursor = client.follow(None)?.cursor;
        [0, 1].into_iter().try_for_each(|seconds| waited(&mut client, &cursor, seconds))?;
        for wait in ["51", "-1", "1.5", "soon", "", "%2B1", "1&wait=1"] {
            let did = format!("We asked with `wait={wait}`.");
            let due = "400: `wait` is a whole number of seconds from 0 to 50, once";
            let mut client = Client::new(probe, server)?;
            ask(&mut client, &cursor, wait);
            let answer = client.answer(due).map_err(|failure| {
                failure
                    .did(did.clone())
                    .likely("it was taken, and is waited for: who asks for what is not given must be told")
            })?;
            if answer.head.status != 400 {
                return Err(Failure::new(due, answer.told()).did(did));
            }
        }
        Ok(())
    })
}

/// What comes after a 204, asked for without waiting.
pub(super) fn unchanged(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = Client::new(probe, server)?;
        let mut poster = Client::new(probe, server)?;
        let mut cursor = client.follow(None)?.cursor;
        for id in 1..=20 {
            waited(&mut client, &cursor, 0)?;
            poster.posted(&draft("dana", &probe.word(8), &format!("n{id}")))?;
            let did = "A client got 204; a message was posted; it asked after the same cursor with `wait=0`.";
            ask(&mut client, &cursor, "0");
            let due = format!("200, and message {id}");
            let answer = client.answer(&due)?;
            if answer.head.status == 204 {
                return Err(Failure::new(due, answer.told()).did(did).likely(
                    "a wait that is over at once goes before what is there already: look first, then at the clock",
                ));
            }
            ask(&mut client, &cursor, "0");
            cursor = told(&mut client, &[id], did, "the message is there")?.cursor;
        }
        Ok(())
    })
}
