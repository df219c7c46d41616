//! What a socket has not taken yet, and who sends batches to it.

use std::io;

use bytes::{Buf, BytesMut};
use message_store::Cursor;
use server::limits;

/// What the socket has not taken yet, and who sends batches. Times are milliseconds of the hub's clock.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pending: BytesMut,
    /// Octets of answers in `pending` since it was last empty.
    answers: usize,
    /// When `pending` last shrank, or began.
    taken: u64,
    pub(crate) batches: Batches,
}

/// Who sends batches to a socket.
#[derive(Debug, Default)]
pub(crate) enum Batches {
    /// The conversation, from its own follower.
    #[default]
    Conversation,
    /// The hub.
    Hub,
    /// The conversation again, from this cursor; it was told, and has not looked yet.
    Left(Cursor),
    /// Nobody: a Close was sent.
    Nobody,
}

impl Output {
    /// Begins with octets that go out before the first frame.
    pub(crate) fn new(head: BytesMut, now: u64) -> Self {
        Self { pending: head, taken: now, ..Self::default() }
    }

    /// Appends a batch's frame, or what of it the socket did not take.
    pub(crate) fn append(&mut self, now: u64, append: impl FnOnce(&mut BytesMut)) {
        self.begin(now);
        append(&mut self.pending);
    }

    /// Appends answers that `append` encodes: they count for [`Self::is_full`].
    pub(crate) fn answer(&mut self, now: u64, append: impl FnOnce(&mut BytesMut)) {
        self.begin(now);
        let before = self.pending.len();
        append(&mut self.pending);
        self.answers += self.pending.len() - before;
    }

    /// Something is about to be appended: where there was nothing, the peer's time to take it begins.
    fn begin(&mut self, now: u64) {
        if self.pending.is_empty() {
            self.taken = now;
        }
    }

    /// Writes as much as `write` takes.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) fn flush(&mut self, now: u64, write: impl Fn(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        while !self.pending.is_empty() {
            match write(&self.pending) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(octets) => {
                    self.pending.advance(octets);
                    self.taken = now;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.pending = BytesMut::new();
        self.answers = 0;
        Ok(())
    }

    /// Whether all was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether the peer leaves so many answers unread that it is not listened to.
    pub(crate) fn is_full(&self) -> bool {
        self.answers > limits::MAX_UNREAD_ANSWERS_BYTES
    }

    /// Milliseconds for which the peer has taken nothing of what there is to take.
    pub(crate) fn stalled(&self, now: u64) -> u64 {
        if self.pending.is_empty() { 0 } else { now.saturating_sub(self.taken) }
    }
}
