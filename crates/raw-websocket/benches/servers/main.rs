//! What a server costs, beside others: fan-out, bursts, echo, idle memory, handshakes. Linux only: it reads /proc.
//!
//! ```text
//! cargo bench -p raw-websocket --bench servers -- --rounds 8
//! cargo bench -p raw-websocket --bench servers -- --quick --cases "100 clients;handshake" --servers "floor;ws"
//! cargo bench -p raw-websocket --bench servers -- stalled
//! ```
//!
//! Each measurement has a fresh server, a process of its own. Servers are interleaved, and their order turns from
//! round to round; a ratio is taken within a round, and the median is over rounds, so that the machine's drift drops
//! out. Server and load share one core unless `--pin` says otherwise: on two, a send works on memory that the other
//! core has just had, and costs twice as much. Every message is accounted for: a measurement in which one is lost,
//! comes twice or out of order has failed, and the program with it.
//!
//! - `options`, `rounds`, `record`: the run, and what it leaves: a Markdown table, and target/bench/servers.json
//! - `cases`: what is measured, and of whom
//! - `fanout`, `idle`, `handshakes`: the measurements; `track`: the account of messages; `machine`: /proc
//! - `swarm`, `opening`, `ready`: the clients
//! - `child`, `node`: the server's process; `peers`: the servers
//! - `stalled`: clients that stop reading among 1,000; `slow`: what such a client must be told
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark reports to who runs it")]
#![allow(clippy::indexing_slicing, reason = "a benchmark may end with a panic")]

mod cases;
mod child;
mod fanout;
mod handshakes;
mod idle;
mod machine;
mod node;
mod opening;
mod options;
mod peers;
mod ready;
mod record;
mod rounds;
mod slow;
mod stalled;
mod swarm;
mod track;

use std::{error::Error, process::ExitCode};

use clap::Parser as _;

pub(crate) use options::Pins;
use options::{Mode, Options};

/// What fails ends the measurement, with a sentence for who runs it.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.mode {
        Some(Mode::Serve { name, echo }) => peers::serve(name, *echo),
        Some(Mode::Stalled(stalled)) => stalled::run(stalled),
        None => rounds::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
