//! From frames to messages: fragmentation, RFC 6455 §5.4, and the limits of a message.

use bytes::Bytes;

use crate::failure::Failure;
use crate::frame::{Opcode, Start};
use crate::utf8::Utf8Decoder;

/// A whole message.
#[derive(Debug)]
pub(crate) enum Message {
    /// UTF-8, RFC 6455 §5.6.
    Text(String),
    /// Any octets.
    Binary(Bytes),
}

/// What this endpoint takes. The chat's own limits are the default.
#[derive(Clone, Copy, Debug)]
pub struct MessageLimits {
    /// The most octets of a message, all its fragments together: 32 KiB. One more is 1009.
    pub max_message_bytes: usize,
    /// The most frames a message may come in: 64. One more is 1008.
    pub max_fragments: usize,
    /// Whether binary messages are taken: no. One is 1003.
    pub accept_binary: bool,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { max_message_bytes: 32 * 1024, max_fragments: 64, accept_binary: false }
    }
}

/// Joins the frames of messages. Holds memory only while a message is under way, and only for what has come.
#[derive(Debug)]
pub(crate) struct Assembler {
    limits: MessageLimits,
    under_way: Option<UnderWay>,
}

/// The message whose fragments are arriving.
#[derive(Debug)]
struct UnderWay {
    payload: Payload,
    /// Frames begun.
    fragments: usize,
    /// Octets of payload of the frames begun, arrived or not.
    announced: usize,
}

#[derive(Debug)]
enum Payload {
    Text(Utf8Decoder),
    Binary(Vec<u8>),
}

impl Assembler {
    pub(crate) const fn new(limits: MessageLimits) -> Self {
        Self { limits, under_way: None }
    }

    /// Judges the first octet of a data frame.
    pub(crate) fn admit_start(&self, start: Start) -> Result<(), Failure> {
        match (&self.under_way, start.opcode) {
            // RFC 6455 §5.4: fragments of one message MUST NOT be interleaved with those of another.
            (None, Opcode::Continuation) => Err(Failure::UnexpectedContinuation),
            (Some(_), opcode @ (Opcode::Text | Opcode::Binary)) => {
                Err(Failure::ExpectedContinuation { opcode })
            }
            // RFC 6455 §7.4.1: 1003 is for an endpoint that understands only text.
            (None, Opcode::Binary) if !self.limits.accept_binary => Err(Failure::BinaryNotAccepted),
            // RFC 6455 §10.4: limits on frame and message, else fragments without end exhaust the receiver.
            (Some(message), Opcode::Continuation) if message.fragments >= self.limits.max_fragments => {
                Err(Failure::TooManyFragments { limit: self.limits.max_fragments })
            }
            _ => Ok(()),
        }
    }

    /// Judges the length of a data frame, before any of its payload is there.
    pub(crate) fn admit_length(&self, payload_len: u64) -> Result<(), Failure> {
        let limit = self.limits.max_message_bytes;
        let before = self.under_way.as_ref().map_or(0, |message| message.announced as u64);
        let announced = before.saturating_add(payload_len);
        // RFC 6455 §10.4, as above.
        if announced > limit as u64 {
            return Err(Failure::MessageTooBig { announced, limit });
        }
        Ok(())
    }

    /// Begins a data frame that was admitted.
    pub(crate) fn begin_frame(&mut self, opcode: Opcode, payload_len: usize) {
        let message = self.under_way.get_or_insert_with(|| UnderWay {
            payload: match opcode {
                Opcode::Binary => Payload::Binary(Vec::new()),
                _ => Payload::Text(Utf8Decoder::default()),
            },
            fragments: 0,
            announced: 0,
        });
        message.fragments += 1;
        message.announced += payload_len;
    }

    /// Takes the next unmasked octets of the frame's payload.
    pub(crate) fn push(&mut self, octets: &[u8]) -> Result<(), Failure> {
        match self.under_way.as_mut().map(|message| &mut message.payload) {
            // RFC 6455 §8.1: text that is not UTF-8 MUST fail the connection.
            Some(Payload::Text(text)) => {
                text.push(octets).map_err(|error| Failure::InvalidUtf8 { position: error.position })
            }
            Some(Payload::Binary(binary)) => {
                binary.extend_from_slice(octets);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Ends the frame: gives the message if this was its last.
    pub(crate) fn end_frame(&mut self, fin: bool) -> Result<Option<Message>, Failure> {
        if !fin {
            return Ok(None);
        }
        Ok(match self.under_way.take().map(|message| message.payload) {
            // RFC 6455 §8.1, as above: a fragment may end inside a code point (§5.6), a message may not.
            Some(Payload::Text(text)) => Some(Message::Text(
                text.finish().map_err(|error| Failure::IncompleteUtf8 { position: error.position })?,
            )),
            Some(Payload::Binary(binary)) => Some(Message::Binary(binary.into())),
            None => None,
        })
    }

    /// Gives back the memory of the message under way.
    pub(crate) fn release(&mut self) {
        self.under_way = None;
    }

    /// Octets of memory held.
    pub(crate) fn capacity(&self) -> usize {
        match self.under_way.as_ref().map(|message| &message.payload) {
            Some(Payload::Text(text)) => text.capacity(),
            Some(Payload::Binary(binary)) => binary.capacity(),
            None => 0,
        }
    }
}
