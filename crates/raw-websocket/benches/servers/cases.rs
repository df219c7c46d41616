//! What is measured, and of whom.

use std::time::Duration;

use serde::Serialize;

use crate::{Outcome, child::Server, fanout, fanout::FanOut, handshakes, idle, node};

/// A server under measurement.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// What `serve` calls it.
    pub(crate) program: &'static str,
    /// Its clients offer permessage-deflate.
    pub(crate) deflates: bool,
    /// It has a program that says each message back, of any size.
    echoes: bool,
}

const FLOOR: &str = "floor";
const GATHERED: &str = "floor, gathered";

/// All of them, the order in which they are first measured.
pub(crate) const PEERS: [Peer; 8] = [
    Peer { name: FLOOR, program: "floor", deflates: false, echoes: true },
    Peer { name: GATHERED, program: "floor-gathered", deflates: false, echoes: false },
    Peer { name: "raw-websocket", program: "raw-websocket", deflates: false, echoes: true },
    Peer { name: "raw-websocket, deflate", program: "raw-websocket", deflates: true, echoes: false },
    Peer { name: "tungstenite-websocket", program: "tungstenite-websocket", deflates: false, echoes: false },
    Peer { name: "tokio-tungstenite", program: "tokio-tungstenite", deflates: false, echoes: true },
    Peer { name: "fastwebsockets", program: "fastwebsockets", deflates: false, echoes: true },
    Peer { name: "ws", program: node::PROGRAM, deflates: false, echoes: true },
];

/// How a server is loaded.
#[derive(Clone, Copy)]
enum Load {
    /// Each message to all, by the chat.
    Chat(FanOut),
    /// The same by a program that says each message back: the chat's messages have 32 KiB at most.
    Echo(FanOut),
    Idle,
    Handshakes,
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    load: Load,
    /// Whom the others are compared with.
    pub(crate) base: &'static str,
}

const fn fan_out(clients: usize, posters: usize, window: u64) -> Load {
    Load::Chat(FanOut { clients, posters, window, size: 64 })
}

const LONG: FanOut = FanOut { clients: 1, posters: 1, window: 4, size: 65_000 };

pub(crate) const CASES: [Case; 9] = [
    Case { name: "100 clients", load: fan_out(100, 1, 1), base: FLOOR },
    Case { name: "1,000 clients", load: fan_out(1_000, 1, 1), base: FLOOR },
    Case { name: "bursts of 16", load: fan_out(1_000, 1, 16), base: GATHERED },
    Case { name: "16 posters", load: fan_out(1_000, 16, 16), base: GATHERED },
    Case { name: "echo 64 B", load: fan_out(1, 1, 1), base: FLOOR },
    Case { name: "echo 64 B, 32 deep", load: fan_out(1, 1, 32), base: FLOOR },
    Case { name: "echo 65,000 B, 4 deep", load: Load::Echo(LONG), base: FLOOR },
    Case { name: "handshake", load: Load::Handshakes, base: FLOOR },
    // Last: thousands of ports that have just been closed make the next connections dearer.
    Case { name: "idle", load: Load::Idle, base: FLOOR },
];

/// How long and how much.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) time: Duration,
    pub(crate) idle_connections: usize,
}

/// What one measurement gave.
#[derive(Serialize)]
pub(crate) struct Measured {
    /// Server CPU in microseconds a delivery or a handshake; octets a connection, after traffic.
    pub(crate) figure: f64,
    pub(crate) other_cpu_percent: f64,
    pub(crate) details: serde_json::Value,
}

impl Case {
    pub(crate) fn measures(&self, peer: &Peer) -> bool {
        let bursts = self.base == GATHERED;
        match peer.name {
            FLOOR if bursts => false,
            GATHERED => bursts,
            _ => peer.echoes || !matches!(self.load, Load::Echo(_)),
        }
    }

    /// About how many seconds a measurement takes.
    pub(crate) fn seconds(&self, extent: Extent) -> f64 {
        match self.load {
            Load::Idle => 6.0 + extent.idle_connections as f64 / 3_000.0,
            _ => 0.8 + 1.25 * extent.time.as_secs_f64(),
        }
    }

    /// Measures a server that is started for this.
    pub(crate) fn measure(&self, peer: &Peer, extent: Extent, pins: crate::Pins) -> Outcome<Measured> {
        pins.pin_server()?;
        let server = Server::start(peer, matches!(self.load, Load::Echo(_)))?;
        pins.pin_load()?;
        match self.load {
            Load::Chat(load) | Load::Echo(load) => {
                let measured = fanout::measure(&server, load, extent.time)?;
                Measured::new(measured.cpu_us_a_delivery, measured.spent.other_cpu_percent, &measured)
            }
            Load::Idle => {
                let measured = idle::measure(&server, extent.idle_connections)?;
                Measured::new(measured.bytes_after_traffic, measured.spent.other_cpu_percent, &measured)
            }
            Load::Handshakes => {
                let measured = handshakes::measure(&server, extent.time)?;
                Measured::new(measured.cpu_us_a_handshake, measured.spent.other_cpu_percent, &measured)
            }
        }
    }
}

impl Measured {
    fn new(figure: f64, other_cpu_percent: f64, details: &impl Serialize) -> Outcome<Self> {
        Ok(Self { figure, other_cpu_percent, details: serde_json::to_value(details)? })
    }
}
