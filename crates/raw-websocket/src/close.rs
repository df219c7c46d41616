//! The body of a Close frame, RFC 6455 §5.5.1 and §7.4: a status code and a reason, or nothing.

use std::fmt;
use std::str;

use bytes::{BufMut, BytesMut};

use crate::failure::Failure;
use crate::frame::MAX_CONTROL_PAYLOAD_BYTES;

/// The most octets of a reason: what a control frame holds, less 2 for the status code.
pub const MAX_REASON_BYTES: usize = MAX_CONTROL_PAYLOAD_BYTES - 2;

/// A status code that may stand in a Close frame.
///
/// 1005 (no status), 1006 (closed abnormally) and 1015 (TLS handshake) only report what happened, and never
/// travel (RFC 6455 §7.4.1): there is no value of this type for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL_CLOSURE: Self = Self(1000);
    /// 1001: the server stops, or the browser has left the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: data of a type that this endpoint does not take.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1007: data not of the message's type, such as text that is not UTF-8.
    pub const INVALID_FRAME_PAYLOAD_DATA: Self = Self(1007);
    /// 1008: a message against this endpoint's policy, where no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message too big to process.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the server did not negotiate an extension that the client needs. Only clients send it.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: the server met a condition it did not expect.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the server restarts (registered after the RFC, as are 1013 and 1014).
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the server is overloaded; try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got an invalid answer from the server behind it.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// The status code of this number, `None` where it must not be on the wire.
    pub const fn new(code: u16) -> Option<Self> {
        // region: close-code
        match code {
            // RFC 6455 §7.4.1: 1004 is reserved; 1005, 1006 and 1015 MUST NOT be set in a Close frame.
            // §7.4.2: 0–999 are not used, 1016–2999 are not assigned, 3000–3999 are for libraries and
            // 4000–4999 for private use.
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
        // endregion: close-code
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a connection is closed: a status code and a reason for people, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    code: CloseCode,
    reason: String,
}

impl CloseReason {
    /// A reason over [`MAX_REASON_BYTES`] is cut at the last code point that fits.
    pub fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        let mut end = reason.len().min(MAX_REASON_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        reason.truncate(end);
        Self { code, reason }
    }

    /// The status code.
    pub const fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason, at most [`MAX_REASON_BYTES`].
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Reads a Close frame's unmasked payload; `None` where it is empty.
    ///
    /// # Errors
    /// One octet, a code that must not be on the wire, a reason that is not UTF-8.
    pub fn parse(body: &[u8]) -> Result<Option<Self>, Failure> {
        if body.is_empty() {
            return Ok(None);
        }
        // RFC 6455 §5.5.1: if there is a body, its first two octets MUST be the status code.
        let (&code, reason) = body.split_first_chunk().ok_or(Failure::CloseBodyOfOneOctet)?;
        let code = u16::from_be_bytes(code);
        let code = CloseCode::new(code).ok_or(Failure::InvalidCloseCode { code })?;
        // RFC 6455 §5.5.1 with §8.1: the reason is UTF-8.
        let reason = str::from_utf8(reason).map_err(|_| Failure::CloseReasonNotUtf8)?;
        Ok(Some(Self::new(code, reason)))
    }

    /// Appends the payload of a Close frame to `out`.
    pub fn encode(&self, out: &mut BytesMut) {
        out.put_u16(self.code.get());
        out.put_slice(self.reason.as_bytes());
    }
}
