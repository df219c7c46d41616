//! What makes an endpoint fail the connection, RFC 6455 §7.1.7.

use crate::close::{CloseCode, CloseReason};
use crate::deflate::InflateError;
use crate::frame::Opcode;

/// A rule that the peer broke. The connection cannot go on: send a Close with [`Failure::code`], read no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A reserved bit is set.
    #[error("RSV1–3 must be 000, not {bits:03b}: no extension gives a meaning to it (RFC 6455 §5.2)")]
    ReservedBits {
        /// RSV1, RSV2, RSV3, from the highest of three bits; those without a meaning.
        bits: u8,
    },
    /// RSV1 in a frame that begins no message, with permessage-deflate negotiated.
    #[error("RSV1 must be 0 in {opcode:?}: only the first frame of a message may have it (RFC 7692 §6.1)")]
    MisplacedRsv1 {
        /// The opcode that came.
        opcode: Opcode,
    },
    /// An opcode without a meaning.
    #[error("opcode {opcode} is reserved (RFC 6455 §5.2)")]
    ReservedOpcode {
        /// The four bits.
        opcode: u8,
    },
    /// A control frame without FIN.
    #[error("{opcode:?} is a control frame and must have FIN set (RFC 6455 §5.5)")]
    FragmentedControlFrame {
        /// The control frame's.
        opcode: Opcode,
    },
    /// A control frame whose length needs more than 7 bits.
    #[error("the payload of {opcode:?}, a control frame, must be at most 125 octets (RFC 6455 §5.5)")]
    ControlFrameTooLong {
        /// The control frame's.
        opcode: Opcode,
    },
    /// A client's frame without MASK.
    #[error("MASK must be 1 in every frame of a client (RFC 6455 §5.1)")]
    UnmaskedFrame,
    /// A server's frame with MASK.
    #[error("MASK must be 0 in every frame of a server (RFC 6455 §5.1)")]
    MaskedFrame,
    /// A 64-bit length with its highest bit set.
    #[error("the highest bit of a 64-bit payload length must be 0 (RFC 6455 §5.2)")]
    LengthOutOfRange,
    /// A length in a longer form than it needs.
    #[error(
        "payload length {payload_len} must be in its shortest form, not in {octets} octets (RFC 6455 §5.2)"
    )]
    LengthNotMinimal {
        /// The length.
        payload_len: u64,
        /// Octets of the extended payload length.
        octets: usize,
    },
    /// A continuation frame, but no message is under way.
    #[error("a continuation frame must follow a fragment with FIN 0 (RFC 6455 §5.4)")]
    UnexpectedContinuation,
    /// A new message before the one under way has ended.
    #[error("after a fragment with FIN 0 must come a continuation frame, not {opcode:?} (RFC 6455 §5.4)")]
    ExpectedContinuation {
        /// The opcode that came.
        opcode: Opcode,
    },
    /// A Close frame with half a status code.
    #[error("the body of Close must be empty or begin with a status code of 2 octets (RFC 6455 §5.5.1)")]
    CloseBodyOfOneOctet,
    /// A status code that must not be in a Close frame.
    #[error("status code {code} must not be in a Close frame (RFC 6455 §7.4)")]
    InvalidCloseCode {
        /// The number.
        code: u16,
    },
    /// The reason of a Close frame is not UTF-8.
    #[error("the reason of Close must be UTF-8 (RFC 6455 §5.5.1)")]
    CloseReasonNotUtf8,
    /// A text message is not UTF-8.
    #[error("text must be UTF-8: the sequence at octet {position} is not (RFC 6455 §8.1)")]
    InvalidUtf8 {
        /// Where the sequence begins, in octets of the message.
        position: usize,
    },
    /// A text message ends inside a code point.
    #[error("text must be UTF-8: the code point at octet {position} is cut off (RFC 6455 §8.1)")]
    IncompleteUtf8 {
        /// Where the code point begins, in octets of the message.
        position: usize,
    },
    /// A binary message where only text is taken.
    #[error("a message must be text, not binary (RFC 6455 §7.4.1)")]
    BinaryNotAccepted,
    /// A message in too many fragments.
    #[error("a message must have at most {limit} fragments (RFC 6455 §10.4)")]
    TooManyFragments {
        /// The most that are taken.
        limit: usize,
    },
    /// A message, its fragments together, of too many octets.
    #[error("a message must have at most {limit} octets, not {announced} (RFC 6455 §10.4)")]
    MessageTooBig {
        /// Octets up to the end of the frame that went past the limit.
        announced: u64,
        /// The most that are taken.
        limit: usize,
    },
    /// A compressed message that does not inflate, or to too much.
    #[error(transparent)]
    Inflate(#[from] InflateError),
}

impl Failure {
    /// The status code for the peer, RFC 6455 §7.4.1. The one place where a rule gets its code.
    pub const fn code(&self) -> CloseCode {
        match self {
            Self::ReservedBits { .. }
            | Self::MisplacedRsv1 { .. }
            | Self::ReservedOpcode { .. }
            | Self::FragmentedControlFrame { .. }
            | Self::ControlFrameTooLong { .. }
            | Self::UnmaskedFrame
            | Self::MaskedFrame
            | Self::LengthOutOfRange
            | Self::LengthNotMinimal { .. }
            | Self::UnexpectedContinuation
            | Self::ExpectedContinuation { .. }
            | Self::CloseBodyOfOneOctet
            | Self::InvalidCloseCode { .. } => CloseCode::PROTOCOL_ERROR,
            Self::BinaryNotAccepted => CloseCode::UNSUPPORTED_DATA,
            Self::CloseReasonNotUtf8 | Self::InvalidUtf8 { .. } | Self::IncompleteUtf8 { .. } => {
                CloseCode::INVALID_FRAME_PAYLOAD_DATA
            }
            Self::TooManyFragments { .. } => CloseCode::POLICY_VIOLATION,
            Self::MessageTooBig { .. } => CloseCode::MESSAGE_TOO_BIG,
            Self::Inflate(error) => error.code(),
        }
    }

    /// What to send in the Close frame: the code, and the sentence as its reason.
    pub fn close_reason(&self) -> CloseReason {
        CloseReason::new(self.code(), self.to_string())
    }
}
