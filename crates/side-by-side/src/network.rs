//! The taps of all transports, and what is done to them: what the page's wire view and disturbances work on.

use std::{io, sync::Arc, time::Duration};

use server::{Context, Problem, Transport, memory};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::spawn_blocking,
    time::sleep,
};
use wire::{Clock, Disturbances, Tap};

use crate::{TRANSPORTS, variants::Variant};

/// Readers of `GET /wire/events` at the same time.
pub(crate) const MAX_READERS: usize = 64;

/// How often memory is given back while the wire is looked at: what the taps keep comes and goes in small pieces, and
/// glibc keeps the pages between them.
const TIDY_INTERVAL: Duration = Duration::from_secs(10);

/// One transport's.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) transport: Transport,
    pub(crate) tap: Tap,
    restarts: mpsc::Sender<Duration>,
    variant: watch::Sender<Option<Variant>>,
    /// Whether the other program behind its panel is there; nothing where there is none, or nobody has looked yet.
    pub(crate) is_panel_up: watch::Sender<Option<bool>>,
}

/// All transports', in the order of [`TRANSPORTS`].
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) clock: Clock,
    pub(crate) lines: Arc<[Line; 5]>,
    pub(crate) readers: Arc<Semaphore>,
    speaker: watch::Sender<u32>,
    /// Peers that are not of loopback may see the wire and disturb it.
    pub(crate) is_exposed: bool,
}

/// What one transport's server is told by.
pub(crate) struct Orders {
    /// Each with how long it is to stay away.
    pub(crate) restarts: mpsc::Receiver<Duration>,
    /// Which server that is wrong on purpose stands in for it.
    pub(crate) variant: watch::Receiver<Option<Variant>>,
}

/// What the servers are told by, and the speaker: messages a second.
pub(crate) struct Told {
    pub(crate) orders: [Orders; 5],
    pub(crate) speaker: watch::Receiver<u32>,
}

impl Network {
    /// Undisturbed, served by the right servers, and a silent speaker.
    pub(crate) fn new(is_exposed: bool) -> (Self, Told) {
        let clock = Clock::start();
        let [a, b, c, d, e] = TRANSPORTS.map(|transport| {
            // One is under way, so one place is enough to tell the next.
            let (restarts, restarting) = mpsc::channel(1);
            let (variant, varying) = watch::channel(None);
            let tap = Tap::new(clock, transport.scheme == "https");
            let line = Line { transport, tap, restarts, variant, is_panel_up: watch::Sender::new(None) };
            (line, Orders { restarts: restarting, variant: varying })
        });
        let (lines, orders) = ([a.0, b.0, c.0, d.0, e.0], [a.1, b.1, c.1, d.1, e.1]);
        let (speaker, heard) = watch::channel(0);
        let readers = Arc::new(Semaphore::new(MAX_READERS));
        let network = Self { clock, lines: Arc::new(lines), readers, speaker, is_exposed };
        (network, Told { orders, speaker: heard })
    }

    /// The line of the transport with this name, or all lines.
    ///
    /// # Errors
    ///
    /// `404`: there is no such transport.
    pub(crate) fn named(&self, name: &str) -> Result<Vec<&Line>, Problem> {
        let lines: Vec<_> =
            self.lines.iter().filter(|line| name == "all" || line.transport.name == name).collect();
        if lines.is_empty() {
            let names = TRANSPORTS.map(|transport| transport.name).join(", ");
            return Err(not_found(format!("there is no such transport; there are {names}, and all")));
        }
        Ok(lines)
    }

    /// Gives memory back now and then until the context stops.
    ///
    /// # Errors
    ///
    /// None; it stands among servers.
    pub(crate) async fn tidy(&self, context: Context) -> io::Result<()> {
        loop {
            tokio::select! {
                () = sleep(TIDY_INTERVAL) => {}
                () = context.stopping() => return Ok(()),
            }
            if self.lines.iter().any(|line| line.tap.is_on()) {
                spawn_blocking(memory::give_back).await.map_err(io::Error::other)?;
            }
        }
    }

    /// The disturbances of each transport.
    pub(crate) fn disturbances(&self) -> [(&'static str, Disturbances); 5] {
        self.lines.each_ref().map(|line| (line.transport.name, line.tap.disturbances()))
    }

    /// The server that is wrong on purpose, of each transport where one is.
    pub(crate) fn variants(&self) -> [(&'static str, Option<Variant>); 5] {
        self.lines.each_ref().map(|line| (line.transport.name, *line.variant.borrow()))
    }

    /// Whether the other program behind a panel is there, of each transport that has one.
    pub(crate) fn panels(&self) -> [(&'static str, Option<bool>); 5] {
        self.lines.each_ref().map(|line| (line.transport.name, *line.is_panel_up.borrow()))
    }

    /// The speaker's messages a second.
    pub(crate) fn speaker(&self) -> u32 {
        *self.speaker.borrow()
    }

    /// Lets the speaker say so many messages a second.
    pub(crate) fn speak(&self, per_second: u32) {
        self.speaker.send_replace(per_second);
    }
}

impl Line {
    /// Stops the transport's server, and has it served again after `absence`. False where that is asked for already.
    pub(crate) fn restart(&self, absence: Duration) -> bool {
        let is_told = self.restarts.try_send(absence).is_ok();
        if is_told {
            self.tap.note(&format!("restart, {} s away", absence.as_secs()));
        }
        is_told
    }

    /// Has the transport served by this variant, or by its right server again.
    pub(crate) fn vary(&self, variant: Option<Variant>) {
        self.variant.send_if_modified(|served| std::mem::replace(served, variant) != variant);
    }
}

/// A `404` with this detail.
pub(crate) fn not_found(detail: impl Into<String>) -> Problem {
    Problem::new(http::StatusCode::NOT_FOUND, detail)
}
