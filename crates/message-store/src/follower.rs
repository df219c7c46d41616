//! Reads the log from a cursor.

use std::fmt;
use std::sync::Arc;

use crate::batch::Batch;
use crate::cursor::Cursor;
use crate::log::Log;

/// Reads the log from a cursor, at its own pace. It holds no messages: what it has not read stays in the store, up to
/// the store's history. Dropping it tells nobody.
#[derive(Clone)]
pub struct Follower {
    log: Arc<Log>,
    /// `None` until the first read of one that started without a cursor.
    at: Option<Cursor>,
}

impl Follower {
    pub(crate) fn new(log: Arc<Log>, at: Option<Cursor>) -> Self {
        Self { log, at }
    }

    /// Gives what stands after the cursor now, maybe nothing, and moves the cursor behind it. Does not wait.
    ///
    /// A batch has limits: a follower that is further behind reads on, until a batch has no news.
    pub fn read(&mut self) -> Batch {
        let batch = self.log.read(self.at.as_ref());
        self.at = Some(batch.cursor().clone());
        batch
    }

    /// Waits until there is a message after the cursor, or a reset or missed messages to tell; then as [`Self::read`].
    ///
    /// Cancel safe: dropped before it is ready, the cursor has not moved.
    pub async fn next(&mut self) -> Batch {
        self.ready().await;
        self.read()
    }

    /// Waits until [`Self::next`] would return at once, and reads nothing: for who has something to wait for
    /// between knowing and reading, such as room to write. Cancel safe.
    ///
    /// What there is to tell stays so until it is read.
    pub async fn ready(&self) {
        // region: ready
        while let Some(news) = self.log.wait(self.at.as_ref()) {
            news.await;
        }
        // endregion: ready
    }

    /// Whether [`Self::next`] would return at once.
    pub fn has_news(&self) -> bool {
        self.log.has_news(self.at.as_ref())
    }

    /// Where the next read starts. Of a follower that began without a cursor and has not read yet: before the message
    /// that is the oldest retained now.
    pub fn cursor(&self) -> Cursor {
        self.at.clone().unwrap_or_else(|| self.log.oldest())
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("at", &self.at).finish_non_exhaustive()
    }
}
