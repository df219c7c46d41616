//! From frames to messages: fragmentation, RFC 6455 §5.4, and the limits of a message.

use bytes::Bytes;

use crate::deflate::{Compression, Inflater, max_compressed_bytes};
use crate::failure::Failure;
use crate::frame::{FrameHeader, Opcode, Start};
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
    /// The most octets of a message, all its fragments together, and inflated if it is compressed: 32 KiB. One
    /// more is 1009.
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

/// Joins the frames of messages. Holds memory only while a message is under way, and only for what has come;
/// between messages no more than the window of [`Inflater`].
#[derive(Debug)]
pub(crate) struct Assembler {
    limits: MessageLimits,
    /// If permessage-deflate is negotiated. In a box, so that other connections do not pay for it.
    inflater: Option<Box<Inflater>>,
    under_way: Option<UnderWay>,
}

/// The message whose fragments are arriving.
#[derive(Debug)]
struct UnderWay {
    payload: Payload,
    /// RSV1 of the first frame, RFC 7692 §6: all fragments together are one compressed message.
    compressed: bool,
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
        Self { limits, inflater: None, under_way: None }
    }

    /// Takes compressed messages from now on.
    pub(crate) fn inflate(&mut self, compression: Compression) {
        self.inflater = Some(Box::new(Inflater::new(compression, self.limits.max_message_bytes)));
    }

    /// Whether compressed messages are taken.
    pub(crate) const fn inflates(&self) -> bool {
        self.inflater.is_some()
    }

    /// Judges the first octet of a data frame.
    pub(crate) fn admit_start(&self, start: Start) -> Result<(), Failure> {
        // region: admit-start
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
        // endregion: admit-start
    }

    /// Judges the length of a data frame, before any of its payload is there.
    pub(crate) fn admit_length(&self, start: Start, payload_len: u64) -> Result<(), Failure> {
        let compressed = self.under_way.as_ref().map_or(start.rsv1, |message| message.compressed);
        let limit = self.limits.max_message_bytes;
        let limit = if compressed { max_compressed_bytes(limit) } else { limit };
        let before = self.under_way.as_ref().map_or(0, |message| message.announced as u64);
        let announced = before.saturating_add(payload_len);
        // RFC 6455 §10.4: the limit counts all fragments of the message.
        if announced > limit as u64 {
            return Err(Failure::MessageTooBig { announced, limit });
        }
        Ok(())
    }

    /// Begins a data frame that was admitted.
    pub(crate) fn begin_frame(&mut self, header: &FrameHeader, payload_len: usize) {
        // region: begin-frame
        let message = self.under_way.get_or_insert_with(|| UnderWay {
            payload: match header.opcode {
                Opcode::Binary => Payload::Binary(Vec::new()),
                _ => Payload::Text(Utf8Decoder::default()),
            },
            compressed: header.rsv1,
            fragments: 0,
            announced: 0,
        });
        message.fragments += 1;
        message.announced += payload_len;
        // endregion: begin-frame
    }

    /// Takes the next unmasked octets of the frame's payload.
    pub(crate) fn push(&mut self, octets: &[u8]) -> Result<(), Failure> {
        let Some(message) = &mut self.under_way else { return Ok(()) };
        match &mut self.inflater {
            Some(inflater) if message.compressed => {
                inflater.push(octets, |inflated| message.payload.push(inflated))
            }
            _ => message.payload.push(octets),
        }
    }

    /// Ends the frame: gives the message if this was its last.
    pub(crate) fn end_frame(&mut self, fin: bool) -> Result<Option<Message>, Failure> {
        // region: end-frame
        if !fin {
            return Ok(None);
        }
        let Some(message) = self.under_way.take() else { return Ok(None) };
        if let Some(inflater) = self.inflater.as_mut().filter(|_| message.compressed) {
            inflater.finish()?;
        }
        Ok(Some(match message.payload {
            // RFC 6455 §8.1: a fragment may end inside a code point (§5.6), a message may not.
            Payload::Text(text) => Message::Text(
                text.finish().map_err(|error| Failure::IncompleteUtf8 { position: error.position })?,
            ),
            Payload::Binary(binary) => Message::Binary(binary.into()),
        }))
        // endregion: end-frame
    }

    /// Gives back all memory. Nothing may be read after that.
    pub(crate) fn release(&mut self) {
        self.under_way = None;
        self.inflater = None;
    }

    /// Octets of memory held.
    pub(crate) fn capacity(&self) -> usize {
        let payload = self.under_way.as_ref().map_or(0, |message| match &message.payload {
            Payload::Text(text) => text.capacity(),
            Payload::Binary(binary) => binary.capacity(),
        });
        payload + self.inflater.as_ref().map_or(0, |inflater| inflater.capacity())
    }
}

impl Payload {
    /// Takes the next octets, inflated.
    fn push(&mut self, octets: &[u8]) -> Result<(), Failure> {
        match self {
            // RFC 6455 §8.1: text that is not UTF-8 MUST fail the connection.
            Self::Text(text) => {
                text.push(octets).map_err(|error| Failure::InvalidUtf8 { position: error.position })
            }
            Self::Binary(binary) => {
                binary.extend_from_slice(octets);
                Ok(())
            }
        }
    }
}
