//! Memory of connections that do nothing.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use raw_websocket::frame::Opcode;
use serde::Serialize;

use crate::{
    Outcome,
    child::Server,
    machine::{Spent, Window, resident},
    swarm::{Heard, Swarm},
    track::{Account, STALLED, Track},
};

/// Messages that all get, after which memory is read again.
const MESSAGES: u64 = 3;

/// How long the server may take to give memory back when all have gone.
const AFTER: Duration = Duration::from_secs(2);

#[derive(Serialize)]
pub(crate) struct Idle {
    connections: usize,
    /// The server's memory before, in octets.
    resident_before: u64,
    /// Octets of the process a connection: when all are open,
    bytes_open: f64,
    /// after traffic,
    pub(crate) bytes_after_traffic: f64,
    /// and when all have gone.
    bytes_when_gone: f64,
    cpu_us_to_open: f64,
    #[serde(flatten)]
    account: Account,
    #[serde(flatten)]
    pub(crate) spent: Spent,
}

/// Opens so many connections, leaves them idle for a second, posts a few messages to all, and ends them.
///
/// # Errors
/// As of [`fanout::measure`](crate::fanout::measure).
pub(crate) fn measure(server: &Server, connections: usize) -> Outcome<Idle> {
    let mut swarm = Swarm::new(server.address, server.deflates)?;
    // What the first client makes the server allocate once is not a connection's.
    swarm.open_all(1)?;
    swarm.settle(Duration::from_millis(200))?;
    let before = resident(server.pid())?;
    let per_connection = |resident: u64| (resident as f64 - before as f64) / connections as f64;
    let window = Window::open(server.pid())?;
    swarm.open_all(connections)?;
    let spent = window.close()?;
    swarm.settle(Duration::from_secs(1))?;
    let open = resident(server.pid())?;

    let mut track = Track::new(1, connections + 1, 1);
    for _ in 0..MESSAGES {
        let (_, draft) = track.post(Instant::now(), 64);
        swarm.say(0, Opcode::Text, draft.as_bytes());
        swarm.flush(0)?;
        let posted = Instant::now();
        while track.missing() > 0 && posted.elapsed() < STALLED {
            swarm.turn(Duration::from_millis(20), &mut |client, heard| {
                if let Heard::Text(text) = heard {
                    track.got(client, text, Instant::now());
                }
            })?;
        }
    }
    track.account().check()?;
    swarm.settle(Duration::from_millis(500))?;
    let after_traffic = resident(server.pid())?;
    swarm.hang_up_all();
    sleep(AFTER);
    Ok(Idle {
        connections,
        resident_before: before,
        bytes_open: per_connection(open),
        bytes_after_traffic: per_connection(after_traffic),
        bytes_when_gone: per_connection(resident(server.pid())?),
        cpu_us_to_open: spent.server_cpu_seconds * 1e6 / connections as f64,
        account: track.account(),
        spent,
    })
}
