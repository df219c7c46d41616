//! A relay before one transport's server, which counts, captures and disturbs what passes.
//!
//! The server's listener gives an accepted socket to [`Tap::relay`] and gets another for it, the inner one. Between the
//! two the relay passes octets on, half-closes and resets too, and reads no faster than it writes: to the transport it
//! is a client, to the client a network. TLS stays whole; whoever ends it tells the plaintext to the [`Recorder`].
//! It does so only for connections that come while the tap [is on](Tap::is_on): somebody looks, or disturbs.
//!
//! - this file: the handle, and what can be asked and done with it
//! - [`limits`]: what is kept at most
//! - `relay`, `flow`, `door`: both directions, one of them with its disturbances, the inner sockets
//! - `connection`, `explaining`, `sort`, `scan`: a connection's octets as units, and what they are
//! - `sealed`: what was written into TLS, until it has reached the client
//! - [`event`], `journal`, `openings`: what is told and kept of them
//! - [`expected`]: the size that the RFCs make one expect of a unit
//! - `watching`: whether somebody looks
//! - `unit`: a unit with its octets and spans; `pcapng`: what is kept, as Wireshark reads it

mod connection;
mod door;
pub mod event;
pub mod expected;
mod explaining;
mod flow;
mod journal;
pub mod limits;
mod openings;
mod pcapng;
mod relay;
mod scan;
mod sealed;
mod sort;
mod unit;
mod watching;

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{Clock, Disturbances};

use self::{
    connection::{Connection, happened},
    door::{Door, Pair},
    event::Counts,
    journal::Journal,
    limits::MAX_RELAYS,
    relay::Open,
    watching::Watched,
};
pub use journal::Reading;
pub use unit::CapturedUnit;
pub use watching::Watch;

/// What relays follow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Settings {
    disturbances: Disturbances,
    /// Nothing passes before.
    blackhole: Option<Instant>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    may_speak_tls: bool,
    door: Door,
    settings: watch::Sender<Settings>,
    cuts: watch::Sender<u64>,
    journal: Mutex<Journal>,
    relays: AtomicUsize,
    watched: Mutex<Watched>,
}

impl Shared {
    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn disturbances(&self) -> Disturbances {
        self.settings.borrow().disturbances
    }

    /// Notes a disturbance.
    fn disturbed(&self, name: &str) {
        let at = self.clock.now();
        self.journal().note(happened(None, at, "disturbed", None, name), None);
    }
}

/// The tap of one transport's server; clones are the same tap.
#[derive(Clone, Debug)]
pub struct Tap(Arc<Shared>);

impl Tap {
    /// A tap that is off and disturbs nothing. `may_speak_tls` if a connection to the server may begin with TLS.
    #[must_use]
    pub fn new(clock: Clock, may_speak_tls: bool) -> Self {
        Self(Arc::new(Shared {
            clock,
            may_speak_tls,
            door: Door::default(),
            settings: watch::Sender::default(),
            cuts: watch::Sender::default(),
            journal: Mutex::default(),
            relays: AtomicUsize::new(0),
            watched: Mutex::default(),
        }))
    }

    /// Looks at what passes: connections that come while this is kept are relayed, and for [`WATCH_LINGER`](limits::WATCH_LINGER) after.
    pub fn watch(&self) -> Watch {
        Watch::begin(Arc::clone(&self.0))
    }

    /// Whether a connection that comes now is to be [relayed](Self::relay): somebody [looks](Self::watch), or the
    /// network is disturbed. Otherwise the tap costs a connection no more than this question.
    pub fn is_on(&self) -> bool {
        let settings = *self.0.settings.borrow();
        settings.disturbances != Disturbances::default()
            || settings.blackhole.is_some_and(|until| until > Instant::now())
            || self.0.watched().is_watched()
    }

