//! Opening and closing handshakes, over and over.

use std::time::{Duration, Instant};

use raw_websocket::{close::CloseCode, frame::Opcode};
use serde::Serialize;

use crate::{
    Outcome,
    child::Server,
    machine::{Spent, Window},
    swarm::{Heard, Swarm},
};

/// Connections at a time.
const AT_A_TIME: usize = 32;

#[derive(Serialize)]
pub(crate) struct Opened {
    pub(crate) cpu_us_a_handshake: f64,
    handshakes: u64,
    /// Connections that ended without a Close from the server.
    without_close: u64,
    #[serde(flatten)]
    pub(crate) spent: Spent,
}

/// Opens connections and closes each with a closing handshake, for a quarter of the time to warm up and then for the
/// time.
///
/// # Errors
/// A connection does not get on, or all of them end before they are open.
pub(crate) fn measure(server: &Server, time: Duration) -> Outcome<Opened> {
    let mut swarm = Swarm::new(server.address, server.deflates)?;
    for _ in 0..AT_A_TIME {
        swarm.add()?;
    }
    open_and_close(&mut swarm, time / 4)?;
    let window = Window::open(server.pid())?;
    let (handshakes, without_close) = open_and_close(&mut swarm, time)?;
    let spent = window.close()?;
    let cpu_us_a_handshake = spent.server_cpu_seconds * 1e6 / handshakes as f64;
    Ok(Opened { cpu_us_a_handshake, handshakes, without_close, spent })
}

/// Gives how many connections had both handshakes, and how many of these ended without a Close.
fn open_and_close(swarm: &mut Swarm, time: Duration) -> Outcome<(u64, u64)> {
    let (began, mut progress) = (Instant::now(), Instant::now());
    let (mut closed, mut without_close) = (0, 0);
    let (mut opened, mut over) = (Vec::new(), Vec::new());
    while began.elapsed() < time {
        swarm.turn(Duration::from_millis(20), &mut |client, heard| match heard {
            Heard::Opened => opened.push(client),
            Heard::Close => over.push((client, true)),
            Heard::Gone => over.push((client, false)),
            Heard::Text(_) => {}
        })?;
        for client in opened.drain(..) {
            swarm.say(client, Opcode::Close, &CloseCode::NORMAL_CLOSURE.get().to_be_bytes());
            swarm.flush(client)?;
        }
        for (client, with_close) in over.drain(..) {
            closed += 1;
            without_close += u64::from(!with_close);
            swarm.hang_up(client);
            swarm.connect(client, "/messages")?;
            progress = Instant::now();
        }
        if progress.elapsed() > Duration::from_secs(5) {
            return Err("no handshake got to its end for 5 s".into());
        }
    }
    Ok((closed, without_close))
}
