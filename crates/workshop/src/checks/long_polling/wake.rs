//! Step 2: one post wakes all.

use std::{
    hint,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::{silent, told, waiting};
use crate::{
    checks::http::{Client, draft},
    failure::Failure,
    probe::{Outcome, Probe},
    process::{Running, own_busy},
};

/// Rounds in which three wait. One in which all three do is enough to see who is not woken.
const ROUNDS: u64 = 5;

/// A crowd.
const MANY: usize = 500;

/// While we compute for so long, in hundredths of a second of the processor, a crowd that waits must cost nothing: as
/// much as we are given a server that is busy would be given too, however busy the machine is.
const OURS: u64 = 15;

/// So much is nothing.
const MAX_BUSY: u64 = 3;

const ONE_WOKEN: &str = "one of those who wait was woken, and the others sleep on: a post wakes them all";

/// Three wait, and each gets the message.
pub(super) fn three_waiters(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut poster = Client::new(probe, server)?;
        let mut cursor = poster.follow(None)?.cursor;
        for id in 1..=ROUNDS {
            let mut waiters =
                (0..3).map(|_| waiting(probe, server, &cursor)).collect::<Result<Vec<_>, _>>()?;
            let did = "Three clients waited after the same cursor.";
            silent(&mut waiters, did)?;
            poster.posted(&draft("dana", &probe.word(8), &format!("n{id}")))?;
            for (number, waiter) in (1..).zip(&mut waiters) {
                let did = format!("{did} A message was posted; this is client {number} of three.");
                cursor = told(waiter, &[id], &did, ONE_WOKEN)?.cursor;
            }
        }
        Ok(())
    })
}

/// Raises the limit of open files as far as it goes: a crowd has a socket each.
fn allow_crowd() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// 500 wait: the server is quiet, answers others, and one post answers all.
pub(super) fn many_waiters(probe: &Probe) -> Outcome {
    // A crowd at a time: the machine has other checks to run.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    allow_crowd();
    probe.serve(&[], &[], |server| {
        let did = format!("{MANY} clients waited after the same cursor.");
        let mut poster = Client::new(probe, server)?;
        let cursor = poster.follow(None)?.cursor;
        let mut waiters =
            (0..MANY).map(|_| waiting(probe, server, &cursor)).collect::<Result<Vec<_>, _>>()?;
        quiet(probe, server).map_err(|failure| failure.did(did.clone()))?;
        poster.follow(None).map_err(|failure| {
            failure.did(did.clone()).likely("who waits must not keep a thread, or a lock, from others")
        })?;
        poster.posted(&draft("dana", &probe.word(8), "n1"))?;
        for (number, waiter) in (1..).zip(&mut waiters) {
            let did = format!("{did} A message was posted; this is client {number} of {MANY}.");
            told(waiter, &[1], &did, ONE_WOKEN)?;
        }
        Ok(())
    })
}

/// Waits until the server has nothing to do; one that looks again and again always has.
fn quiet(probe: &Probe, server: &Running) -> Outcome {
    let begun = Instant::now();
    loop {
        let (Some(before), Some(ours)) = (server.busy(), own_busy()) else { return Ok(()) };
        while own_busy().is_some_and(|now| now < ours + OURS) {
            hint::spin_loop();
        }
        let used = server.busy().unwrap_or(before) - before;
        if used <= MAX_BUSY {
            return Ok(());
        }
        if begun.elapsed() > probe.patience() * 2 {
            let got = format!("{} ms of the processor, while we had {} ms", used * 10, OURS * 10);
            let failure = Failure::new("a server that sleeps while nobody posts", got);
            return Err(failure.likely(
                "it looks again and again whether there is news (a sleep loop): let the post wake who waits",
            ));
        }
    }
}