    /// Puts the relay before an accepted socket. Gives the socket that the transport is to serve, and what records the
    /// connection. In a blackhole it is over only with that.
    ///
    /// # Errors
    ///
    /// There are [`MAX_RELAYS`] already, or the system gives no sockets. The accepted one is closed then.
    pub async fn relay(&self, outer: TcpStream) -> io::Result<(TcpStream, Recorder)> {
        if self.0.relays.fetch_add(1, Ordering::Relaxed) >= MAX_RELAYS {
            self.0.relays.fetch_sub(1, Ordering::Relaxed);
            return Err(io::Error::other(format!("the tap relays {MAX_RELAYS} connections already")));
        }
        let connection = Arc::new(Connection::open(Arc::clone(&self.0)));
        let open = Open { tap: Arc::clone(&self.0), connection: Arc::clone(&connection) };
        let mut cuts = self.0.cuts.subscribe();
        tokio::select! {
            () = self.blackhole_over() => {}
            _ = cuts.changed() => {
                outer.set_zero_linger()?;
                connection.closed(None, "cut");
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        outer.set_nodelay(true)?;
        let Pair { relay, transport } = self.0.door.pair().await?;
        tokio::spawn(relay::run(open, outer, relay, cuts));
        Ok((transport, Recorder(connection)))
    }

    async fn blackhole_over(&self) {
        let mut settings = self.0.settings.subscribe();
        loop {
            let until = settings.borrow_and_update().blackhole;
            let Some(until) = until.filter(|until| *until > Instant::now()) else { return };
            tokio::select! {
                () = sleep_until(until) => {}
                _ = settings.changed() => {}
            }
        }
    }

    /// The disturbances in force.
    pub fn disturbances(&self) -> Disturbances {
        self.0.disturbances()
    }

    /// Puts these disturbances in force, for what is open too.
    pub fn disturb(&self, disturbances: Disturbances) {
        if disturbances != self.disturbances() {
            self.0.settings.send_modify(|settings| settings.disturbances = disturbances);
            self.0.disturbed(&disturbances.in_words());
        }
    }

    /// Resets all connections that are open.
    pub fn cut(&self) {
        self.0.disturbed("cut");
        self.0.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets nothing pass for this time; what is held is delivered then. Another one replaces it.
    pub fn blackhole(&self, time: Duration) {
        self.0.disturbed(&format!("blackhole, {} s", time.as_secs_f32()));
        self.0.settings.send_modify(|settings| settings.blackhole = Some(Instant::now() + time));
    }

    /// Notes what somebody else does to the server, for people: `restart, 2 s away`.
    pub fn note(&self, name: &str) {
        self.0.disturbed(name);
    }

    /// Whether the next request is to be answered with `500`: drawn by
    /// [`fail_share`](Disturbances::fail_share).
    pub fn fails(&self) -> bool {
        self.disturbances().draws_failure()
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        let mut counts = self.0.journal().counts;
        for octets in [&mut counts.octets.client, &mut counts.octets.server] {
            octets.tls = octets.tcp.saturating_sub(octets.plain);
        }
        counts
    }

    /// Connections that are open.
    pub fn open(&self) -> u64 {
        self.0.journal().open
    }

    /// What happened from the event `place` on, as far as it is kept, at most
    /// [`MAX_EVENTS_AT_ONCE`](limits::MAX_EVENTS_AT_ONCE) events.
    pub fn read(&self, place: u64) -> Reading {
        self.0.journal().read(place)
    }

    /// The unit whose event has this id, while it is kept.
    pub fn unit(&self, id: u64) -> Option<CapturedUnit> {
        CapturedUnit::of(&self.0.journal().find(id)?)
    }

    /// All units that are kept, as a capture in the format pcapng.
    ///
    /// # Errors
    ///
    /// A unit cannot be encoded.
    pub fn pcapng(&self) -> io::Result<Vec<u8>> {
        // Encoded without the lock.
        let kept = self.0.journal().all();
        pcapng::capture(&kept, &self.0.clock).map_err(io::Error::other)
    }
}

/// What records one connection, for whoever ends its TLS.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Connection>);

impl Recorder {
    /// Takes what was read out of TLS.
    pub fn client_plaintext(&self, octets: &[u8]) {
        if !octets.is_empty() {
            self.0.client_plaintext(octets);
        }
    }

    /// Takes what was written into TLS.
    pub fn server_plaintext(&self, octets: &[u8]) {
        if !octets.is_empty() {
            self.0.server_plaintext(octets);
        }
    }

    /// Counts octets that were written to the socket.
    pub fn server_wrote(&self, octets: usize) {
        self.0.server_wrote(octets as u64);
    }

    /// Takes note that the handshake of TLS is over, and that all of it was written: from here on each record is
    /// `overhead` octets longer than the plaintext in it, without its header.
    pub fn tls_began(&self, overhead: u64) {
        self.0.tls_began(overhead);
    }
}
