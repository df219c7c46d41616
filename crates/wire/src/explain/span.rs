//! What an explanation is made of: units, spans, bits and steps.

use std::borrow::Cow;

use serde::Serialize;

/// A name or a sentence: most are known when the program is built.
pub type Text = Cow<'static, str>;

/// Who sent the octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The side that opened the connection.
    Client,
    /// The side that accepted it.
    Server,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// The side in a sentence: `the client` or `the server`.
    pub const fn named(self) -> &'static str {
        match self {
            Self::Client => "the client",
            Self::Server => "the server",
        }
    }
}

/// What belongs together on the wire: a head, a content or a piece of it, a chunk, a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Who sent it.
    pub side: Side,
    /// Its first octet, counted from the first that this side sent.
    pub start: u64,
    /// The octet after its last.
    pub end: u64,
    /// A word to filter by: `request`, `response`, `content`, `chunk`; `preface` or an HTTP/2 frame's type
    /// (`HEADERS`, `UNKNOWN`); a WebSocket frame's opcode (`text`, `ping`); `incomplete`; `not understood`.
    pub kind: &'static str,
    /// The unit in one line.
    pub summary: String,
    /// The HTTP/2 stream that it belongs to; 0 is the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// Spans that tile the unit: each begins where the one before ends, and none is empty.
    pub spans: Vec<Span>,
    /// The payload of a WebSocket's data frame, unmasked, and inflated as far as it is shown; empty for all else, whose
    /// octets are what they are on the wire.
    #[serde(skip)]
    pub content: Vec<u8>,
}

/// Some octets and what they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first octet, counted from the first that this side sent.
    pub start: u64,
    /// The octet after the last.
    pub end: u64,
    /// What it is, in the RFC's words.
    pub name: Text,
    /// What it says, as a person reads it.
    pub value: String,
    /// One sentence, or two.
    pub meaning: Text,
    /// Where to read more, such as `RFC 6455 §5.2`.
    pub rfc: Text,
    /// Where several things share octets: the span, bit by bit. Empty, or they tile the span.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bits: Vec<Bits>,
    /// How the value is worked out, where that takes several steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// Some bits of a span. Bit 0 is the first on the wire: the most significant of the span's first octet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bits {
    /// The first bit.
    pub from: u32,
    /// The last bit.
    pub to: u32,
    /// What it is, in the RFC's words.
    pub name: Text,
    /// What it says, as a person reads it.
    pub value: String,
    /// One sentence.
    pub meaning: Text,
}

/// A step of working out a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is done.
    pub name: Text,
    /// What it gives.
    pub value: String,
}

impl Step {
    pub(super) fn new(name: impl Into<Text>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl Span {
    /// A span that is not placed yet.
    pub(super) fn new(
        name: impl Into<Text>,
        value: impl Into<String>,
        meaning: impl Into<Text>,
        rfc: impl Into<Text>,
    ) -> Self {
        Self {
            start: 0,
            end: 0,
            name: name.into(),
            value: value.into(),
            meaning: meaning.into(),
            rfc: rfc.into(),
            bits: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn bits(mut self, bits: BitRow) -> Self {
        self.bits = bits.bits;
        self
    }

    pub(super) fn steps(mut self, steps: Vec<Step>) -> Self {
        self.steps = steps;
        self
    }
}

/// Bits of a span, put one after another.
#[derive(Debug, Default)]
pub(super) struct BitRow {
    bits: Vec<Bits>,
    at: u32,
}

impl BitRow {
    /// Adds the next `count` bits; none if `count` is 0.
    pub(super) fn add(
        &mut self,
        count: usize,
        name: impl Into<Text>,
        value: impl Into<String>,
        meaning: impl Into<Text>,
    ) {
        let next = self.at.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        if count > 0 {
            let (name, value, meaning) = (name.into(), value.into(), meaning.into());
            self.bits.push(Bits { from: self.at, to: next - 1, name, value, meaning });
        }
        self.at = next;
    }

    /// Adds one bit, its value 0 or 1.
    pub(super) fn flag(&mut self, name: impl Into<Text>, is_set: bool, meaning: impl Into<Text>) {
        self.add(1, name, if is_set { "1" } else { "0" }, meaning);
    }
}

/// Why an explanation does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The octets end within this.
    Cut { what: Text, rfc: Text },
    /// The octets break a rule, so that what follows cannot be told apart.
    Broken(Rule),
}

/// A rule that octets break, or a limit of the explainer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The rule, as a clause: `a frame of type PING must have 8 octets`.
    pub rule: Text,
    /// Where it stands.
    pub rfc: Text,
}

impl Rule {
    pub(super) fn new(rule: impl Into<Text>, rfc: impl Into<Text>) -> Self {
        Self { rule: rule.into(), rfc: rfc.into() }
    }

    pub(super) fn broken<T>(rule: impl Into<Text>, rfc: impl Into<Text>) -> Result<T, Stop> {
        Err(Stop::Broken(Self::new(rule, rfc)))
    }

    /// The name of what breaks it: `not understood: …`.
    pub(super) fn sentence(&self) -> String {
        format!("not understood: {}", self.rule)
    }
}

/// The octets of one unit, and the spans put on them so far. They tile: there is no way to leave an octet out.
#[derive(Debug)]
pub(super) struct Spans<'a> {
    octets: &'a [u8],
    at: usize,
    start: u64,
    spans: Vec<Span>,
}

impl<'a> Spans<'a> {
    /// `start` is where the octets begin, among all of their side.
    pub(super) const fn new(octets: &'a [u8], start: u64) -> Self {
        Self { octets, at: 0, start, spans: Vec::new() }
    }

    /// The octets without a span yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    /// Where the octets without a span begin, among all of their side.
    pub(super) fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The next `count` octets, which stay without a span.
    pub(super) fn peek(&self, count: usize, what: &'static str, rfc: &'static str) -> Result<&'a [u8], Stop> {
        self.rest().get(..count).ok_or(Stop::Cut { what: what.into(), rfc: rfc.into() })
    }

    /// The next octets, as many as there must be.
    pub(super) fn peek_array<const N: usize>(
        &self,
        what: &'static str,
        rfc: &'static str,
    ) -> Result<[u8; N], Stop> {
        self.rest().first_chunk().copied().ok_or(Stop::Cut { what: what.into(), rfc: rfc.into() })
    }

    /// Puts `span` on the next `count` octets, or on all there are. An empty span is left out.
    pub(super) fn add(&mut self, count: usize, mut span: Span) {
        let count = count.min(self.rest().len());
        if count == 0 {
            return;
        }
        span.start = self.position();
        self.at += count;
        span.end = self.position();
        self.spans.push(span);
    }

    /// Adds a sentence to the unit's first span.
    pub(super) fn note(&mut self, sentence: &str) {
        if let Some(span) = self.spans.first_mut() {
            span.meaning.to_mut().push_str(sentence);
        }
    }

    /// The spans, and how many octets they tile.
    pub(super) fn finish(self) -> (Vec<Span>, usize) {
        (self.spans, self.at)
    }
}
