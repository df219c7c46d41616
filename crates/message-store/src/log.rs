//! Gives ids, and holds what appends and followers share.
//!
//! ```text
//!  append ── writer ── id, nonce, encode ──┐
//!                                          ▼
//!                                        ring ── news ─▶ every follower that waits
//!                                          ▲
//!  read ───────────────────────────────────┘
//! ```
//!
//! Appends queue at `writer`, so a reader waits at `ring` for a push and never for encoding.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::batch::{self, Batch, Gap};
use crate::cursor::Cursor;
use crate::draft::Draft;
use crate::message::Message;
use crate::nonces::{self, NONCE_WINDOW, Nonces};
use crate::ring::{Page, Ring, Start};
use crate::store::{Appended, Stats};

/// The log of one store.
pub(crate) struct Log {
    epoch: Arc<str>,
    // Both are std's: held for microseconds and never across an await. `writer` is taken first.
    writer: Mutex<Writer>,
    ring: Mutex<Ring>,
    news: Notify,
    messages_encoded: AtomicU64,
    batches_encoded: AtomicU64,
}

struct Writer {
    newest: u64,
    nonces: Nonces,
}

impl Log {
    pub(crate) fn new(history: usize) -> Self {
        Self {
            // std seeds each hasher from the system's randomness; nothing hashed, it gives 64 bits nobody can foresee.
            epoch: epoch_text(RandomState::new().build_hasher().finish()).into(),
            writer: Mutex::new(Writer { newest: 0, nonces: Nonces::new(NONCE_WINDOW) }),
            ring: Mutex::new(Ring::new(history)),
            news: Notify::new(),
            messages_encoded: AtomicU64::new(0),
            batches_encoded: AtomicU64::new(0),
        }
    }

    /// Appends the message of `draft` and wakes who waits, or finds the first of its nonce.
    pub(crate) fn append(&self, draft: &Draft) -> Appended {
        // region: append
        let key = nonces::key(draft);
        let mut writer = lock(&self.writer);
        if let Some(first) = key.as_deref().and_then(|key| writer.nonces.find(key)) {
            return Appended::Repeated(first.clone());
        }
        writer.newest += 1;
        let message = Message::encode(&self.cursor(writer.newest), now(), draft);
        self.messages_encoded.fetch_add(1, Ordering::Relaxed);
        writer.nonces.insert(key, &message);
        // Pushed while `writer` is held, so that the ring gets ids in order; freed after both are released.
        let oldest = lock(&self.ring).push(message.clone());
        drop(writer);
        drop(oldest);
        self.news.notify_waiters();
        Appended::New(message)
        // endregion: append
    }

    /// What stands after `at`, maybe nothing.
    pub(crate) fn read(&self, at: Option<&Cursor>) -> Batch {
        let ring = lock(&self.ring);
        let start = ring.start(at, &self.epoch);
        self.take(ring, start)
    }

    /// What to wait for if there is nothing to tell after `at`: resolves when a message is appended.
    pub(crate) fn wait<'a>(&'a self, at: Option<&Cursor>) -> Option<Notified<'a>> {
        // region: wait
        let ring = lock(&self.ring);
        // Made under the lock: a message is pushed before this look, or after it and then ends the wait.
        (!ring.has_news(ring.start(at, &self.epoch))).then(|| self.news.notified())
        // endregion: wait
    }

    /// Whether there is anything to tell after `at`.
    pub(crate) fn has_news(&self, at: Option<&Cursor>) -> bool {
        let ring = lock(&self.ring);
        ring.has_news(ring.start(at, &self.epoch))
    }

    /// The place before the oldest retained message.
    pub(crate) fn oldest(&self) -> Cursor {
        self.cursor(lock(&self.ring).floor())
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            messages_appended: lock(&self.writer).newest,
            messages_encoded: self.messages_encoded.load(Ordering::Relaxed),
            batches_encoded: self.batches_encoded.load(Ordering::Relaxed),
        }
    }

    fn take(&self, ring: MutexGuard<'_, Ring>, start: Start) -> Batch {
        let page = ring.page(start);
        drop(ring);
        match page {
            Page::One(message) => Batch {
                cursor: self.cursor(message.id()),
                json: message.into_batch(),
                len: 1,
                gap: Gap::None,
            },
            Page::Shared(batch) => batch,
            Page::Several { messages, full } => {
                let cursor = self.cursor(start.after + messages.len() as u64);
                let json = batch::encode(messages.iter().map(Bytes::as_ref), &cursor, start.gap);
                self.batches_encoded.fetch_add(1, Ordering::Relaxed);
                let batch = Batch { json, cursor, len: messages.len(), gap: start.gap };
                lock(&self.ring).share(start, &batch, full);
                batch
            }
        }
    }

    fn cursor(&self, id: u64) -> Cursor {
        Cursor::new(Arc::clone(&self.epoch), id)
    }
}

/// A lock is poisoned only by a panic while it was held; nothing here panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server's clock, in milliseconds since the Unix epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `number` in base 36, at most 13 digits.
pub(crate) fn epoch_text(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(u32::try_from(number % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epoch_is_base_36() {
        for (number, text) in [(0, "0"), (35, "z"), (36, "10"), (u64::MAX, "3w5e11264sgsf")] {
            assert_eq!(epoch_text(number), text);
        }
    }

    #[test]
    fn every_log_has_its_own_epoch() {
        let epochs: std::collections::HashSet<_> = (0..1_000).map(|_| Log::new(1).epoch).collect();
        assert_eq!(epochs.len(), 1_000);
    }
}
