//! Each message to all clients, and one client that hears itself.

use std::time::{Duration, Instant};

use raw_websocket::frame::Opcode;
use serde::Serialize;

use crate::{
    Outcome,
    child::Server,
    machine::{Spent, Window},
    swarm::{Heard, Swarm},
    track::{Account, Latency, STALLED, Track},
};

/// Who posts how much to how many.
#[derive(Clone, Copy)]
pub(crate) struct FanOut {
    /// Clients that get every message.
    pub(crate) clients: usize,
    /// How many of them post.
    pub(crate) posters: usize,
    /// Messages under way at a time: the next are posted when all clients have had all of these.
    pub(crate) window: u64,
    /// Octets of a message's text.
    pub(crate) size: usize,
}

#[derive(Serialize)]
pub(crate) struct FannedOut {
    pub(crate) cpu_us_a_delivery: f64,
    deliveries_a_second: f64,
    #[serde(flatten)]
    account: Account,
    #[serde(flatten)]
    latency: Latency,
    #[serde(flatten)]
    pub(crate) spent: Spent,
}

/// Opens the clients, posts for a quarter of the time to warm up, and then for the time.
///
/// # Errors
/// A delivery was lost, came twice or out of order; the server closed a client or stopped delivering.
pub(crate) fn measure(server: &Server, load: FanOut, time: Duration) -> Outcome<FannedOut> {
    let mut swarm = Swarm::new(server.address, server.deflates)?;
    swarm.open_all(load.clients)?;
    swarm.settle(Duration::from_millis(200))?;
    post(&mut swarm, Track::new(1, load.clients, load.posters), load, time / 4)?.account().check()?;
    swarm.settle(Duration::from_millis(100))?;
    let window = Window::open(server.pid())?;
    let began = Instant::now();
    let mut track = post(&mut swarm, Track::new(2, load.clients, load.posters), load, time)?;
    let spent = window.close()?;
    let account = track.account();
    account.check()?;
    let deliveries = account.deliveries as f64;
    Ok(FannedOut {
        cpu_us_a_delivery: spent.server_cpu_seconds * 1e6 / deliveries,
        deliveries_a_second: deliveries / (track.last - began).as_secs_f64(),
        account,
        latency: Latency::of(&mut track.latencies),
        spent,
    })
}

/// Posts for the time, and waits for what is under way then.
fn post(swarm: &mut Swarm, mut track: Track, load: FanOut, time: Duration) -> Outcome<Track> {
    let began = Instant::now();
    loop {
        if track.missing() == 0 && began.elapsed() >= time {
            return Ok(track);
        }
        // One client hears itself: what comes back makes room at once.
        let under_way =
            if load.clients == 1 { track.missing() } else { track.missing().min(1) * load.window };
        if began.elapsed() < time && under_way < load.window {
            for _ in under_way..load.window {
                let (seq, draft) = track.post(Instant::now(), load.size);
                swarm.say(seq % load.posters, Opcode::Text, draft.as_bytes());
            }
            (0..load.posters).try_for_each(|poster| swarm.flush(poster))?;
        }
        let mut closed = 0;
        swarm.turn(Duration::from_millis(20), &mut |client, heard| match heard {
            Heard::Text(text) => track.got(client, text, Instant::now()),
            Heard::Close | Heard::Gone => closed += 1,
            Heard::Opened => {}
        })?;
        if closed > 0 {
            return Err(format!("the server closed {closed} clients").into());
        }
        if track.missing() > 0 && track.last.elapsed() > STALLED {
            return Err(format!("{} deliveries do not come", track.missing()).into());
        }
    }
}
