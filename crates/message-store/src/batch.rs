//! What a follower gets at once.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::cursor::Cursor;

/// The most messages in one batch.
pub const MAX_BATCH_MESSAGES: usize = 256;

/// The longest JSON of one batch, in bytes: 256 KiB.
pub const MAX_BATCH_BYTES: usize = 256 * 1024;

/// What stands before the messages.
pub(crate) const HEAD: &str = r#"{"messages":["#;

/// More than all of a batch that is not messages and commas: HEAD 13, `],"cursor":"` 12, our cursor 34, `"` 1,
/// `,"missed":` 10, its number 20, `}` 1.
const ENVELOPE_BYTES: usize = 128;

/// What messages and commas may take, so that the whole stays within [`MAX_BATCH_BYTES`].
pub(crate) const MAX_MESSAGES_BYTES: usize = MAX_BATCH_BYTES - ENVELOPE_BYTES;

/// What lies between a follower's cursor and the first message that it can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing.
    None,
    /// This many messages that are no longer retained.
    Missed(u64),
    /// Nobody knows: the cursor is not of this log, or past its newest message.
    Reset,
}

/// Messages, oldest first, and the cursor after them. A clone shares its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub(crate) json: Bytes,
    pub(crate) cursor: Cursor,
    pub(crate) len: usize,
    pub(crate) gap: Gap,
}

impl Batch {
    /// Its JSON: `{"messages":[…],"cursor":"k3f9-7"}`, with `"missed":n` or `"reset":true` where there is that to tell;
    /// at most [`MAX_BATCH_BYTES`].
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The JSON itself, for who writes it and needs nothing else.
    pub fn into_json(self) -> Bytes {
        self.json
    }

    /// How many messages it has; at most [`MAX_BATCH_MESSAGES`].
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no message. It may still tell something: see [`Self::has_news`].
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The place after its last message, from which following gives the next and nothing twice.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// How many messages, between the follower's cursor and this batch, are no longer retained.
    pub fn missed(&self) -> Option<u64> {
        match self.gap {
            Gap::Missed(messages) => Some(messages),
            Gap::None | Gap::Reset => None,
        }
    }

    /// Whether the follower's cursor was of another log, or past the newest message: this then starts at the oldest
    /// message that is retained.
    pub fn reset(&self) -> bool {
        self.gap == Gap::Reset
    }

    /// Whether it tells anything: messages, some that were missed, or a reset.
    pub fn has_news(&self) -> bool {
        !self.is_empty() || self.gap != Gap::None
    }
}

/// Encodes a batch of `messages`, each its JSON.
pub(crate) fn encode<'a>(
    messages: impl Iterator<Item = &'a [u8]> + Clone,
    cursor: &Cursor,
    gap: Gap,
) -> Bytes {
    // region: encode-batch
    let mut tail = format!(r#"],"cursor":"{cursor}""#);
    match gap {
        Gap::None => {}
        // Writing to a String does not fail.
        Gap::Missed(missed) => _ = write!(tail, r#","missed":{missed}"#),
        Gap::Reset => tail.push_str(r#","reset":true"#),
    }
    tail.push('}');

    let bytes: usize = messages.clone().map(|json| json.len() + 1).sum();
    let mut json = Vec::with_capacity(HEAD.len() + bytes + tail.len());
    json.extend_from_slice(HEAD.as_bytes());
    for (index, message) in messages.enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(message);
    }
    json.extend_from_slice(tail.as_bytes());
    json.into()
    // endregion: encode-batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(messages: &[&str], cursor: &str, gap: Gap) -> String {
        let json = encode(messages.iter().map(|json| json.as_bytes()), &cursor.parse().unwrap(), gap);
        String::from_utf8(json.to_vec()).unwrap()
    }

    #[test]
    fn fields_stand_in_the_order_of_the_protocol() {
        assert_eq!(encoded(&[], "k3f9-0", Gap::None), r#"{"messages":[],"cursor":"k3f9-0"}"#);
        assert_eq!(encoded(&["1", "2"], "k3f9-2", Gap::None), r#"{"messages":[1,2],"cursor":"k3f9-2"}"#);
        assert_eq!(
            encoded(&["1"], "k3f9-9", Gap::Missed(8)),
            r#"{"messages":[1],"cursor":"k3f9-9","missed":8}"#
        );
        assert_eq!(encoded(&[], "k3f9-0", Gap::Reset), r#"{"messages":[],"cursor":"k3f9-0","reset":true}"#);
    }

    #[test]
    fn the_longest_envelope_fits_in_what_is_set_aside_for_it() {
        let cursor = format!("{}-{}", crate::log::epoch_text(u64::MAX), u64::MAX);
        assert!(encoded(&[], &cursor, Gap::Missed(u64::MAX)).len() <= ENVELOPE_BYTES);
    }
}
