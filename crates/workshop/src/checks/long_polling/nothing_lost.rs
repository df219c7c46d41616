//! Step 3: nothing is lost between two requests.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{ask, silent, told, waiting};
use crate::{
    checks::http::{Client, draft, drafts, listed},
    failure::Failure,
    probe::{Outcome, Probe},
};

/// Posts beside a request, each at another moment.
const MOMENTS: u64 = 200;

/// Messages that a log retains.
const RETAINED: usize = 256;

const NOT_LOOKED: &str = "the message came before the request: look where the cursor stands before you wait";

/// Posts between two requests of one client; then a cursor that is no longer, or not at all, in the log.
pub(super) fn between(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = Client::new(probe, server)?;
        let mut poster = Client::new(probe, server)?;
        let first = client.follow(None)?.cursor;
        let (mut cursor, mut next) = (first.clone(), 1);
        for posts in [1, 3, 2] {
            poster.posted_all(&drafts(&probe.word(6), posts))?;
            let did = format!("Between two requests of a client {posts} messages were posted.");
            ask(&mut client, &cursor, "50");
            let wanted: Vec<_> = (next..).take(posts).collect();
            cursor = told(&mut client, &wanted, &did, NOT_LOOKED)?.cursor;
            next += posts as u64;
        }
        let mut waiter = waiting(probe, server, &cursor)?;
        silent([&mut waiter], "A client asked after the newest cursor.")?;
        poster.posted_all(&drafts(&probe.word(6), RETAINED))?;
        let oldest = next - 1;
        for (cursor, missed, reset) in [(&*first, Some(oldest), false), ("another-7", None, true)] {
            let did = format!("256 messages more were posted. We asked after {cursor}.");
            let batch = client.follow(Some(cursor)).map_err(|failure| failure.did(did.clone()))?;
            if (batch.missed, batch.reset) != (missed, reset) {
                let due = missed.map_or("\"reset\":true".to_owned(), |told| format!("\"missed\":{told}"));
                let got = format!("missed {:?}, reset {}, ids {}", batch.missed, batch.reset, listed(&batch.ids()));
                return Err(Failure::new(due, got).did(did).likely(
                    "a cursor that is no longer in the log is no place to wait at: tell what was missed, or the reset",
                ));
            }
        }
        Ok(())
    })
}

/// A request and a post at a sweep of moments: 0 to 600 microseconds between them, in either order.
pub(super) fn join_race(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut poster = Client::new(probe, server)?;
        let mut clients = [Client::new(probe, server)?, Client::new(probe, server)?];
        let mut cursor = poster.follow(None)?.cursor;
        for id in 1..=MOMENTS {
            let offset = Duration::from_micros((id * 37) % 600);
            let post = draft("dana", &probe.word(8), &format!("n{id}"));
            let is_first = id % 4 == 0;
            if is_first {
                poster.post(post.as_bytes());
                spin(offset);
            }
            clients.iter_mut().for_each(|client| ask(client, &cursor, "50"));
            if !is_first {
                spin(offset);
                poster.post(post.as_bytes());
            }
            poster.answer("201 Created")?;
            let did = format!(
                "Two clients asked, and a message was posted {} µs {} them: moment {id} of {MOMENTS}.",
                offset.as_micros(),
                if is_first { "before" } else { "behind" },
            );
            let lost = "it was lost: it came behind the look at the log and before the waiting began; \
                        begin to wait, then look, or do both under one lock";
            for client in &mut clients {
                cursor = told(client, &[id], &did, lost)?.cursor;
            }
        }
        Ok(())
    })
}

fn spin(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        thread::yield_now();
    }
}
