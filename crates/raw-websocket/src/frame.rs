//! A frame's header, RFC 6455 §5.2: read and written in the order of the wire.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
//! |I|S|S|S|  (4)  |A|     (7)     |       (16, if len is 126;     |
//! |N|V|V|V|       |S|             |        64, if len is 127)     |
//! | |1|2|3|       |K|             |                               |
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! |          Masking key (32, if MASK is set)                     |
//! +---------------------------------------------------------------+
//! |          Payload data                                         |
//! ```
//!
//! Reading has three steps, [`parse_start`] (first octet), [`parse_length`] (2nd to 10th) and
//! [`parse_masking_key`] (the last four). Each takes what has come of the frame so far and gives `None` while
//! octets are missing. A rule is judged with the octet that shows the breach, and within one octet from its
//! first bit to its last, so the verdict is the same however the header was cut on its way.

use bytes::{BufMut, BytesMut};

use crate::failure::Failure;
use crate::mask::apply_mask;

/// The most octets of a frame's header: 2, an extended length of 8 and a masking key of 4.
pub const MAX_HEADER_BYTES: usize = 14;

/// The most octets of a control frame's payload, RFC 6455 §5.5.
pub const MAX_CONTROL_PAYLOAD_BYTES: usize = 125;

const FIN: u8 = 0b1000_0000;
const RSV1: u8 = 0b0100_0000;
const RSV: u8 = 0b0111_0000;
const OPCODE: u8 = 0b0000_1111;
const MASK: u8 = 0b1000_0000;
const LENGTH: u8 = 0b0111_1111;

/// Seven-bit length that says: the length is in the next 2 octets.
const LENGTH_16: u8 = 126;
/// Seven-bit length that says: the length is in the next 8 octets.
const LENGTH_64: u8 = 127;

/// What a frame carries, RFC 6455 §5.2 and §11.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the message under way.
    Continuation = 0x0,
    /// A text message, or its first fragment.
    Text = 0x1,
    /// A binary message, or its first fragment.
    Binary = 0x2,
    /// Control frame: the sender's part of the closing handshake.
    Close = 0x8,
    /// Control frame: to be answered with a pong.
    Ping = 0x9,
    /// Control frame: the answer to a ping, or a sign of life.
    Pong = 0xA,
}

impl Opcode {
    /// The opcode of these four bits, `None` where the RFC reserves them (3–7 and 11–15).
    pub const fn parse(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Whether this is a control frame: its highest bit is set, RFC 6455 §5.5.
    pub const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// Which end of the connection this is. The ends differ in one thing: who masks.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// Reads masked frames, sends unmasked ones.
    Server,
    /// Sends masked frames, reads unmasked ones.
    Client {
        /// Gives each frame's masking key: from a strong source of entropy, so that nobody who chooses the
        /// payload can foresee the octets on the wire (RFC 6455 §5.3, §10.3).
        masking_key: fn() -> [u8; 4],
    },
}

impl Role {
    /// The masking key of the next frame to send: a new one each time for a client, none for a server.
    pub fn masking_key(self) -> Option<[u8; 4]> {
        match self {
            Self::Server => None,
            Self::Client { masking_key } => Some(masking_key()),
        }
    }
}

/// The first octet of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// FIN: this is the last fragment of its message.
    pub fin: bool,
    /// RSV1: this is the first fragment of a compressed message, RFC 7692 §6.
    pub rsv1: bool,
    /// What the frame carries.
    pub opcode: Opcode,
}

/// The second octet of a frame, with the extended payload length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// MASK: a masking key follows, and the payload is masked with it.
    pub masked: bool,
    /// Octets of payload, below 2^63.
    pub payload_len: u64,
    /// Octets of the header before the masking key.
    end: usize,
}

/// A frame's whole header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// FIN: this is the last fragment of its message.
    pub fin: bool,
    /// RSV1: this is the first fragment of a compressed message, RFC 7692 §6.
    pub rsv1: bool,
    /// What the frame carries.
    pub opcode: Opcode,
    /// Octets of payload, below 2^63.
    pub payload_len: u64,
    /// The key that masks the payload; `None` where MASK is 0.
    pub masking_key: Option<[u8; 4]>,
}

/// Reads FIN, RSV1–3 and the opcode; `deflate` says whether permessage-deflate is negotiated.
///
/// # Errors
/// A reserved bit, a reserved opcode, RSV1 where no message begins, a fragmented control frame.
pub fn parse_start(head: &[u8], deflate: bool) -> Result<Option<Start>, Failure> {
    // region: parse-start
    let Some(&octet) = head.first() else { return Ok(None) };
    let fin = octet & FIN != 0;
    let rsv1 = octet & RSV1 != 0;
    // RFC 6455 §5.2: RSV1–3 MUST be 0 unless an extension is negotiated that gives them a meaning.
    // permessage-deflate gives one to RSV1 (RFC 7692 §6).
    let meaningless = if deflate { RSV & !RSV1 } else { RSV };
    if octet & meaningless != 0 {
        return Err(Failure::ReservedBits { bits: (octet & meaningless) >> 4 });
    }
    // RFC 6455 §5.2: an unknown opcode MUST fail the connection.
    let bits = octet & OPCODE;
    let opcode = Opcode::parse(bits).ok_or(Failure::ReservedOpcode { opcode: bits })?;
    // RFC 7692 §6.1: control frames and later fragments MUST NOT have RSV1 set.
    if rsv1 && !matches!(opcode, Opcode::Text | Opcode::Binary) {
        return Err(Failure::MisplacedRsv1 { opcode });
    }
    // RFC 6455 §5.5: control frames MUST NOT be fragmented.
    if opcode.is_control() && !fin {
        return Err(Failure::FragmentedControlFrame { opcode });
    }
    Ok(Some(Start { fin, rsv1, opcode }))
    // endregion: parse-start
}

