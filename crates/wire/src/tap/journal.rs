//! What a tap remembers: counts, and the newest events with their units. A reader is a number, no queue.

use std::{collections::VecDeque, mem::size_of, sync::Arc};

use bytes::Bytes;

use crate::explain::{Side, Span};

use super::{
    event::{Counts, Event},
    expected::Expected,
    limits::{MAX_CAPTURED_BYTES, MAX_EVENTS, MAX_EVENTS_AT_ONCE, MAX_EXPLANATION_BYTES},
    openings::Openings,
};

/// The octets of an event, and what they say.
#[derive(Debug)]
pub(super) struct Captured {
    /// The first octet, counted from the first that this side sent on its connection.
    pub(super) start: u64,
    pub(super) octets: Bytes,
    pub(super) spans: Vec<Span>,
    pub(super) expected: Option<Expected>,
}

impl Captured {
    /// Octets, about, that the spans take.
    fn explanation(&self) -> usize {
        let texts = |span: &Span| {
            let bits: usize =
                span.bits.iter().map(|bits| size_of_val(bits) + bits.value.len() + bits.meaning.len()).sum();
            let steps: usize = span.steps.iter().map(|step| size_of_val(step) + step.value.len()).sum();
            size_of::<Span>() + span.value.len() + span.meaning.len() + bits + steps
        };
        self.spans.iter().map(texts).sum()
    }
}

/// An event, its unit if it is one, and what that costs.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) event: Arc<Event>,
    pub(super) captured: Option<Arc<Captured>>,
    explanation: usize,
}

impl Kept {
    /// Whether it is a head with the field `upgrade` (RFC 9110 §7.8).
    pub(super) fn names_upgrade(&self) -> bool {
        self.captured.as_ref().is_some_and(|captured| {
            captured.spans.iter().any(|span| span.name.eq_ignore_ascii_case("upgrade"))
        })
    }

    /// Keeps the octets alone.
    pub(super) fn without_explanation(&mut self) {
        self.explanation = 0;
        self.captured = self.captured.as_ref().map(|captured| {
            let octets = captured.octets.clone();
            Arc::new(Captured { start: captured.start, octets, spans: Vec::new(), expected: None })
        });
    }
}

/// What a reader gets.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Events after its place, oldest first.
    pub events: Vec<Arc<Event>>,
    /// Events that were forgotten before it read them.
    pub missed: u64,
    /// Its place now: the id of the next event.
    pub next: u64,
    /// There are more already.
    pub has_more: bool,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) counts: Counts,
    pub(super) open: u64,
    /// How many of these are explained.
    pub(super) explained: usize,
    kept: VecDeque<Kept>,
    /// Of what is forgotten: how connections began that are still kept.
    openings: Openings,
    captured: usize,
    explanation: usize,
    /// Events so far: the newest id.
    newest: u64,
}

impl Journal {
    /// The id of the event that is noted next.
    pub(super) const fn next_id(&self) -> u64 {
        self.newest + 1
    }

    /// Notes an event, whose id is given here, and forgets what is too much.
    pub(super) fn note(&mut self, event: Event, captured: Option<Captured>) {
        self.newest += 1;
        let explanation = event.texts() + captured.as_ref().map_or(0, Captured::explanation);
        self.captured += captured.as_ref().map_or(0, |captured| captured.octets.len());
        self.explanation += explanation;
        let event = Arc::new(Event { id: self.newest, ..event });
        self.kept.push_back(Kept { event, captured: captured.map(Arc::new), explanation });
        while self.kept.len() > MAX_EVENTS
            || self.captured + self.openings.octets() > MAX_CAPTURED_BYTES
            || self.explanation > MAX_EXPLANATION_BYTES
        {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.captured -= oldest.captured.as_ref().map_or(0, |captured| captured.octets.len());
            self.explanation -= oldest.explanation;
            self.openings.forgotten(oldest);
        }
    }

    /// What comes after a reader's place.
    pub(super) fn read(&self, place: u64) -> Reading {
        let oldest = self.kept.front().map_or(self.next_id(), |kept| kept.event.id);
        let from = place.clamp(oldest, self.next_id());
        let skipped = usize::try_from(from - oldest).unwrap_or(usize::MAX);
        let events: Vec<_> = self
            .kept
            .iter()
            .skip(skipped)
            .take(MAX_EVENTS_AT_ONCE)
            .map(|kept| Arc::clone(&kept.event))
            .collect();
        let next = from + events.len() as u64;
        Reading { events, missed: oldest.saturating_sub(place), next, has_more: next < self.next_id() }
    }

    /// The event with this id, if it is kept.
    pub(super) fn find(&self, id: u64) -> Option<Kept> {
        let oldest = self.kept.front()?.event.id;
        self.kept.get(usize::try_from(id.checked_sub(oldest)?).ok()?).cloned()
    }

    /// All that is kept, oldest first, behind how its connections began.
    pub(super) fn all(&self) -> Vec<Kept> {
        self.openings.iter().chain(&self.kept).cloned().collect()
    }

    /// Counts octets on a socket.
    pub(super) fn count_tcp(&mut self, side: Side, octets: u64, at: f64) {
        self.counts.octets.of(side).tcp += octets;
        self.counts.last_octet_at = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            id: 0,
            connection: Some(1),
            at: 1.5,
            kind: "text",
            from: Some(Side::Client),
            name: String::new(),
            octets: 1,
            stream: None,
            messages: Vec::new(),
            nonces: Vec::new(),
            of: None,
        }
    }

    #[test]
    fn a_slow_reader_misses_what_is_forgotten_and_is_told() {
        let mut journal = Journal::default();
        for _ in 0..MAX_EVENTS + 10 {
            journal.note(event(), None);
        }
        let reading = journal.read(1);
        assert_eq!((reading.missed, reading.events[0].id), (10, 11));
        assert_eq!(reading.events.len(), MAX_EVENTS_AT_ONCE);
        assert!(reading.has_more);
        let end = journal.read(journal.next_id());
        assert_eq!((end.missed, end.events.len(), end.has_more), (0, 0, false));
        assert!(journal.find(10).is_none(), "forgotten");
        assert_eq!(journal.find(11).unwrap().event.id, 11);
        assert!(journal.find(MAX_EVENTS as u64 + 11).is_none(), "not there yet");
    }

    #[test]
    fn the_capture_is_bounded_and_units_are_forgotten_whole() {
        let mut journal = Journal::default();
        let captured = || Captured {
            start: 0,
            octets: vec![0; MAX_CAPTURED_BYTES / 4].into(),
            spans: Vec::new(),
            expected: None,
        };
        for _ in 0..6 {
            journal.note(event(), Some(captured()));
        }
        assert_eq!(journal.all().len(), 4);
        assert!(
            journal
                .all()
                .iter()
                .all(|kept| kept.captured.as_ref().unwrap().octets.len() == MAX_CAPTURED_BYTES / 4)
        );
    }
}
