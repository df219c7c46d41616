//! Frame headers, RFC 9113 §4.1.

use super::{
    super::{
        span::{BitRow, Rule, Side, Span, Spans},
        text,
    },
    codes,
};

/// Octets of a frame's header.
pub(super) const HEADER_BYTES: usize = 9;

pub(super) const END_STREAM: u8 = 0x1;
pub(super) const ACK: u8 = 0x1;
pub(super) const END_HEADERS: u8 = 0x4;
pub(super) const PADDED: u8 = 0x8;
pub(super) const PRIORITY: u8 = 0x20;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    Unknown,
}

/// Name, meaning, flags and RFC section of each type, in the order of their numbers.
type Known = (Type, &'static str, &'static str, &'static [(u8, &'static str, &'static str)], &'static str);

const ES: (u8, &str, &str) = (END_STREAM, "END_STREAM", "The sender sends nothing more on this stream.");
const EH: (u8, &str, &str) = (END_HEADERS, "END_HEADERS", "The field block ends with this frame.");
const PD: (u8, &str, &str) = (PADDED, "PADDED", "Padding follows, its length first.");
const PR: (u8, &str, &str) = (PRIORITY, "PRIORITY", "Old priority fields follow.");
const AC: (u8, &str, &str) = (ACK, "ACK", "The answer to the peer's frame of this type.");

const TYPES: [Known; 10] = [
    (Type::Data, "DATA", "Content of a request or an answer.", &[ES, PD], "RFC 9113 §6.1"),
    (
        Type::Headers,
        "HEADERS",
        "The fields of a request or an answer; it opens the stream.",
        &[ES, EH, PD, PR],
        "RFC 9113 §6.2",
    ),
    (Type::Priority, "PRIORITY", "The old way to say which stream matters more.", &[], "RFC 9113 §6.3"),
    (Type::RstStream, "RST_STREAM", "Ends one stream at once.", &[], "RFC 9113 §6.4"),
    (Type::Settings, "SETTINGS", "What the sender takes, for the whole connection.", &[AC], "RFC 9113 §6.5"),
    (
        Type::PushPromise,
        "PUSH_PROMISE",
        "The server will answer a request that was not made.",
        &[EH, PD],
        "RFC 9113 §6.6",
    ),
    (Type::Ping, "PING", "Are you there? It must come back with ACK.", &[AC], "RFC 9113 §6.7"),
    (
        Type::GoAway,
        "GOAWAY",
        "The sender takes no new streams: it closes the connection.",
        &[],
        "RFC 9113 §6.8",
    ),
    (
        Type::WindowUpdate,
        "WINDOW_UPDATE",
        "The sender takes so many octets of DATA more.",
        &[],
        "RFC 9113 §6.9",
    ),
    (Type::Continuation, "CONTINUATION", "More of a field block.", &[EH], "RFC 9113 §6.10"),
];

impl Type {
    fn known(self) -> Option<&'static Known> {
        TYPES.iter().find(|(kind, ..)| *kind == self)
    }

    pub(super) fn name(self) -> &'static str {
        self.known().map_or("UNKNOWN", |(_, name, ..)| name)
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// Octets of the payload.
    pub(super) length: u32,
    pub(super) number: u8,
    pub(super) kind: Type,
    pub(super) flags: u8,
    /// The bit that must be 0 and is ignored.
    pub(super) reserved: bool,
    pub(super) stream: u32,
}

impl Header {
    /// The header that `octets` begin with, if it is whole.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let [l0, l1, l2, number, flags, s0, s1, s2, s3] = *octets.first_chunk::<HEADER_BYTES>()?;
        let length = u32::from_be_bytes([0, l0, l1, l2]);
        let kind = TYPES.get(usize::from(number)).map_or(Type::Unknown, |(kind, ..)| *kind);
        let stream = u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]);
        Some(Self { length, number, kind, flags, reserved: s0 & 0x80 != 0, stream })
    }

    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The type for a summary; an unknown one by its number.
    pub(super) fn title(&self) -> String {
        match self.kind {
            Type::Unknown => codes::extension(self.number)
                .map_or(format!("type {:#04x}", self.number), |(name, _)| name.into()),
            Type::Settings | Type::Ping if self.has(ACK) => format!("{} ACK", self.kind.name()),
            kind => kind.name().to_owned(),
        }
    }
}

