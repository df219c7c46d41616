//! A message of the log, encoded once.

use bytes::Bytes;
use serde_json::Value;

use crate::batch::{self, Gap};
use crate::cursor::Cursor;
use crate::draft::Draft;

/// A draft that the log accepted. A clone shares its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    id: u64,
    batch: Bytes,
    json: Bytes,
}

impl Message {
    /// Encodes `draft`, now the message that `cursor` stands after. `time` is in milliseconds since the Unix epoch.
    pub(crate) fn encode(cursor: &Cursor, time: u64, draft: &Draft) -> Self {
        let id = cursor.id();
        let user = Value::from(draft.user());
        let text = Value::from(draft.text());
        // No character of a nonce needs an escape.
        let nonce = draft.nonce().map(|nonce| format!(r#","nonce":"{nonce}""#)).unwrap_or_default();
        let json = format!(r#"{{"id":{id},"user":{user},"text":{text},"time":{time}{nonce}}}"#);

        let batch = batch::encode(std::iter::once(json.as_bytes()), cursor, Gap::None);
        let json = batch.slice(batch::HEAD.len()..batch::HEAD.len() + json.len());
        Self { id, batch, json }
    }

    /// Its number in the log; the first is 1, the next always 1 more.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its JSON, the same bytes on every transport; a slice of [`Self::batch`].
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The JSON of the batch of this message alone, with the cursor after it.
    pub fn batch(&self) -> &Bytes {
        &self.batch
    }

    pub(crate) fn into_batch(self) -> Bytes {
        self.batch
    }

    /// The JSON of a batch of this message without a cursor: says that it is in the log, and nothing of its place.
    ///
    /// A socket answers a repeated nonce so.
    pub fn batch_without_cursor(&self) -> Bytes {
        [batch::HEAD.as_bytes(), &self.json, b"]}"].concat().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(user: &str, text: &str, nonce: Option<&str>) -> Message {
        let cursor = Cursor::new("k3f9".into(), 7);
        Message::encode(&cursor, 1_763_600_000_000, &Draft::new(user, text, nonce).unwrap())
    }

    #[test]
    fn fields_stand_in_the_order_of_the_protocol() {
        let message = encode("brian", "hi", Some("b7c1"));
        let json = r#"{"id":7,"user":"brian","text":"hi","time":1763600000000,"nonce":"b7c1"}"#;
        assert_eq!(message.id(), 7);
        assert_eq!(message.json(), json.as_bytes());
        assert_eq!(message.batch(), format!(r#"{{"messages":[{json}],"cursor":"k3f9-7"}}"#).as_bytes());
        assert_eq!(&message.batch_without_cursor(), format!(r#"{{"messages":[{json}]}}"#).as_bytes());
    }

    #[test]
    fn without_nonce_there_is_no_such_field() {
        let json = r#"{"id":7,"user":"b","text":"hi","time":1763600000000}"#;
        assert_eq!(encode("b", "hi", None).json(), json.as_bytes());
    }

    #[test]
    fn strings_are_escaped() {
        let message = encode("a\"b\\c", "\"\\\n\t/<é😀\u{2028}", None);
        let json = "{\"id\":7,\"user\":\"a\\\"b\\\\c\",\"text\":\"\\\"\\\\\\n\\t/<é😀\u{2028}\",\"time\":1763600000000}";
        assert_eq!(message.json(), json.as_bytes());
    }

    #[test]
    fn json_is_a_slice_of_the_batch() {
        let message = encode("b", "hi", None);
        let batch = message.batch().as_ptr_range();
        let json = message.json().as_ptr_range();
        assert!(batch.start < json.start && json.end < batch.end);
    }
}
