//! A frame's header, RFC 6455 §5.2, in the order of the wire.

use super::{
    super::span::{BitRow, Rule, Side, Span, Spans, Stop},
    super::text,
    extensions::{Deflate, Extensions},
};

const RFC: &str = "RFC 6455 §5.2";

/// What a frame is, RFC 6455 §11.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
    Reserved,
}

impl Opcode {
    const fn of(octet: u8) -> Self {
        match octet & 0x0f {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => Self::Reserved,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Continuation => "continuation",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Reserved => "reserved",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Continuation => "More of the message that an earlier frame began.",
            Self::Text => "The message is text in UTF-8.",
            Self::Binary => "The message is octets, whatever they mean.",
            Self::Close => "The sender closes: it sends nothing behind this frame.",
            Self::Ping => "Asks for a pong with the same payload: are you there?",
            Self::Pong => "Answers a ping, or just says: I am here.",
            Self::Reserved => "Reserved: no specification gives it a meaning.",
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) is_final: bool,
    /// RSV1: the message is compressed, RFC 7692 §6.
    pub(super) is_compressed: bool,
    pub(super) opcode: Opcode,
    pub(super) masking_key: Option<[u8; 4]>,
    /// Octets.
    pub(super) payload_len: u64,
}

/// The header and its size, without a span; `None` while it is not whole. Where it breaks a rule, the octets up to
/// the one that does.
pub(super) fn measure(octets: &[u8], extensions: &Extensions) -> Result<Option<(Header, usize)>, usize> {
    let [first, rest @ ..] = octets else { return Ok(None) };
    check_first(*first, extensions).map_err(|_| 1_usize)?;
    let [second, rest @ ..] = rest else { return Ok(None) };
    let opcode = Opcode::of(*first);
    check_second(*first, *second).map_err(|_| 2_usize)?;
    let extended = extended_octets(*second);
    let Some(length) = rest.get(..extended) else { return Ok(None) };
    let payload_len = match extended {
        0 => u64::from(second & 0x7f),
        _ => big_endian(length),
    };
    check_extended(extended, payload_len).map_err(|_| 2 + extended)?;
    let key = rest.get(extended..).unwrap_or_default();
    let is_masked = second & 0x80 != 0;
    let masking_key = key.first_chunk().copied().filter(|_| is_masked);
    if is_masked && masking_key.is_none() {
        return Ok(None);
    }
    let is_final = first & 0x80 != 0;
    let header = Header { is_final, is_compressed: first & 0x40 != 0, opcode, masking_key, payload_len };
    Ok(Some((header, 2 + extended + if is_masked { 4 } else { 0 })))
}

fn big_endian(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet))
}

const fn extended_octets(second: u8) -> usize {
    match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    }
}

fn check_first(first: u8, extensions: &Extensions) -> Result<(), Rule> {
    if extensions.others.is_some() {
        return Ok(());
    }
    let (rsv1, opcode) = (first & 0x40 != 0, Opcode::of(first));
    if first & 0x30 != 0 {
        return Err(Rule::new("RSV2 and RSV3 must be 0: no extension was agreed on that uses them", RFC));
    }
    if opcode == Opcode::Reserved {
        return Err(Rule::new(format!("opcode {:#x} is reserved", first & 0x0f), RFC));
    }
    if rsv1 && extensions.deflate == Deflate::No {
        return Err(Rule::new("RSV1 must be 0: permessage-deflate was not agreed on", RFC));
    }
    if rsv1 && (opcode.is_control() || opcode == Opcode::Continuation) {
        let rule = "RSV1 must be 0 but in the first frame of a compressed message";
        return Err(Rule::new(rule, "RFC 7692 §6.1"));
    }
    if opcode.is_control() && first & 0x80 == 0 {
        return Err(Rule::new("a control frame must not be fragmented: FIN must be 1", "RFC 6455 §5.5"));
    }
    Ok(())
}

fn check_second(first: u8, second: u8) -> Result<(), Rule> {
    if Opcode::of(first).is_control() && second & 0x7f > 125 {
        let rule = "a control frame must have at most 125 octets of payload";
        return Err(Rule::new(rule, "RFC 6455 §5.5"));
    }
    Ok(())
}

fn check_extended(extended: usize, length: u64) -> Result<(), Rule> {
    let least = match extended {
        2 => 126,
        8 => 65_536,
        _ => 0,
    };
    if length >> 63 != 0 {
        return Err(Rule::new("the first bit of a 64-bit length must be 0", RFC));
    }
    if length < least {
        return Err(Rule::new(format!("a length of {length} must be written in fewer octets"), RFC));
    }
    Ok(())
}