/// The rule that a frame breaks by stream or size, RFC 9113 §6.
pub(super) fn broken_rule(header: &Header, side: Side, open_block: Option<u32>) -> Option<Rule> {
    let (_, name, _, _, rfc) = header.kind.known()?;
    let rule = |rule: String| Some(Rule::new(rule, *rfc));
    let length = header.length;
    match (header.kind, header.stream) {
        (Type::Settings | Type::Ping | Type::GoAway, 1..) => {
            return rule(format!("{name} must be on stream 0, the connection"));
        }
        (Type::WindowUpdate, _) | (Type::Settings | Type::Ping | Type::GoAway, 0) => {}
        (_, 0) => return rule(format!("{name} must be on a stream, not on 0")),
        _ => {}
    }
    let padded = u32::from(header.has(PADDED));
    let least = match header.kind {
        Type::Data => padded,
        Type::Headers => padded + if header.has(PRIORITY) { 5 } else { 0 },
        Type::PushPromise => padded + 4,
        Type::GoAway => 8,
        _ => 0,
    };
    if length < least {
        return rule(format!("this {name} must have at least {}", text::octets(least)));
    }
    let exact = match header.kind {
        Type::Priority => Some(5),
        Type::RstStream | Type::WindowUpdate => Some(4),
        Type::Ping => Some(8),
        Type::Settings if header.has(ACK) => Some(0),
        _ => None,
    };
    if let Some(exact) = exact.filter(|exact| *exact != length) {
        let which = if header.kind == Type::Settings { " with ACK" } else { "" };
        return rule(format!("{name}{which} must have {}", text::octets(exact)));
    }
    if header.kind == Type::Settings && !length.is_multiple_of(6) {
        return rule("SETTINGS must have 6 octets for each setting".to_owned());
    }
    if header.kind == Type::PushPromise && side == Side::Client {
        return rule("a client must not send PUSH_PROMISE".to_owned());
    }
    if header.kind == Type::Continuation && open_block.is_none() {
        return rule("CONTINUATION must follow a frame without END_HEADERS".to_owned());
    }
    None
}

/// Puts spans on the header.
pub(super) fn explain_header(spans: &mut Spans<'_>, header: &Header) {
    const RFC: &str = "RFC 9113 §4.1";
    let meaning = format!("The payload behind these 9 octets has {}.", text::octets(header.length));
    spans.add(3, Span::new("length", header.length.to_string(), meaning, RFC));
    let extension = codes::extension(header.number);
    let (name, meaning, flags, rfc) = match (header.kind.known(), extension) {
        (Some((_, name, meaning, flags, rfc)), _) => (*name, *meaning, *flags, *rfc),
        (None, Some((name, rfc))) => (name, "An extension; its payload is not explained here.", &[][..], rfc),
        (None, None) => {
            ("unknown", "Frames of unknown types are ignored, so that there can be new ones.", &[][..], RFC)
        }
    };
    spans.add(1, Span::new("type", format!("{:#04x} {name}", header.number), meaning, rfc));
    explain_flags(spans, header, flags, rfc);
    let mut bits = BitRow::default();
    bits.flag("reserved", header.reserved, "It must be 0, and is ignored.");
    let whose = match header.stream {
        0 => "0 is the connection itself.",
        stream if stream % 2 == 1 => "An odd number: opened by the client.",
        _ => "An even number: opened by the server.",
    };
    bits.add(31, "stream identifier", header.stream.to_string(), whose);
    let meaning = format!("The stream that the frame belongs to. {whose}");
    spans.add(4, Span::new("stream identifier", header.stream.to_string(), meaning, RFC).bits(bits));
}

fn explain_flags(
    spans: &mut Spans<'_>,
    header: &Header,
    flags: &[(u8, &'static str, &'static str)],
    rfc: &'static str,
) {
    let mut bits = BitRow::default();
    let mut names = Vec::new();
    for shift in (0..8).rev() {
        let bit = 1 << shift;
        let is_set = header.has(bit);
        match flags.iter().find(|(flag, ..)| *flag == bit) {
            Some((_, name, meaning)) => {
                bits.flag(*name, is_set, *meaning);
                names.extend(is_set.then_some(*name));
            }
            None => bits.flag("unused", is_set, "No meaning for this type: ignored."),
        }
    }
    let value = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let set: Vec<&str> =
        flags.iter().filter(|(flag, ..)| header.has(*flag)).map(|(.., meaning)| *meaning).collect();
    let meaning =
        if set.is_empty() { "No flag that this type knows is set.".to_owned() } else { set.join(" ") };
    spans.add(1, Span::new("flags", value, meaning, rfc).bits(bits));
}
