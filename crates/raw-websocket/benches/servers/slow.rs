//! A client that follows the log by its batches, as a slow one must: each message once, or counted as missed.

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// Where it is in the log, which began with message 1.
#[derive(Default)]
pub(crate) struct Slow {
    /// The newest message that it has had or was told it missed.
    pub(crate) at: u64,
    cursor: String,
    pub(crate) account: SlowAccount,
}

/// What it was told.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct SlowAccount {
    pub(crate) messages: u64,
    pub(crate) batches: u64,
    /// Messages that the server said it has missed.
    pub(crate) missed: u64,
    /// How often it was told so.
    pub(crate) told: u64,
    pub(crate) twice: u64,
    /// Messages that are absent, and of which nothing was said.
    pub(crate) unaccounted: u64,
}

#[derive(Deserialize)]
struct Batch {
    messages: Vec<Message>,
    cursor: String,
    #[serde(default)]
    missed: u64,
    #[serde(default)]
    reset: bool,
}

#[derive(Deserialize)]
struct Message {
    id: u64,
}

impl Slow {
    /// Takes in a text message of the server.
    ///
    /// # Errors
    /// It is no batch, or the log was lost.
    pub(crate) fn hear(&mut self, text: &[u8]) -> Outcome<()> {
        let batch: Batch = serde_json::from_slice(text)?;
        if batch.reset {
            return Err("the server says that its log was lost".into());
        }
        let account = &mut self.account;
        account.batches += 1;
        account.missed += batch.missed;
        account.told += u64::from(batch.missed > 0);
        self.at += batch.missed;
        for Message { id } in batch.messages {
            if id <= self.at {
                account.twice += 1;
            } else {
                account.messages += 1;
                account.unaccounted += id - self.at - 1;
                self.at = id;
            }
        }
        self.cursor = batch.cursor;
        Ok(())
    }

    /// The target of a new connection that goes on where the last ended.
    pub(crate) fn target(&self) -> String {
        if self.cursor.is_empty() {
            return "/messages".to_owned();
        }
        format!("/messages?after={}", self.cursor)
    }

    /// # Errors
    /// Something came twice, or is absent without a word, up to message `newest`.
    pub(crate) fn check(&self, newest: u64) -> Result<(), String> {
        let SlowAccount { twice, unaccounted, .. } = self.account;
        if (twice, unaccounted, self.at) == (0, 0, newest) {
            return Ok(());
        }
        Err(format!(
            "{twice} messages twice, {unaccounted} absent without a word, at {} of {newest}",
            self.at
        ))
    }
}
