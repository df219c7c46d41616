//! Step 5: clients that are gone, and a server that goes.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{silent, waiting};
use crate::{
    checks::http::Client,
    client::Ended,
    failure::Failure,
    probe::{Outcome, Probe},
    process::Running,
};

/// Clients that leave in each way.
const LEAVING: usize = 20;

/// How often is looked whether the server noticed.
const LOOK: Duration = Duration::from_millis(10);

/// Clients that close their sending side, that close, that reset; then the server's sockets are as many as before.
pub(super) fn gauge(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let cursor = Client::new(probe, server)?.follow(None)?.cursor;
        let before = settled(probe, server, usize::MAX);
        let mut waiters =
            (0..3 * LEAVING).map(|_| waiting(probe, server, &cursor)).collect::<Result<Vec<_>, _>>()?;
        if let Some(last) = waiters.last_mut() {
            silent([last], "60 clients waited.")?;
        }
        let mut asked = waiters.split_off(2 * LEAVING);
        let closed = waiters.split_off(LEAVING);
        drop(closed);
        waiters.into_iter().for_each(|waiter| waiter.wire.reset());
        let did = "60 clients waited with `wait=50`; 20 reset their connections, 20 closed them, 20 closed the side that they send on.";
        for client in &mut asked {
            client.wire.shut();
            match client.wire.answer().map(|answer| answer.head.status) {
                Ok(204) | Err(Ended::Closed | Ended::Reset) => {}
                Ok(status) => return Err(Failure::new("204, or the end of TCP", status.to_string()).did(did)),
                Err(ended) => {
                    let due = "204, or the end of TCP, when the client has closed the side that it sends on";
                    return Err(Failure::new(due, ended.told()).did(did).likely(
                        "it will not ask again, and may be gone: each such client stays for its whole wait",
                    ));
                }
            }
        }
        drop(asked);
        let (Some(before), Some(after)) = (before, settled(probe, server, before.unwrap_or_default())) else {
            return Ok(());
        };
        if after <= before {
            return Ok(());
        }
        let due = format!("{before} open sockets, as before");
        Err(Failure::new(due, format!("{after} open sockets")).did(did).likely("those who are gone are waited for"))
    })
}

/// The server's open sockets, when they are as few as this, or do not become fewer in time.
fn settled(probe: &Probe, server: &Running, few: usize) -> Option<usize> {
    let begun = Instant::now();
    loop {
        let open = server.sockets()?;
        // A connection of ours may be closed a moment before the server's side of it is.
        if (open <= few && few != usize::MAX) || begun.elapsed() > probe.patience() {
            return Some(open);
        }
        if few == usize::MAX && begun.elapsed() > LOOK * 10 {
            return Some(open);
        }
        thread::sleep(LOOK);
    }
}

/// SIGTERM while some wait.
pub(super) fn stop(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "Three clients waited with `wait=50`, and your server was told to stop (SIGTERM).";
        let cursor = Client::new(probe, server)?.follow(None)?.cursor;
        let mut waiters = (0..3).map(|_| waiting(probe, server, &cursor)).collect::<Result<Vec<_>, _>>()?;
        silent(&mut waiters, did)?;
        server.stop();
        for waiter in &mut waiters {
            let due = "204: there is nothing to say, and nobody to say it later";
            let answer = waiter.answer(due).map_err(|failure| {
                failure.did(did).likely(
                    "a request that is cut off looks like an error to the client; one that is answered does not",
                )
            })?;
            if answer.head.status != 204 {
                return Err(Failure::new(due, answer.told()).did(did));
            }
        }
        Ok(())
    })
}
