//! The command line.

use std::{str::FromStr, time::Duration};

use clap::{Args, Parser, Subcommand};

use crate::{Outcome, cases::Extent, machine};

/// What WebSocket servers cost, in one interleaved run.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) mode: Option<Mode>,
    /// How often everything is measured.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Half a second a measurement, and 1,000 idle connections: to see that it runs.
    #[arg(long)]
    quick: bool,
    /// Seconds of load a measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Idle connections; fewer where the limit of open files (`ulimit -n`) is lower.
    #[arg(long, default_value_t = 10_000)]
    idle_connections: usize,
    /// Cores of the server and of the load, or `none`.
    #[arg(long, default_value = "0,0")]
    pub(crate) pin: Pins,
    /// Some cases only, by name, separated by semicolons.
    #[arg(long)]
    pub(crate) cases: Option<String>,
    /// Some servers only, by name, separated by semicolons.
    #[arg(long)]
    pub(crate) servers: Option<String>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
pub(crate) enum Mode {
    /// What it does to others when a client stops reading; it ends with 1 where a message is lost or comes twice.
    Stalled(Stalled),
    /// Is a server: what the bench starts itself with.
    #[command(hide = true)]
    Serve {
        /// Which.
        name: String,
        /// Says each message back as it is.
        #[arg(long)]
        echo: bool,
    },
}

/// Clients that stop reading among others that do not.
#[derive(Args)]
pub(crate) struct Stalled {
    /// How many clients there are.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) clients: usize,
    /// Seconds for which two of them read nothing.
    #[arg(long, default_value_t = 60.0)]
    pub(crate) pause: f64,
    /// Seconds before and after.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) around: f64,
    /// Octets of a message's text.
    #[arg(long, default_value_t = 200)]
    pub(crate) size: usize,
    /// Messages a second, evenly.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) rate: f64,
    /// Messages at once, four times a second, beside those: enough to fill the kernel's buffers within the pause.
    #[arg(long, default_value_t = 160)]
    pub(crate) burst: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// How long and how much, within the limit of open files.
    pub(crate) fn extent(&self) -> Extent {
        // The server has others beside its connections, and so has the load.
        let most = machine::raise_open_files().saturating_sub(100);
        let wanted = if self.quick { 1_000 } else { self.idle_connections };
        if wanted > most {
            eprintln!("idle: {most} connections in place of {wanted}, which is what `ulimit -n` allows");
        }
        let seconds = if self.quick { 0.5 } else { self.seconds };
        Extent { time: Duration::from_secs_f64(seconds), idle_connections: wanted.min(most) }
    }
}

/// Whether `name` is in a list of the command line, separated by semicolons; it is where there is none.
pub(crate) fn listed(list: Option<&str>, name: &str) -> bool {
    list.is_none_or(|list| list.split(';').any(|listed| listed.trim() == name))
}

/// The cores of the server and of the load; `None`: the scheduler picks.
#[derive(Clone, Copy)]
pub(crate) struct Pins(Option<(usize, usize)>);

impl Pins {
    /// Moves this thread to the server's core: the server will be where it was started.
    pub(crate) fn pin_server(self) -> Outcome<()> {
        machine::pin(self.0.map(|(server, _)| server))
    }

    pub(crate) fn pin_load(self) -> Outcome<()> {
        machine::pin(self.0.map(|(_, load)| load))
    }

    pub(crate) fn describe(self) -> String {
        match self.0 {
            None => "not pinned".to_owned(),
            Some((server, load)) if server == load => "server and load on one core".to_owned(),
            Some(_) => "server and load on a core each".to_owned(),
        }
    }
}

impl FromStr for Pins {
    type Err = &'static str;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        if value == "none" {
            return Ok(Self(None));
        }
        let cores =
            value.split_once(',').and_then(|(server, load)| Some((server.parse().ok()?, load.parse().ok()?)));
        cores.map(|cores| Self(Some(cores))).ok_or("two numbers as in `0,1`, or `none`")
    }
}
