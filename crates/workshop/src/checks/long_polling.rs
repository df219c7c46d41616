//! Checks of the track long-polling, a file for each step, and what they share: asking with a wait.

mod hold;
mod leaving;
mod nothing_lost;
mod page;
mod time_limit;
mod wake;

use std::{iter, time::Duration};

use crate::{
    checks::{
        Check,
        http::{Batch, Client, batch, listed},
    },
    client::Ended,
    failure::Failure,
    probe::Probe,
    process::Running,
};

checks! {
    Server {
        hold::answers_if_behind "answers-if-behind", "who has nothing yet is answered at once", "RFC 6202 §2.1", "answer";
        hold::silent_until_post "silent-until-post", "who has all is answered when a message comes, not before", "RFC 6202 §2.1", "answer";
        wake::three_waiters "three-waiters", "a post answers all who wait", "the chat's protocol", "append";
        wake::many_waiters "500-waiters", "500 wait at no cost, and one post answers them", "the chat's protocol", "append";
        nothing_lost::between "post-between-requests", "what came between two requests comes with the second", "RFC 6202 §2.2", "wait";
        nothing_lost::join_race "join-race-sweep", "a post beside a request is never lost", "the chat's protocol", "wait";
        time_limit::no_content "204-after-wait", "after `wait` seconds without a message: 204", "RFC 9110 §15.3.5", "read-wait";
        time_limit::unchanged "cursor-unchanged", "after 204 the client goes on from the same cursor", "the chat's protocol", "time-limit";
        leaving::gauge "gauge-returns-to-zero", "who is gone is not waited for", "RFC 9112 §9.6", "leaving";
        leaving::stop "stop-answers-all", "a server that stops answers those who wait", "RFC 6202 §2.2", "leaving";
    }
    Page {
        page::at_once "re-asks-at-once", "the next request leaves with the answer", "RFC 6202 §2.1", "hold-loop";
        page::outwaits "outwaits-the-server", "the page waits longer than the server, and not for ever", "RFC 6202 §5.5", "hold-once";
        page::lost_answer "lost-answer-not-lost", "an answer that breaks off is asked for again", "the chat's protocol", "hold-loop";
        page::aborts "aborts-on-close", "a request that nobody waits for is let go", "WHATWG DOM §3.2", "hold-once";
    }
}

/// How long is looked whether an answer comes that must not: a slow server only makes it look less.
const LOOK: Duration = Duration::from_millis(120);

/// Likewise where another client was looked at for that long: what had to come has come.
const GLANCE: Duration = Duration::from_millis(1);

/// Asks for what is after this cursor, and does not read the answer.
fn ask(client: &mut Client, cursor: &str, wait: &str) {
    client.get(&format!("/messages?after={cursor}&wait={wait}"), &[]);
}

/// A client that waits for what is after this cursor.
fn waiting(probe: &Probe, server: &Running, cursor: &str) -> Result<Client, Failure> {
    let mut client = Client::new(probe, server)?;
    ask(&mut client, cursor, "50");
    Ok(client)
}

/// Fails if one of them is answered while there is nothing to say.
fn silent<'a>(clients: impl IntoIterator<Item = &'a mut Client>, did: &str) -> Result<(), Failure> {
    let due = "silence, until there is a message after the cursor";
    // While the first one waited, all did.
    let looks = iter::once(LOOK).chain(iter::repeat(GLANCE));
    for (client, look) in clients.into_iter().zip(looks) {
        match client.wire.read_until(look, |octets| (!octets.is_empty()).then_some(((), 0))) {
            Err(Ended::Silent(_)) => {}
            Err(ended) => return Err(Failure::new(due, ended.told()).did(did)),
            Ok(()) => {
                let got = client.answer(due)?.told();
                let failure = Failure::new(due, got).did(did);
                return Err(failure.likely("that is polling: with nothing new the answer is held"));
            }
        }
    }
    Ok(())
}

/// The answer to a request that was held: exactly these messages.
fn told(client: &mut Client, wanted: &[u64], did: &str, cause: &str) -> Result<Batch, Failure> {
    let due = format!("200, and a batch with {}", listed(wanted));
    let answer = client.answer(&due).map_err(|failure| {
        let failure = failure.did(did);
        if failure.got.starts_with("nothing came") { failure.likely(cause) } else { failure }
    })?;
    let batch = batch(&answer).map_err(|failure| failure.did(did))?;
    if batch.ids() == wanted {
        return Ok(batch);
    }
    let got = format!("200, and a batch with {}", listed(&batch.ids()));
    let cause = if batch.messages.is_empty() {
        "an empty batch tells nothing: who was woken looks again, and goes on waiting"
    } else {
        "a batch has what is after the client's cursor, each message once"
    };
    Err(Failure::new(due, got).did(did).likely(cause))
}