/// Reads MASK and the payload length in its three forms; `role` is the reader's.
///
/// # Errors
/// MASK not as the sender's role demands, a control frame over 125 octets, a length of 2^63 or more or not in
/// its shortest form.
pub fn parse_length(head: &[u8], start: Start, role: Role) -> Result<Option<Length>, Failure> {
    let Some(&octet) = head.get(1) else { return Ok(None) };
    // region: parse-length
    let masked = octet & MASK != 0;
    match role {
        // RFC 6455 §5.1: a server MUST close the connection upon a frame that is not masked.
        Role::Server if !masked => return Err(Failure::UnmaskedFrame),
        // RFC 6455 §5.1: a client MUST close the connection upon a frame that is masked.
        Role::Client { .. } if masked => return Err(Failure::MaskedFrame),
        _ => {}
    }
    let short = octet & LENGTH;
    // RFC 6455 §5.5: control frames MUST have a payload of 125 octets or less.
    if start.opcode.is_control() && usize::from(short) > MAX_CONTROL_PAYLOAD_BYTES {
        return Err(Failure::ControlFrameTooLong { opcode: start.opcode });
    }
    let (payload_len, end): (u64, usize) = match short {
        LENGTH_16 => {
            let Some(&octets) = head.get(2..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
            (u64::from(u16::from_be_bytes(octets)), 4)
        }
        LENGTH_64 => {
            // RFC 6455 §5.2: the most significant bit MUST be 0.
            if head.get(2).is_some_and(|octet| octet & 0x80 != 0) {
                return Err(Failure::LengthOutOfRange);
            }
            let Some(&octets) = head.get(2..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
            (u64::from_be_bytes(octets), 10)
        }
        _ => (u64::from(short), 2),
    };
    // RFC 6455 §5.2: the minimal number of octets MUST be used to encode the length.
    if (short == LENGTH_16 && payload_len < u64::from(LENGTH_16))
        || (short == LENGTH_64 && payload_len <= u64::from(u16::MAX))
    {
        return Err(Failure::LengthNotMinimal { payload_len, octets: end - 2 });
    }
    Ok(Some(Length { masked, payload_len, end }))
    // endregion: parse-length
}

/// Reads the masking key, if there is one: gives the whole header and how many octets it takes.
pub fn parse_masking_key(head: &[u8], start: Start, length: Length) -> Option<(FrameHeader, usize)> {
    let Start { fin, rsv1, opcode } = start;
    let Length { masked, payload_len, end } = length;
    let header = FrameHeader { fin, rsv1, opcode, payload_len, masking_key: None };
    if !masked {
        return Some((header, end));
    }
    let key = *head.get(end..)?.first_chunk::<4>()?;
    Some((FrameHeader { masking_key: Some(key), ..header }, end + key.len()))
}

impl FrameHeader {
    /// The header of a frame that is a message, or a control frame, of its own.
    pub const fn new(opcode: Opcode, payload_len: u64, masking_key: Option<[u8; 4]>) -> Self {
        Self { fin: true, rsv1: false, opcode, payload_len, masking_key }
    }

    /// The same header with RSV1 set: the payload is that of a compressed message.
    pub const fn compressed(self) -> Self {
        Self { rsv1: true, ..self }
    }

    /// Appends the header to `out`, its length in the shortest form.
    ///
    /// A broadcast encodes it once and sends it before the same payload to every follower.
    pub fn encode(&self, out: &mut BytesMut) {
        // region: encode-header
        let fin = if self.fin { FIN } else { 0 };
        let rsv1 = if self.rsv1 { RSV1 } else { 0 };
        out.put_u8(fin | rsv1 | self.opcode as u8);
        let mask = if self.masking_key.is_some() { MASK } else { 0 };
        if let Ok(short @ ..LENGTH_16) = u8::try_from(self.payload_len) {
            out.put_u8(mask | short);
        } else if let Ok(payload_len) = u16::try_from(self.payload_len) {
            out.put_u8(mask | LENGTH_16);
            out.put_u16(payload_len);
        } else {
            out.put_u8(mask | LENGTH_64);
            out.put_u64(self.payload_len);
        }
        if let Some(key) = self.masking_key {
            out.put_slice(&key);
        }
        // endregion: encode-header
    }

    /// Appends the header and then its payload to `out`, masked where there is a key.
    pub fn encode_with(&self, payload: &[u8], out: &mut BytesMut) {
        self.encode(out);
        let start = out.len();
        out.put_slice(payload);
        if let (Some(key), Some(payload)) = (self.masking_key, out.get_mut(start..)) {
            apply_mask(payload, key, 0);
        }
    }
}

/// Appends a whole frame, FIN set, to `out`; the payload masked where there is a key.
///
/// A control frame's payload must not exceed [`MAX_CONTROL_PAYLOAD_BYTES`]; `Connection` sees to that.
pub fn encode_frame(opcode: Opcode, payload: &[u8], masking_key: Option<[u8; 4]>, out: &mut BytesMut) {
    FrameHeader::new(opcode, payload.len() as u64, masking_key).encode_with(payload, out);
}
