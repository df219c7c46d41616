//! A place in the log, and its text form.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The longest text form of a cursor, in bytes.
pub const MAX_CURSOR_BYTES: usize = 64;

/// A place in a log: after the message `id`, in the log named by `epoch`.
///
/// Its text form is `<epoch>-<id>`, opaque to clients. Two cursors are equal if they stand at the same place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    epoch: Arc<str>,
    id: u64,
}

impl Cursor {
    pub(crate) fn new(epoch: Arc<str>, id: u64) -> Self {
        Self { epoch, id }
    }

    /// The log that this is a place in.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The id of the message that this stands after; 0 before the first.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.id)
    }
}

/// The rule that a text breaks which is not a cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// Nothing at all.
    #[error("the cursor is empty")]
    Empty,
    /// More than [`MAX_CURSOR_BYTES`].
    #[error("the cursor has {bytes} bytes; at most {MAX_CURSOR_BYTES} are allowed")]
    TooLong {
        /// The length, in bytes.
        bytes: usize,
    },
    /// A byte outside `[A-Za-z0-9-]`.
    #[error("the cursor has the byte 0x{byte:02x}; letters, digits and `-` are allowed")]
    Byte {
        /// The first such byte.
        byte: u8,
    },
    /// Without a `-`.
    #[error("the cursor has no `-` between epoch and id")]
    NoHyphen,
    /// Nothing before the last `-`.
    #[error("the cursor has no epoch before its last `-`")]
    NoEpoch,
    /// Nothing after the last `-`.
    #[error("the cursor has no id after its last `-`")]
    NoId,
    /// Not a number after the last `-`.
    #[error("the cursor's id, after its last `-`, is not decimal")]
    IdNotDecimal,
}

impl FromStr for Cursor {
    type Err = CursorError;

    /// Reads the text form. A cursor of another log is as good as one of this log: following from it tells of a reset.
    ///
    /// # Errors
    ///
    /// The first rule that `text` breaks.
    fn from_str(text: &str) -> Result<Self, CursorError> {
        if text.is_empty() {
            return Err(CursorError::Empty);
        }
        if text.len() > MAX_CURSOR_BYTES {
            return Err(CursorError::TooLong { bytes: text.len() });
        }
        if let Some(byte) = text.bytes().find(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-')) {
            return Err(CursorError::Byte { byte });
        }
        let (epoch, id) = text.rsplit_once('-').ok_or(CursorError::NoHyphen)?;
        if epoch.is_empty() {
            return Err(CursorError::NoEpoch);
        }
        if id.is_empty() {
            return Err(CursorError::NoId);
        }
        if !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CursorError::IdNotDecimal);
        }
        // Digits alone fail only by being beyond u64; no log gets there, so such a place is past the newest message.
        Ok(Self { epoch: epoch.into(), id: id.parse().unwrap_or(u64::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for (text, epoch, id) in [
            ("k3f9-7", "k3f9", 7),
            ("k3f9-0", "k3f9", 0),
            ("A-Z-9-12", "A-Z-9", 12),
            ("--5", "-", 5),
            ("0-18446744073709551615", "0", u64::MAX),
        ] {
            let cursor: Cursor = text.parse().unwrap();
            assert_eq!((cursor.epoch(), cursor.id()), (epoch, id), "{text}");
            assert_eq!(cursor.to_string(), text);
        }
    }

    #[test]
    fn longest_is_64_bytes() {
        let longest = format!("{}-7", "e".repeat(62));
        assert_eq!(longest.len(), MAX_CURSOR_BYTES);
        assert_eq!(longest.parse::<Cursor>().unwrap().to_string(), longest);
        assert_eq!(format!("e{longest}").parse::<Cursor>(), Err(CursorError::TooLong { bytes: 65 }));
    }

    #[test]
    fn id_beyond_u64_is_a_place_past_every_message() {
        for text in ["k-18446744073709551616", "k-99999999999999999999999999999999999"] {
            assert_eq!(text.parse::<Cursor>().unwrap().id(), u64::MAX, "{text}");
        }
    }

    #[test]
    fn each_rule_is_named() {
        for (text, error) in [
            ("", CursorError::Empty),
            ("k3f9", CursorError::NoHyphen),
            ("7", CursorError::NoHyphen),
            ("-7", CursorError::NoEpoch),
            ("-", CursorError::NoEpoch),
            ("k3f9-", CursorError::NoId),
            ("k3f9-7a", CursorError::IdNotDecimal),
            ("k3f9-abc", CursorError::IdNotDecimal),
            ("k3f9 7", CursorError::Byte { byte: b' ' }),
            ("k3f9-+7", CursorError::Byte { byte: b'+' }),
            ("\"k3f9-7\"", CursorError::Byte { byte: b'"' }),
            ("k3f9-7\n", CursorError::Byte { byte: b'\n' }),
            ("k_3-7", CursorError::Byte { byte: b'_' }),
            ("é-7", CursorError::Byte { byte: 0xc3 }),
            ("k-\u{661}", CursorError::Byte { byte: 0xd9 }),
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(error), "{text:?}");
        }
    }
}
