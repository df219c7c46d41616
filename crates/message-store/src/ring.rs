//! The retained messages, and where in them a cursor stands.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::batch::{Batch, Gap, MAX_BATCH_MESSAGES, MAX_MESSAGES_BYTES};
use crate::cursor::Cursor;
use crate::message::Message;

/// How many batches of several messages are kept for followers at the same place; each has at most 256 KiB.
const SHARED_BATCHES: usize = 4;

/// The newest messages of the log.
pub(crate) struct Ring {
    history: usize,
    newest: u64,
    /// Oldest first, ids without holes up to `newest`.
    messages: VecDeque<Message>,
    shared: VecDeque<Shared>,
}

/// A batch that was encoded for one follower and serves the others at its place.
struct Shared {
    start: Start,
    batch: Batch,
    /// Whether it ends where it does by the limits of a batch. It is then right however many messages follow.
    full: bool,
}

/// Where reading starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// The id of the message after which it does.
    pub(crate) after: u64,
    /// What lies before.
    pub(crate) gap: Gap,
}

/// What there is to read.
pub(crate) enum Page {
    /// One message and nothing else to tell: its own batch serves.
    One(Message),
    /// This batch was encoded already.
    Shared(Batch),
    /// These messages, each its JSON, are to be encoded.
    Several { messages: Vec<Bytes>, full: bool },
}

impl Ring {
    /// An empty ring that retains `history` messages, at least one.
    pub(crate) fn new(history: usize) -> Self {
        Self { history: history.max(1), newest: 0, messages: VecDeque::new(), shared: VecDeque::new() }
    }

    /// Takes the next message; gives back the one that is no longer retained.
    pub(crate) fn push(&mut self, message: Message) -> Option<Message> {
        let oldest = if self.messages.len() == self.history { self.messages.pop_front() } else { None };
        self.newest = message.id();
        self.messages.push_back(message);
        oldest
    }

    /// The id before the oldest retained message.
    pub(crate) fn floor(&self) -> u64 {
        self.newest.saturating_sub(self.messages.len() as u64)
    }

    /// Where a follower at `at` starts; without a cursor, at the oldest retained message.
    pub(crate) fn start(&self, at: Option<&Cursor>, epoch: &str) -> Start {
        // region: start
        let floor = self.floor();
        match at {
            None => Start { after: floor, gap: Gap::None },
            Some(cursor) if cursor.epoch() != epoch || cursor.id() > self.newest => {
                Start { after: floor, gap: Gap::Reset }
            }
            Some(cursor) if cursor.id() < floor => {
                Start { after: floor, gap: Gap::Missed(floor - cursor.id()) }
            }
            Some(cursor) => Start { after: cursor.id(), gap: Gap::None },
        }
        // endregion: start
    }

    /// Whether there is anything to tell from `start`.
    pub(crate) fn has_news(&self, start: Start) -> bool {
        start.after < self.newest || start.gap != Gap::None
    }

    /// What there is from `start`, as much as a batch holds.
    pub(crate) fn page(&self, start: Start) -> Page {
        let ahead = self.newest - start.after;
        if ahead == 1
            && start.gap == Gap::None
            && let Some(newest) = self.messages.back()
        {
            return Page::One(newest.clone());
        }
        if let Some(shared) = self.shared.iter().find(|shared| {
            shared.start == start && (shared.full || shared.batch.cursor().id() == self.newest)
        }) {
            return Page::Shared(shared.batch.clone());
        }
        // region: page
        let mut bytes = 0;
        let messages: Vec<Bytes> = self
            .messages
            .iter()
            .skip(usize::try_from(start.after - self.floor()).unwrap_or(usize::MAX))
            .take(MAX_BATCH_MESSAGES)
            .map(|message| message.json().clone())
            .take_while(|json| {
                bytes += json.len() + 1;
                bytes <= MAX_MESSAGES_BYTES
            })
            .collect();
        // endregion: page
        let full = (messages.len() as u64) < ahead;
        Page::Several { messages, full }
    }

    /// Keeps `batch` for other followers at the same place.
    pub(crate) fn share(&mut self, start: Start, batch: &Batch, full: bool) {
        // Followers fell off the end each at a place of its own.
        if matches!(start.gap, Gap::Missed(_)) {
            return;
        }
        self.shared.retain(|shared| shared.start != start);
        self.shared.truncate(SHARED_BATCHES - 1);
        self.shared.push_front(Shared { start, batch: batch.clone(), full });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Draft;

    fn ring(messages: u64) -> Ring {
        let mut ring = Ring::new(100);
        let draft = Draft::new("brian", "hi", None).unwrap();
        for id in 1..=messages {
            assert!(ring.push(Message::encode(&Cursor::new("k".into(), id), 0, &draft)).is_none());
        }
        ring
    }

    fn batch(id: u64, gap: Gap) -> Batch {
        Batch { json: Bytes::new(), cursor: Cursor::new("k".into(), id), len: 2, gap }
    }

    fn shared(ring: &Ring) -> Vec<u64> {
        ring.shared.iter().map(|shared| shared.start.after).collect()
    }

    #[test]
    fn the_latest_4_batches_are_kept_one_for_each_place() {
        let mut ring = ring(9);
        for (after, expected) in [
            (0, vec![0]),
            (1, vec![1, 0]),
            (2, vec![2, 1, 0]),
            (1, vec![1, 2, 0]),
            (3, vec![3, 1, 2, 0]),
            (4, vec![4, 3, 1, 2]),
        ] {
            ring.share(Start { after, gap: Gap::None }, &batch(9, Gap::None), false);
            assert_eq!(shared(&ring), expected);
        }
        assert!(matches!(ring.page(Start { after: 3, gap: Gap::None }), Page::Shared(_)));
        assert!(matches!(ring.page(Start { after: 0, gap: Gap::None }), Page::Several { .. }));
    }

    #[test]
    fn batches_that_tell_of_missed_messages_are_not_kept() {
        let mut ring = ring(9);
        for gap in [Gap::Missed(1), Gap::Reset] {
            ring.share(Start { after: 0, gap }, &batch(9, gap), false);
        }
        assert_eq!(shared(&ring), [0]);
        assert!(matches!(ring.page(Start { after: 0, gap: Gap::Missed(1) }), Page::Several { .. }));
    }

    #[test]
    fn what_is_not_retained_is_given_back() {
        let mut ring = Ring::new(1);
        let draft = Draft::new("brian", "hi", None).unwrap();
        let message = |id| Message::encode(&Cursor::new("k".into(), id), 0, &draft);
        assert_eq!(ring.push(message(1)), None);
        assert_eq!(ring.push(message(2)), Some(message(1)));
        assert_eq!((ring.floor(), ring.newest, ring.messages.len()), (1, 2, 1));
    }
}
