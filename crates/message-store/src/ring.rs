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
