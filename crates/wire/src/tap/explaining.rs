//! A connection's octets as units: each counted by what it is, and noted with its octets.

use bytes::{Bytes, BytesMut};

use crate::explain::{Explainer, Protocol, Side, Unit};

use super::{
    event::{Event, Parts},
    expected,
    journal::{Captured, Journal},
    limits::MAX_NAMED,
    sort::{Sorted, Sorter},
};

/// Octets of a side that no unit has yet.
#[derive(Debug, Default)]
struct Tail {
    octets: BytesMut,
    start: u64,
    /// Nothing more of this side is understood.
    is_lost: bool,
}

impl Tail {
    /// The octets of a unit: the next ones, up to `end`.
    fn take(&mut self, end: u64) -> Bytes {
        let size = usize::try_from(end.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let octets = self.octets.split_to(size.min(self.octets.len()));
        self.start += octets.len() as u64;
        Bytes::copy_from_slice(&octets)
    }
}

/// Explains one connection.
#[derive(Debug)]
pub(super) struct Explaining {
    explainer: Explainer,
    sorter: Sorter,
    client: Tail,
    server: Tail,
}

impl Explaining {
    pub(super) fn new() -> Self {
        // It tells HTTP/2 by its preface, and follows an upgrade to WebSocket.
        let explainer = Explainer::new(Protocol::Http1);
        Self { explainer, sorter: Sorter::default(), client: Tail::default(), server: Tail::default() }
    }

    const fn tail(&mut self, side: Side) -> &mut Tail {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Takes octets that `side` sent, and notes the units that are complete by them. Gives how many messages of the
    /// client over a WebSocket ended.
    pub(super) fn push(
        &mut self,
        journal: &mut Journal,
        connection: u64,
        side: Side,
        octets: &[u8],
        at: f64,
    ) -> usize {
        if self.tail(side).is_lost {
            journal.counts.octets.of(side).add(Parts { other: octets.len() as u64, ..Parts::default() });
            return 0;
        }
        self.tail(side).octets.extend_from_slice(octets);
        let units = self.explainer.push(side, octets);
        let messages = units
            .into_iter()
            .filter_map(|unit| self.note(journal, connection, unit, at).then_some(()))
            .count();
        for side in [Side::Client, Side::Server] {
            self.lose(journal, connection, side, at);
        }
        messages
    }

    /// Notes that a side cannot be explained any more, once, and keeps none of its octets from then on.
    fn lose(&mut self, journal: &mut Journal, connection: u64, side: Side, at: f64) {
        let Some((_, rule)) = self.explainer.not_understood(side) else { return };
        let name = format!("not understood: {}", rule.rule);
        let tail = self.tail(side);
        if std::mem::replace(&mut tail.is_lost, true) {
            return;
        }
        let octets = std::mem::take(&mut tail.octets).len() as u64;
        journal.counts.octets.of(side).add(Parts { other: octets, ..Parts::default() });
        let event = super::connection::happened(Some(connection), at, "not understood", Some(side), &name);
        journal.note(Event { octets, ..event }, None);
    }

    /// Notes a unit; whether a message of the client over a WebSocket ends with it.
    fn note(&mut self, journal: &mut Journal, connection: u64, unit: Unit, at: f64) -> bool {
        let octets = self.tail(unit.side).take(unit.end);
        let sorted = self.sorter.sort(&unit, &octets, journal.next_id());
        let expected = expected::of(&unit);
        let Sorted { parts, mut told, is_request, of, ends_message } = sorted;
        journal.counts.requests += u64::from(is_request);
        journal.counts.octets.of(unit.side).add(parts);
        told.messages.dedup();
        told.messages.truncate(MAX_NAMED);
        told.nonces.truncate(MAX_NAMED);
        let event = Event {
            id: 0,
            connection: Some(connection),
            at,
            kind: unit.kind,
            from: Some(unit.side),
            name: unit.summary,
            octets: octets.len() as u64,
            stream: unit.stream,
            messages: told.messages,
            nonces: told.nonces,
            of,
        };
        journal.note(event, Some(Captured { start: unit.start, octets, spans: unit.spans, expected }));
        ends_message
    }

    /// Notes what is left at the end of the connection.
    pub(super) fn finish(mut self, journal: &mut Journal, connection: u64, at: f64) {
        let explainer = std::mem::replace(&mut self.explainer, Explainer::new(Protocol::Http1));
        for unit in explainer.finish() {
            // What is not understood was noted when that was certain.
            if !self.tail(unit.side).is_lost {
                self.note(journal, connection, unit, at);
            }
        }
    }
}
