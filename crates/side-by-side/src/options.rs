//! The command line: that of all servers, and what only this program has.

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser};
use server::Options;

use crate::upstream::Panel;

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

    /// A panel whose /messages another program serves, such as raw-websocket=127.0.0.1:4711: a learner's server among
    /// ours. The page is still ours, but for HTTP/2, where that program serves it too.
    #[arg(long, value_name = "TRANSPORT=ADDRESS:PORT")]
    pub panel: Option<Panel>,

    /// Folder whose JavaScript modules that panel takes in place of the page's own.
    #[arg(long, value_name = "FOLDER", requires = "panel")]
    pub panel_web: Option<PathBuf>,
}

impl MainOptions {
    /// The options of this process's command line, `port` being the default port. Ends the process after `--help`
    /// and after a mistake.
    pub fn of_command_line(port: u16) -> Self {
        let command = Self::command().mut_arg("port", |arg| arg.default_value(port.to_string()));
        Self::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// The other program behind a panel, with its modules.
    pub fn panel(&self) -> Option<Panel> {
        self.panel.clone().map(|panel| Panel { modules: self.panel_web.clone(), ..panel })
    }
}

#[cfg(test)]
mod tests {
    use server::Limits;

    use super::*;
    use crate::TRANSPORTS;

    /// What a service file says of this name.
    fn told<'a>(service: &'a str, name: &str) -> &'a str {
        service.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap()
    }

    #[test]
    fn the_service_fits_the_program() {
        let service = include_str!("../../../scripts/crosstalk.service");
        let command = told(service, "ExecStart").split(' ').filter(|word| !word.starts_with('$'));
        let options = MainOptions::try_parse_from(command).unwrap().server;
        let servers = TRANSPORTS.len() + 1;
        assert!(told(service, "LimitNOFILE").parse::<usize>().unwrap() > servers * options.max_connections);
        let stop: u64 = told(service, "TimeoutStopSec").parse().unwrap();
        assert!(std::time::Duration::from_secs(stop) > Limits::default().shutdown);
    }
}
