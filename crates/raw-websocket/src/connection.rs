//! A WebSocket connection after its opening handshake, without I/O: octets in, events and octets out.
//!
//! # The closing handshake
//!
//! RFC 6455 §7.1: each side sends one Close frame, and nothing after it. Who began does not matter, and both
//! may begin at once. A failure takes the way of a received Close: it, too, ends what is read.
//!
//! ```text
//!                                +------+
//!             we send Close      | Open |      Close received, or a failure
//!           +--------------------|      |---------------------+
//!           v                    +------+                     v
//!     +-----------+                                     +----------+
//!     | CloseSent |  still reads: the peer may send     | CloseDue |  reads nothing more
//!     +-----------+  on until it has our Close          +----------+
//!           |                                                 |
//!           |  Close received,   +--------+   we send ours:   |
//!           |  or a failure      |        |   answer or fail  |
//!           +------------------->| Closed |<------------------+
//!                                +--------+
//!                     the server now closes TCP (§7.1.1)
//! ```

use bytes::BytesMut;

use crate::close::CloseReason;
use crate::deflate::{Deflater, Parameters};
use crate::failure::Failure;
use crate::frame::{self, FrameHeader, MAX_CONTROL_PAYLOAD_BYTES, Opcode, Role};
use crate::message::MessageLimits;
use crate::receiver::Receiver;

pub use crate::receiver::Event;

/// How far the closing handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Messages go both ways.
    Open,
    /// Our Close is sent, the peer's has not come.
    CloseSent,
    /// The peer's Close has come, or it broke a rule; our Close is due.
    CloseDue,
    /// Nothing is to be read or sent. The server closes TCP, the client waits for that.
    Closed,
}

/// Why a frame was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The closing handshake has begun.
    #[error("the closing handshake has begun: no frame may follow a Close (RFC 6455 §5.5.1)")]
    Closing,
    /// Too much application data for a control frame.
    #[error("a ping's payload must be at most 125 octets, not {len} (RFC 6455 §5.5)")]
    PingTooLong {
        /// Octets of the payload.
        len: usize,
    },
}

/// One end of a connection.
///
/// Between frames it holds no memory but its own; within one, only what has arrived of the message. Where
/// permessage-deflate is negotiated, [`deflate`](crate::deflate) says what it holds more.
///
/// ```
/// use bytes::BytesMut;
/// use raw_websocket::connection::{Connection, Event};
/// use raw_websocket::frame::Role;
/// use raw_websocket::message::MessageLimits;
///
/// let mut connection = Connection::new(Role::Server, MessageLimits::default());
/// let mut output = BytesMut::new();
/// // The masked "Hello" of RFC 6455 §5.7, then an empty ping.
/// let mut input = BytesMut::from(
///     &b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x80\x00\x00\x00\x00"[..],
/// );
/// let mut said = Vec::new();
/// while let Some(event) = connection.receive(&mut input)? {
///     connection.answer(&event, &mut output);
///     said.push(event);
/// }
/// assert_eq!(said, [Event::Text("Hello".into()), Event::Ping("".into())]);
/// assert_eq!(output, &b"\x8a\x00"[..]);
/// # Ok::<(), raw_websocket::failure::Failure>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    role: Role,
    state: State,
    receiver: Receiver,
    /// If permessage-deflate is negotiated. In a box, so that other connections do not pay for it.
    deflater: Option<Box<Deflater>>,
}

impl Connection {
    /// A connection whose opening handshake has just succeeded.
    pub fn new(role: Role, limits: MessageLimits) -> Self {
        Self { role, state: State::Open, receiver: Receiver::new(role, limits), deflater: None }
    }

    /// Takes compressed messages, and compresses those it sends, as the opening handshake has agreed: with `None`
    /// neither. To be told before the first octet.
    pub fn with_deflate(mut self, agreed: Option<Parameters>) -> Self {
        if let Some(parameters) = agreed {
            self.receiver.inflate(parameters);
            self.deflater = Some(Box::new(Deflater::new(parameters.sent(self.role))));
        }
        self
    }

    /// How far the closing handshake is.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Octets of memory held for what has come, none between frames when no message is under way; and for context
    /// takeover, if that was agreed on.
    pub fn buffered(&self) -> usize {
        self.receiver.capacity() + self.deflater.as_ref().map_or(0, |deflater| deflater.capacity())
    }

    /// Gives back what is only held so that the next message is compressed sooner: 250 to 380 KiB if context
    /// takeover was agreed on and a message was sent. To be called before a wait.
    pub fn release(&mut self) {
        if let Some(deflater) = &mut self.deflater {
            deflater.release();
        }
    }

