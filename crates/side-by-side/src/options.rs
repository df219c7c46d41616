//! The command line: that of all servers, and what only this program has.

use clap::{CommandFactory, FromArgMatches, Parser};
use server::Options;

/// What is told behind the options.
const WIRE: &str = "\
The wire, on the page's port, for the page itself (own origin, loopback):
  GET /wire/events                     what passes on all transports, as server-sent events
  GET /wire/units/TRANSPORT/ID         a unit's octets, explained
  GET /wire/capture/TRANSPORT.pcapng   what is kept (1 MiB each), for Wireshark
  PUT /wire/disturbances/TRANSPORT     delay_ms, jitter_ms, bandwidth, slow_reader, fail_share
  POST /wire/cut/TRANSPORT             resets all connections
  POST /wire/blackhole/TRANSPORT       {\"seconds\": 1 to 60}
  POST /wire/restart/TRANSPORT         {\"seconds\": 0 to 30}
  PUT /wire/speaker                    {\"per_second\": 0 to 50}
  PUT /wire/variants/TRANSPORT         {\"variant\": a server that is wrong on purpose, or null}
TRANSPORT is a name from GET /transports, or, to disturb, all.";

/// What the main program is told on its command line.
#[derive(Clone, Debug, Parser)]
#[command(
    about = "One chat over five transports, side by side: the page on --port, the transports on the five after it",
    after_help = WIRE,
    disable_version_flag = true,
    max_term_width = 100
)]
pub struct MainOptions {
    /// Those of all servers.
    #[command(flatten)]
    pub server: Options,

    /// Show the wire, and let it be disturbed, from other machines too: it holds what everybody types.
    /// Default: from this machine only.
    #[arg(long)]
    pub expose_wire: bool,
}

impl MainOptions {
    /// The options of this process's command line, `port` being the default port. Ends the process after `--help`
    /// and after a mistake.
    pub fn of_command_line(port: u16) -> Self {
        let command = Self::command().mut_arg("port", |arg| arg.default_value(port.to_string()));
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}
