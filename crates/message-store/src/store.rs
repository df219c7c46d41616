//! The handle of a log.

use std::fmt;
use std::sync::Arc;

use crate::cursor::Cursor;
use crate::draft::Draft;
use crate::follower::Follower;
use crate::log::Log;
use crate::message::Message;

/// A handle of one log. A clone is another handle of the same log; the log lives as long as a handle or follower does.
#[derive(Clone)]
pub struct MessageStore {
    log: Arc<Log>,
}

impl MessageStore {
    /// A new, empty log in memory, of an epoch of its own.
    ///
    /// The newest `history` messages are retained for followers; 0 is taken as 1. Besides, up to
    /// [`NONCE_WINDOW`](crate::NONCE_WINDOW) messages are kept for repeated nonces. A message takes at most 9 KiB.
    pub fn in_memory(history: usize) -> Self {
        Self { log: Arc::new(Log::new(history)) }
    }

    /// Appends the message of `draft`, unless it repeats a nonce; wakes every follower that waits.
    ///
    /// When this returns, the message is in the log. Once polled it completes: dropped before, nothing happened.
    pub async fn append(&self, draft: Draft) -> Appended {
        self.log.append(&draft)
    }

    /// Follows the log after a cursor; without one, from the oldest retained message.
    pub fn follow(&self, after: Option<Cursor>) -> Follower {
        Follower::new(Arc::clone(&self.log), after)
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.log.stats()
    }
}

impl fmt::Debug for MessageStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageStore").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It was added as this message.
    New(Message),
    /// Its nonce repeats that of this message, which was added before; nothing was added now.
    Repeated(Message),
}

impl Appended {
    /// The message that is in the log.
    pub fn message(&self) -> &Message {
        match self {
            Self::New(message) | Self::Repeated(message) => message,
        }
    }

    /// The message that is in the log.
    pub fn into_message(self) -> Message {
        match self {
            Self::New(message) | Self::Repeated(message) => message,
        }
    }
}

/// Counters of one log, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Messages added; repeats are not.
    pub messages_appended: u64,
    /// Messages encoded, each with the batch of that one message.
    pub messages_encoded: u64,
    /// Other batches encoded: of no or several messages, or with something missed or reset to tell.
    pub batches_encoded: u64,
}