/// Puts spans on the header.
pub(super) fn explain(spans: &mut Spans<'_>, side: Side, extensions: &Extensions) -> Result<Header, Stop> {
    let [first] = spans.peek_array("frame header", RFC)?;
    explain_first(spans, first, extensions);
    check_first(first, extensions).map_err(Stop::Broken)?;
    let [second] = spans.peek_array("frame header", RFC)?;
    explain_second(spans, second, side);
    check_second(first, second).map_err(Stop::Broken)?;
    let extended = extended_octets(second);
    let octets = spans.peek(extended, "extended payload length", RFC)?;
    let payload_len = if extended == 0 { u64::from(second & 0x7f) } else { big_endian(octets) };
    let meaning =
        format!("The length of the payload in {} bits: {}.", 8 * extended, text::octets(payload_len));
    spans.add(extended, Span::new("extended payload length", payload_len.to_string(), meaning, RFC));
    check_extended(extended, payload_len).map_err(Stop::Broken)?;
    let masking_key = if second & 0x80 != 0 {
        let key: [u8; 4] = spans.peek_array("masking key", "RFC 6455 §5.3")?;
        let meaning = "Chosen anew, at random, for each frame: octet i of the payload is XORed with octet i mod 4 of it.";
        spans.add(4, Span::new("masking key", text::hex(&key), meaning, "RFC 6455 §5.3"));
        Some(key)
    } else {
        None
    };
    let is_final = first & 0x80 != 0;
    let is_compressed = first & 0x40 != 0;
    Ok(Header { is_final, is_compressed, opcode: Opcode::of(first), masking_key, payload_len })
}

fn explain_first(spans: &mut Spans<'_>, first: u8, extensions: &Extensions) {
    let opcode = Opcode::of(first);
    let bit = |number: u8| first & (0x80 >> number) != 0;
    let (fin, rsv1) = (bit(0), bit(1));
    let reserved = |is_set| match (is_set, &extensions.others) {
        (false, _) => "Reserved for extensions; 0 where none uses it.".to_owned(),
        (true, None) => "Not understood: no extension was agreed on that uses it.".to_owned(),
        (true, Some(others)) => {
            format!("Its meaning is that of an extension that is not explained here: {others}.")
        }
    };
    let rsv1_meaning = match (rsv1, extensions.deflate) {
        (false, Deflate::Yes { .. }) => "Reserved 1, used by permessage-deflate: this message is not compressed.".into(),
        (true, Deflate::Yes { .. }) => "Reserved 1, used by permessage-deflate: the message is compressed.".into(),
        (true, Deflate::Assumed) => {
            "Reserved 1: taken for that of permessage-deflate, the only extension registered for it, since the handshake is not here."
                .to_owned()
        }
        (is_set, _) => reserved(is_set),
    };
    let mut bits = BitRow::default();
    let fin_meaning =
        if fin { "The last frame of its message." } else { "More frames of the message follow." };
    bits.flag("FIN", fin, fin_meaning);
    bits.flag("RSV1", rsv1, rsv1_meaning);
    bits.flag("RSV2", bit(2), reserved(bit(2)));
    bits.flag("RSV3", bit(3), reserved(bit(3)));
    bits.add(4, "opcode", format!("{:#x} {}", first & 0x0f, opcode.name()), opcode.meaning());
    let set = [(fin, "FIN"), (rsv1, "RSV1"), (bit(2), "RSV2"), (bit(3), "RSV3")];
    let mut value: Vec<&str> = set.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect();
    value.push(opcode.name());
    let meaning = match (fin, opcode) {
        (_, opcode) if opcode.is_control() => format!("A control frame. {}", opcode.meaning()),
        (true, Opcode::Continuation) => "The last frame of a message in fragments.".to_owned(),
        (false, Opcode::Continuation) => "A frame from the middle of a message in fragments.".to_owned(),
        (true, opcode) => format!("A message in one frame. {}", opcode.meaning()),
        (false, opcode) => format!("The first frame of a message in fragments. {}", opcode.meaning()),
    };
    spans.add(1, Span::new("FIN, RSV, opcode", value.join(", "), meaning, RFC).bits(bits));
}

fn explain_second(spans: &mut Spans<'_>, second: u8, side: Side) {
    let is_masked = second & 0x80 != 0;
    let length = second & 0x7f;
    let mask_meaning = match (is_masked, side) {
        (true, Side::Client) => "Masked, as all frames from a client must be; a masking key follows.",
        (false, Side::Server) => "Not masked, as no frame from a server may be.",
        (true, Side::Server) => "Masked, which breaks a rule: a server must not mask. A masking key follows.",
        (false, Side::Client) => "Not masked, which breaks a rule: a client must mask all its frames.",
    };
    let length_meaning = match length {
        126 => "126: the length follows, in 16 bits.".to_owned(),
        127 => "127: the length follows, in 64 bits.".to_owned(),
        length => format!("The payload has {}.", text::octets(length)),
    };
    let mut bits = BitRow::default();
    bits.flag("MASK", is_masked, mask_meaning);
    bits.add(7, "payload length", length.to_string(), length_meaning.clone());
    let value = format!("{}{length}", if is_masked { "MASK, " } else { "" });
    let meaning = format!("{mask_meaning} {length_meaning}");
    // RFC 6455 §5.1: who masks.
    spans.add(1, Span::new("MASK, payload length", value, meaning, RFC).bits(bits));
}
