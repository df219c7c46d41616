//! The record of one connection: its octets counted, explained as they pass, and noted.
//!
//! All times are those of the client's end of the network: when an octet of the client left it, and when one of the
//! server reached it, delays included. So a request lasts as long as the client waits.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::time::Instant;

use crate::explain::Side;

use super::{
    Shared,
    event::{Event, Parts},
    explaining::Explaining,
    limits::MAX_EXPLAINED_CONNECTIONS,
    sealed::Sealed,
};

/// The first octet of a TLS connection: a record of the handshake (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;

/// What the socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// Nothing has passed yet.
    Unknown,
    /// What is explained.
    Plain,
    /// TLS; the plaintext comes from whoever ends it.
    Tls,
}

#[derive(Debug)]
struct State {
    layer: Layer,
    explaining: Option<Box<Explaining>>,
    /// What the server wrote into TLS.
    sealed: Sealed,
    /// When the octets that reached the server last had left the client.
    client_sent: Instant,
    is_closed: bool,
}

/// The record of one connection of a tap. Shared by the relay, and by whoever ends TLS.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: u64,
    tap: Arc<Shared>,
    state: Mutex<State>,
    /// Octets that the server wrote, those in TLS as ciphertext.
    written: AtomicU64,
    /// The relay is to cut the connection.
    pub(super) is_condemned: AtomicBool,
}

impl Connection {
    /// Notes that a connection was opened.
    pub(super) fn open(tap: Arc<Shared>) -> Self {
        let now = Instant::now();
        let (id, is_explained) = {
            let mut journal = tap.journal();
            journal.counts.connections += 1;
            let is_explained = journal.explained < MAX_EXPLAINED_CONNECTIONS;
            journal.explained += usize::from(is_explained);
            journal.open += 1;
            let id = journal.counts.connections;
            journal.note(happened(Some(id), tap.clock.at(now), "opened", None, "opened"), None);
            (id, is_explained)
        };
        let state = State {
            layer: Layer::Unknown,
            explaining: is_explained.then(|| Box::new(Explaining::new())),
            sealed: Sealed::default(),
            client_sent: now,
            is_closed: false,
        };
        Self {
            id,
            tap,
            state: Mutex::new(state),
            written: AtomicU64::new(0),
            is_condemned: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Octets left the client at `at`.
    pub(super) fn client_sent(&self, octets: &[u8], at: Instant) {
        let mut state = self.state();
        self.count(&mut state, Side::Client, octets, at);
        if state.layer == Layer::Plain {
            self.explain(&mut state, Side::Client, octets, at);
        }
    }

    /// Octets that left the client at `sent` are about to reach the server.
    pub(super) fn reaching_server(&self, sent: Instant) {
        self.state().client_sent = sent;
    }

    /// Octets of the server have reached the client.
    pub(super) fn reached_client(&self, octets: &[u8]) {
        let now = Instant::now();
        let mut state = self.state();
        self.count(&mut state, Side::Server, octets, now);
        if state.layer == Layer::Tls {
            state.sealed.reached(octets);
            self.unseal(&mut state, now);
        } else {
            self.explain(&mut state, Side::Server, octets, now);
        }
    }

    /// The server has written octets to its socket.
    pub(super) fn server_wrote(&self, octets: u64) {
        self.written.fetch_add(octets, Ordering::Relaxed);
    }

    /// The handshake of TLS is over, and all of it written.
    pub(super) fn tls_began(&self, overhead: u64) {
        self.state().sealed.begin(self.written.load(Ordering::Relaxed), overhead);
    }

    /// Plaintext was read out of TLS.
    pub(super) fn client_plaintext(&self, octets: &[u8]) {
        let mut state = self.state();
        let at = state.client_sent;
        if state.layer == Layer::Tls {
            self.explain(&mut state, Side::Client, octets, at);
        }
    }

    /// Plaintext was written into TLS.
    pub(super) fn server_plaintext(&self, octets: &[u8]) {
        let mut state = self.state();
        if state.layer == Layer::Tls && !state.is_closed {
            state.sealed.written(octets);
            // The relay may have been quicker.
            self.unseal(&mut state, Instant::now());
        }
    }

    /// Explains the plaintext that the client has.
    fn unseal(&self, state: &mut State, at: Instant) {
        while let Some(octets) = state.sealed.next() {
            self.explain(state, Side::Server, &octets, at);
        }
    }

    fn count(&self, state: &mut State, side: Side, octets: &[u8], at: Instant) {
        if state.layer == Layer::Unknown {
            let is_tls =
                self.tap.may_speak_tls && side == Side::Client && octets.first() == Some(&TLS_HANDSHAKE);
            state.layer = if is_tls { Layer::Tls } else { Layer::Plain };
        }
        self.tap.journal().count_tcp(side, octets.len() as u64, self.tap.clock.at(at));
    }

    fn explain(&self, state: &mut State, side: Side, octets: &[u8], at: Instant) {
        let mut journal = self.tap.journal();
        journal.counts.octets.of(side).plain += octets.len() as u64;
        let Some(explaining) = &mut state.explaining else {
            journal.counts.octets.of(side).add(Parts { other: octets.len() as u64, ..Parts::default() });
            return;
        };
        let messages = explaining.push(&mut journal, self.id, side, octets, self.tap.clock.at(at));
        drop(journal);
        let disturbances = self.tap.disturbances();
        if disturbances.fail_share > 0.0 && (0..messages).any(|_| disturbances.draws_failure()) {
            self.is_condemned.store(true, Ordering::Relaxed);
        }
    }

    /// Notes that the connection ended: who ended it, and how.
    pub(super) fn closed(&self, by: Option<Side>, how: &str) {
        let now = Instant::now();
        let mut state = self.state();
        if std::mem::replace(&mut state.is_closed, true) {
            return;
        }
        let at = self.tap.clock.at(now);
        let mut journal = self.tap.journal();
        journal.open -= 1;
        if let Some(explaining) = state.explaining.take() {
            explaining.finish(&mut journal, self.id, at);
            journal.explained -= 1;
        }
        journal.note(happened(Some(self.id), at, "closed", by, how), None);
    }
}

/// An event without octets.
pub(super) fn happened(
    connection: Option<u64>,
    at: f64,
    kind: &'static str,
    from: Option<Side>,
    name: &str,
) -> Event {
    Event {
        id: 0,
        connection,
        at,
        kind,
        from,
        name: name.to_owned(),
        octets: 0,
        stream: None,
        messages: Vec::new(),
        nonces: Vec::new(),
        of: None,
    }
}
