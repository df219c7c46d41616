//! The load: a process of its own that connects an audience, posts when posts are due, and says what came of it.
//!
//! One thread. It reads its [`Plan`] from standard input, a line of JSON, and writes [`Report`] the same way.
//!
//! - [`arrivals`]: when posts are due
//! - [`ledger`]: what became of each
//! - [`marker`]: the messages' numbers, found in whatever surrounds them
//! - `connect`, `http1`, `http2`, `websocket`, `engine_io`: the clients
//! - `poster`, `audience`: who posts and who follows; `stage` brings them together
//! - `steady`, `slow`, `faults`: what each question asks of them

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::record::{Parameters, Question, Run};

pub mod arrivals;
mod audience;
mod connect;
mod engine_io;
mod faults;
mod http1;
mod http2;
pub mod ledger;
pub mod marker;
mod poster;
mod program;
mod slow;
mod stage;
mod steady;
mod websocket;

pub use audience::WAIT_S;
pub use program::run;

/// Handshakes of the audience under way at a time.
pub const OPENING_AT_A_TIME: usize = 64;

/// What a load is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// What is asked.
    pub question: Question,
    /// With which parameters.
    pub parameters: Parameters,
    /// Where to connect: the server, or the relays before it, among which the audience is shared out.
    pub addresses: Vec<SocketAddr>,
    /// The relays' processes.
    pub relays: Vec<u32>,
    /// The server's own port.
    pub server_port: u16,
    /// The server's process.
    pub pid: u32,
    /// The seed of the arrivals, equal for all subjects of a repetition.
    pub seed: u32,
    /// Clients that are timed to their first message, one after another.
    pub openings: u32,
    /// The limits by which the load judges itself.
    pub limits: Limits,
}

/// When a load says of itself that it is too slow.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// The 99th percentile of its lag (µs).
    pub lag_us: u64,
    /// The part of a core that it takes (0 to 1).
    pub cpu: f64,
}

/// What a load says on standard output, a line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// The fault is to begin, or to end; it goes on when a line comes on standard input.
    Fault(Fault),
    /// All is measured.
    Done(Box<Report>),
}

/// What is to be done to the server, or to what lies before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Reset all connections.
    Cut,
    /// Let nothing pass.
    BeginBlackhole,
    /// Let everything pass again.
    EndBlackhole,
    /// Kill the server.
    Kill,
    /// Start it again on the same port.
    Start,
}

/// What a load measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// The figures; what only the comparison knows (repetition, order) is left at zero.
    pub run: Run,
    /// What went wrong, as sentences; anything fails the run.
    pub wrong: Vec<String>,
}