    /// Takes octets from the front of `input` up to the end of the next event, and gives that event. Call it
    /// until it gives `None`: then `input` is empty, so one read buffer can serve many connections.
    ///
    /// Events are the same however the octets are cut. After the peer's Close or a failure all input is
    /// discarded (RFC 6455 §5.5.1).
    ///
    /// # Errors
    /// The peer broke a rule: [`Connection::fail`] the connection.
    pub fn receive(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Failure> {
        let result = match self.state {
            State::Open | State::CloseSent => self.receiver.next_event(input),
            State::CloseDue | State::Closed => Ok(None),
        };
        if matches!(result, Err(_) | Ok(Some(Event::Close(_)))) {
            self.end_input();
        }
        if matches!(self.state, State::CloseDue | State::Closed) {
            input.clear();
        }
        result
    }

    /// Reads no more, and keeps nothing of what was read.
    fn end_input(&mut self) {
        self.state = match self.state {
            State::Open | State::CloseDue => State::CloseDue,
            State::CloseSent | State::Closed => State::Closed,
        };
        self.receiver.release();
    }

    /// Appends to `output` what the RFC demands in answer to an event: a Pong to a Ping, a Close to a Close.
    ///
    /// A caller whose output is not being taken may leave out pings but the latest (RFC 6455 §5.5.3).
    pub fn answer(&mut self, event: &Event, output: &mut BytesMut) {
        // region: answer
        match event {
            // RFC 6455 §5.5.2, §5.5.3: a Ping MUST be answered, with identical application data.
            Event::Ping(data) if self.may_send() => self.encode(Opcode::Pong, data, output),
            // RFC 6455 §5.5.1: a Close MUST be answered, typically with the status code it brought.
            Event::Close(reason) => {
                let answer = reason.as_ref().map(|reason| CloseReason::new(reason.code(), ""));
                self.close(answer.as_ref(), output);
            }
            _ => {}
        }
        // endregion: answer
    }

    /// Fails the connection (RFC 6455 §7.1.7): appends to `output` a Close that says why, unless one was sent.
    pub fn fail(&mut self, failure: &Failure, output: &mut BytesMut) {
        self.end_input();
        self.close(Some(&failure.close_reason()), output);
    }

    /// Begins the closing handshake, or ends the one that the peer began: appends a Close to `output`, with an
    /// empty body for `None`. Does nothing if one was sent before.
    pub fn close(&mut self, reason: Option<&CloseReason>, output: &mut BytesMut) {
        self.state = match self.state {
            State::Open => State::CloseSent,
            State::CloseDue => State::Closed,
            // RFC 6455 §5.5.1: after a Close no more frames, another Close neither.
            State::CloseSent | State::Closed => return,
        };
        self.deflater = None;
        let mut body = BytesMut::with_capacity(MAX_CONTROL_PAYLOAD_BYTES);
        if let Some(reason) = reason {
            reason.encode(&mut body);
        }
        self.encode(Opcode::Close, &body, output);
    }

    /// Whether messages and pings may be sent: the closing handshake has not begun. Who sends frames that were
    /// encoded elsewhere, such as a broadcast's, asks this first. With context takeover such a frame must not be
    /// compressed, unless all are.
    pub fn may_send(&self) -> bool {
        self.state == State::Open
    }

    /// Appends a text message to `output`, in one frame, compressed if that is agreed on and makes it smaller.
    ///
    /// # Errors
    /// The closing handshake has begun.
    pub fn send_text(&mut self, text: &str, output: &mut BytesMut) -> Result<(), SendError> {
        self.send(Opcode::Text, text.as_bytes(), output)
    }

    /// Appends a binary message to `output`, in one frame, compressed likewise.
    ///
    /// # Errors
    /// The closing handshake has begun.
    pub fn send_binary(&mut self, data: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        self.send(Opcode::Binary, data, output)
    }

    /// Appends a ping with this application data to `output`.
    ///
    /// # Errors
    /// The data is over 125 octets, or the closing handshake has begun.
    pub fn send_ping(&mut self, data: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        if data.len() > MAX_CONTROL_PAYLOAD_BYTES {
            return Err(SendError::PingTooLong { len: data.len() });
        }
        if !self.may_send() {
            return Err(SendError::Closing);
        }
        self.encode(Opcode::Ping, data, output);
        Ok(())
    }

    fn send(&mut self, opcode: Opcode, message: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        if !self.may_send() {
            return Err(SendError::Closing);
        }
        match self.deflater.as_mut().and_then(|deflater| deflater.compress(message)) {
            Some(payload) => {
                let key = self.role.masking_key();
                FrameHeader::new(opcode, payload.len() as u64, key)
                    .compressed()
                    .encode_with(&payload, output);
            }
            None => self.encode(opcode, message, output),
        }
        Ok(())
    }

    fn encode(&self, opcode: Opcode, payload: &[u8], output: &mut BytesMut) {
        frame::encode_frame(opcode, payload, self.role.masking_key(), output);
    }
}
