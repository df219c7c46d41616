//! How connections began, for a capture whose older part is forgotten: without its opening handshake nobody reads a
//! WebSocket, and HTTP/2 not without its preface and all its field blocks, for each changes HPACK's dynamic table.

use std::collections::BTreeMap;

use super::{
    journal::Kept,
    limits::{MAX_OPENING_BYTES, MAX_OPENINGS_BYTES},
};

/// How one connection began.
#[derive(Debug, Default)]
struct Opening {
    units: Vec<Kept>,
    octets: usize,
    /// It took too much: from here on nobody could follow.
    is_given_up: bool,
}

/// Of each connection that is kept: the forgotten units without which the later ones cannot be read.
#[derive(Debug, Default)]
pub(super) struct Openings {
    by_connection: BTreeMap<u64, Opening>,
    octets: usize,
}

impl Openings {
    /// Octets of all.
    pub(super) const fn octets(&self) -> usize {
        self.octets
    }

    /// The units, connection by connection.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.by_connection.values().flat_map(|opening| &opening.units)
    }

    /// Takes what the journal forgets: keeps it if later units need it, and lets go of a connection that was closed.
    pub(super) fn forgotten(&mut self, mut kept: Kept) {
        let Some(connection) = kept.event.connection else { return };
        if kept.event.kind == "closed" {
            self.octets -= self.by_connection.remove(&connection).map_or(0, |opening| opening.octets);
            return;
        }
        let octets = match &kept.captured {
            Some(captured) if is_needed(&kept) => captured.octets.len(),
            _ => return,
        };
        let opening = self.by_connection.entry(connection).or_default();
        if opening.is_given_up {
            return;
        }
        if opening.octets + octets > MAX_OPENING_BYTES || self.octets + octets > MAX_OPENINGS_BYTES {
            self.octets -= opening.octets;
            *opening = Opening { is_given_up: true, ..Opening::default() };
            return;
        }
        kept.without_explanation();
        opening.units.push(kept);
        opening.octets += octets;
        self.octets += octets;
    }
}

/// Whether later units of its connection cannot be read without this one.
fn is_needed(kept: &Kept) -> bool {
    let event = &kept.event;
    match event.kind {
        "preface" | "SETTINGS" | "HEADERS" | "CONTINUATION" | "PUSH_PROMISE" => true,
        "request" => kept.names_upgrade(),
        "response" => event.name.starts_with("101"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        explain::Side,
        tap::{
            connection::happened,
            journal::{Captured, Journal},
            limits::MAX_EVENTS,
        },
    };

    fn note(journal: &mut Journal, connection: u64, kind: &'static str, octets: usize) {
        let captured =
            Captured { start: 0, octets: vec![0; octets].into(), spans: Vec::new(), expected: None };
        let event = happened(Some(connection), 0.0, kind, Some(Side::Client), "");
        journal.note(event, (octets > 0).then_some(captured));
    }

    fn kinds(journal: &Journal, connection: u64) -> Vec<&'static str> {
        let all = journal.all();
        let of = all.iter().filter(|kept| kept.event.connection == Some(connection));
        of.map(|kept| kept.event.kind).collect()
    }

    fn forget_all(journal: &mut Journal) {
        for _ in 0..MAX_EVENTS {
            note(journal, 0, "opened", 0);
        }
    }

    #[test]
    fn what_later_units_need_stays_until_the_connection_is_forgotten() {
        let mut journal = Journal::default();
        for kind in ["opened", "preface", "SETTINGS", "HEADERS", "DATA", "HEADERS", "PING"] {
            note(&mut journal, 1, kind, 10);
        }
        forget_all(&mut journal);
        assert_eq!(kinds(&journal, 1), ["preface", "SETTINGS", "HEADERS", "HEADERS"]);
        note(&mut journal, 1, "closed", 0);
        assert_eq!(kinds(&journal, 1).len(), 5, "it is kept that it was closed");
        forget_all(&mut journal);
        assert!(kinds(&journal, 1).is_empty());
    }

    #[test]
    fn openings_are_limited() {
        let mut journal = Journal::default();
        for connection in 1..10 {
            for _ in 0..MAX_OPENING_BYTES / 8_192 {
                note(&mut journal, connection, "HEADERS", 8_192);
            }
        }
        forget_all(&mut journal);
        let whole: Vec<_> = (1..10).filter(|connection| !kinds(&journal, *connection).is_empty()).collect();
        assert_eq!(whole, [1, 2, 3, 4], "as many as there is room for, each whole");
        note(&mut journal, 1, "HEADERS", 1);
        forget_all(&mut journal);
        assert!(kinds(&journal, 1).is_empty(), "more than one may have");
        note(&mut journal, 1, "HEADERS", 1);
        forget_all(&mut journal);
        assert!(kinds(&journal, 1).is_empty(), "and no part of it");
    }
}
