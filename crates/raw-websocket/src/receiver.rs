//! From octets to events: the reading half of a connection, in the order of the wire.

use bytes::{Buf, Bytes, BytesMut};

use crate::close::CloseReason;
use crate::deflate::Parameters;
use crate::failure::Failure;
use crate::frame::{self, FrameHeader, MAX_HEADER_BYTES, Opcode, Role};
use crate::mask::apply_mask;
use crate::message::{Assembler, Message, MessageLimits};

/// What the peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole text message.
    Text(String),
    /// A whole binary message.
    Binary(Bytes),
    /// A ping with its application data, at most 125 octets. [`Connection::answer`](crate::connection::Connection::answer) it.
    Ping(Bytes),
    /// A pong with its application data, at most 125 octets: the answer to a ping, or a sign of life.
    Pong(Bytes),
    /// The peer's Close. Nothing comes after it. [`Connection::answer`](crate::connection::Connection::answer) it.
    Close(Option<CloseReason>),
}

/// Reads frames, and joins them to messages.
#[derive(Debug)]
pub(crate) struct Receiver {
    role: Role,
    head: Head,
    frame: Option<FrameUnderWay>,
    /// The payload of the control frame under way, which may stand between two fragments of a message.
    control: Vec<u8>,
    message: Assembler,
}

/// What has come of a frame's header: the first `len` octets.
#[derive(Debug, Default)]
struct Head {
    octets: [u8; MAX_HEADER_BYTES],
    len: usize,
}

/// A frame whose header was read.
#[derive(Clone, Copy, Debug)]
struct FrameUnderWay {
    fin: bool,
    opcode: Opcode,
    masking_key: Option<[u8; 4]>,
    payload_len: usize,
    /// Octets of the payload that were taken.
    taken: usize,
}

impl Receiver {
    pub(crate) fn new(role: Role, limits: MessageLimits) -> Self {
        Self {
            role,
            head: Head::default(),
            frame: None,
            control: Vec::new(),
            message: Assembler::new(limits),
        }
    }

    /// Takes messages that the peer has compressed so.
    pub(crate) fn inflate(&mut self, parameters: Parameters) {
        self.message.inflate(parameters.received(self.role));
    }

    /// Reads header, payload, header, payload until a frame ends that makes an event.
    pub(crate) fn next_event(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Failure> {
        loop {
            let Some(frame) = self.frame.take() else {
                match self.read_header(input)? {
                    Some(frame) => self.frame = Some(frame),
                    None => return Ok(None),
                }
                continue;
            };
            let frame = self.read_payload(frame, input)?;
            if frame.taken < frame.payload_len {
                self.frame = Some(frame);
                return Ok(None);
            }
            if let Some(event) = self.end_frame(frame)? {
                return Ok(Some(event));
            }
        }
    }

    /// Reads a header that may have begun in an earlier input, and gets ready for its payload.
    fn read_header(&mut self, input: &mut BytesMut) -> Result<Option<FrameUnderWay>, Failure> {
        let before = self.head.len;
        self.head.fill(input);
        let Some((header, header_len)) = self.parse_header()? else {
            // The longest header would be whole: so all of the input is in `head`.
            input.clear();
            return Ok(None);
        };
        input.advance(header_len - before);
        self.head.len = 0;

        let FrameHeader { fin, opcode, payload_len, masking_key, .. } = header;
        // Admitted, so within a limit that is a `usize`.
        let payload_len = usize::try_from(payload_len).unwrap_or(usize::MAX);
        if !opcode.is_control() {
            self.message.begin_frame(&header, payload_len);
        }
        Ok(Some(FrameUnderWay { fin, opcode, masking_key, payload_len, taken: 0 }))
    }

    /// Parses what has come of a header, and judges each part as soon as it is there: by the rules of frames
    /// in `frame`, then by what the message under way and the limits allow.
    fn parse_header(&self) -> Result<Option<(FrameHeader, usize)>, Failure> {
        let head = self.head.octets.get(..self.head.len).unwrap_or_default();
        let Some(start) = frame::parse_start(head, self.message.inflates())? else { return Ok(None) };
        if !start.opcode.is_control() {
            self.message.admit_start(start)?;
        }
        let Some(length) = frame::parse_length(head, start, self.role)? else { return Ok(None) };
        if !start.opcode.is_control() {
            self.message.admit_length(start, length.payload_len)?;
        }
        if start.opcode == Opcode::Close && length.payload_len == 1 {
            return Err(Failure::CloseBodyOfOneOctet);
        }
        Ok(frame::parse_masking_key(head, start, length))
    }

    /// Takes what has come of the frame's payload.
    fn read_payload(
        &mut self,
        mut frame: FrameUnderWay,
        input: &mut BytesMut,
    ) -> Result<FrameUnderWay, Failure> {
        let len = input.len().min(frame.payload_len - frame.taken);
        let (octets, _) = input.split_at_mut(len);
        if let Some(key) = frame.masking_key {
            apply_mask(octets, key, frame.taken);
        }
        if frame.opcode.is_control() {
            self.control.extend_from_slice(octets);
        } else {
            self.message.push(octets)?;
        }
        input.advance(len);
        frame.taken += len;
        Ok(frame)
    }

    /// Makes an event of a frame that is whole: a control frame, or the last of its message.
    fn end_frame(&mut self, frame: FrameUnderWay) -> Result<Option<Event>, Failure> {
        // region: end-of-frame
        if frame.opcode.is_control() {
            let body = Bytes::from(std::mem::take(&mut self.control));
            return Ok(Some(match frame.opcode {
                Opcode::Close => Event::Close(CloseReason::parse(&body)?),
                Opcode::Ping => Event::Ping(body),
                _ => Event::Pong(body),
            }));
        }
        Ok(self.message.end_frame(frame.fin)?.map(|message| match message {
            Message::Text(text) => Event::Text(text),
            Message::Binary(binary) => Event::Binary(binary),
        }))
        // endregion: end-of-frame
    }

    /// Gives back the memory of the frame and the message under way. Nothing may be read after that.
    pub(crate) fn release(&mut self) {
        self.control = Vec::new();
        self.message.release();
    }

    /// Octets of memory held.
    pub(crate) fn capacity(&self) -> usize {
        self.control.capacity() + self.message.capacity()
    }
}

impl Head {
    /// Copies octets of the input until the longest header would be whole. They stay in the input.
    fn fill(&mut self, input: &[u8]) {
        for (slot, &octet) in self.octets.iter_mut().skip(self.len).zip(input) {
            *slot = octet;
            self.len += 1;
        }
    }
}
