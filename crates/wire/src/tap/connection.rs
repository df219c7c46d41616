//! The record of one connection: its octets counted, explained as they pass, and noted.
//!
//! All times are those of the client's end of the network: when an octet of the client left it, and when one of the
//! server reached it, delays included. So a request lasts as long as the client waits.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::explain::Side;

use super::{
    Shared,
    event::{Event, Parts},
    explaining::Explaining,
    limits::{MAX_EXPLAINED_CONNECTIONS, MAX_WAITING_PLAINTEXT_BYTES},
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
    /// What the server wrote into TLS and when, while its ciphertext has not reached the client.
    waiting: VecDeque<(Instant, Bytes)>,
    waiting_octets: usize,
    /// When the octets that reached the server last had left the client.
    client_sent: Instant,
    /// When the octets that reached the client last had left the server.
    server_sent: Instant,
    is_closed: bool,
}

/// The record of one connection of a tap. Shared by the relay, and by whoever ends TLS.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: u64,
    tap: Arc<Shared>,
    state: Mutex<State>,
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
            waiting: VecDeque::new(),
            waiting_octets: 0,
            client_sent: now,
            server_sent: now,
            is_closed: false,
        };
        Self { id, tap, state: Mutex::new(state), is_condemned: AtomicBool::new(false) }
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

    /// Octets that left the server at `sent` have reached the client.
    pub(super) fn reached_client(&self, octets: &[u8], sent: Instant) {
        let now = Instant::now();
        let mut state = self.state();
        self.count(&mut state, Side::Server, octets, now);
        state.server_sent = sent;
        match state.layer {
            Layer::Tls => self.release(&mut state, Some(sent), now),
            _ => self.explain(&mut state, Side::Server, octets, now),
        }
    }

    /// Plaintext was read out of TLS.
    pub(super) fn client_plaintext(&self, octets: &[u8]) {
        let mut state = self.state();
        let at = state.client_sent;
        if state.layer == Layer::Tls {
            self.explain(&mut state, Side::Client, octets, at);
        }
    }

    /// Plaintext was written into TLS; `since` is when writing began.
    pub(super) fn server_plaintext(&self, octets: &[u8], since: Instant) {
        let mut state = self.state();
        if state.layer != Layer::Tls {
            return;
        }
        state.waiting.push_back((since, Bytes::copy_from_slice(octets)));
        state.waiting_octets += octets.len();
        // The relay may have been quicker.
        let sent = state.server_sent;
        self.release(&mut state, Some(sent), Instant::now());
    }

    /// Explains the plaintext whose ciphertext has reached the client: what was written up to `until`, all without it.
    fn release(&self, state: &mut State, until: Option<Instant>, at: Instant) {
        while let Some((since, _)) = state.waiting.front()
            && (until.is_none_or(|until| *since <= until)
                || state.waiting_octets > MAX_WAITING_PLAINTEXT_BYTES)
            && let Some((_, octets)) = state.waiting.pop_front()
        {
            state.waiting_octets -= octets.len();
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
        self.release(&mut state, None, now);
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
