//! HTTP/1.1 messages, RFC 9112: where each unit ends, and what it is.

mod chunk;
mod framing;
mod head;
mod line;

use super::{
    Link,
    lane::{Label, Next, Size},
    limits::{MAX_HEAD_BYTES, MAX_UNIT_BYTES, MAX_WAITING_REQUESTS},
    span::{Rule, Side, Span, Spans, Stop},
    text,
};
use framing::{Content, Follows};

/// What an answer must know of its request.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// Its answer has no content, RFC 9110 §9.3.2.
    pub(super) is_head: bool,
    /// A 2xx answer opens a tunnel, RFC 9110 §9.3.6.
    pub(super) is_connect: bool,
    /// It asks for another protocol, RFC 9110 §7.8.
    pub(super) asks_upgrade: bool,
    /// Its `sec-websocket-key`.
    pub(super) key: Option<String>,
}

#[derive(Debug)]
enum At {
    Head(HeadEnd),
    /// Within a content of `size` octets, or of one that ends with the connection.
    Content {
        size: Option<u64>,
        sent: u64,
        is_json: bool,
    },
    /// Before a chunk's size.
    Chunk,
    /// Within a chunk of `size` octets.
    ChunkData {
        size: u64,
        sent: u64,
    },
}

/// One side's messages.
#[derive(Debug)]
pub(super) struct Http1 {
    side: Side,
    at: At,
    /// The request under way asks for another protocol: behind its content the answer decides.
    waits: bool,
}

/// Looks for the empty line that ends a head, each octet once.
#[derive(Debug, Default)]
struct HeadEnd {
    seen: usize,
    line_octets: usize,
    has_line: bool,
}

impl HeadEnd {
    const fn new() -> Self {
        Self { seen: 0, line_octets: 0, has_line: false }
    }

    /// The head's size with its empty line; lines that are empty before it belong to it.
    fn find(&mut self, octets: &[u8]) -> Option<usize> {
        for octet in octets.get(self.seen..).unwrap_or_default() {
            self.seen += 1;
            match octet {
                b'\n' if self.line_octets == 0 && self.has_line => return Some(self.seen),
                b'\n' => {
                    self.has_line |= self.line_octets > 0;
                    self.line_octets = 0;
                }
                // The octet before LF is no part of the line; within a line it makes no difference.
                b'\r' => {}
                _ => self.line_octets += 1,
            }
        }
        None
    }
}

impl Http1 {
    pub(super) const fn new(side: Side) -> Self {
        Self { side, at: At::Head(HeadEnd::new()), waits: false }
    }

    /// The content under way ends with the connection.
    pub(super) const fn ends_with_connection(&self) -> bool {
        matches!(self.at, At::Content { size: None, .. })
    }

    /// The size of the next unit.
    pub(super) fn size(&mut self, octets: &[u8]) -> Size {
        match &mut self.at {
            At::Head(end) => {
                if let Some(rule) = head::cannot_begin(self.side, octets) {
                    return Size::Broken(rule);
                }
                match end.find(octets) {
                    Some(size) if size <= MAX_HEAD_BYTES => Size::Unit(size),
                    None if octets.len() < MAX_HEAD_BYTES => Size::More,
                    _ => Size::Broken(Rule::new(
                        format!("a head of more than {MAX_HEAD_BYTES} octets is not read here"),
                        "RFC 9112 §2.1",
                    )),
                }
            }
            At::Content { size, sent, .. } => {
                let left = size.map_or(u64::MAX, |size| size - *sent);
                whole_or_piece(octets, left)
            }
            At::ChunkData { size, sent } => chunk::rest_size(octets, *size, *sent),
            At::Chunk => chunk::size(octets),
        }
    }

    /// Explains a unit of that size, or what there is of it where the capture ends.
    pub(super) fn explain(&mut self, spans: &mut Spans<'_>, link: &mut Link) -> Result<Label, Stop> {
        let mut label = self.explain_part(spans, link)?;
        if self.waits && matches!(self.at, At::Head(_)) {
            self.waits = false;
            label.next = Some(Next::Wait);
        }
        Ok(label)
    }

    fn explain_part(&mut self, spans: &mut Spans<'_>, link: &mut Link) -> Result<Label, Stop> {
        match self.at {
            At::Head(_) => self.explain_head(spans, link),
            At::Content { size, sent, is_json } => self.explain_content(spans, size, sent, is_json),
            At::Chunk => {
                let (label, goes_on) = chunk::explain(spans)?;
                self.at = match goes_on {
                    chunk::GoesOn::Chunk => At::Chunk,
                    chunk::GoesOn::Data { size, sent } => At::ChunkData { size, sent },
                    chunk::GoesOn::Message => At::Head(HeadEnd::new()),
                };
                Ok(label)
            }
            At::ChunkData { size, sent } => {
                let (label, sent) = chunk::explain_rest(spans, size, sent)?;
                self.at = if sent == size { At::Chunk } else { At::ChunkData { size, sent } };
                Ok(label)
            }
        }
    }

    fn explain_head(&mut self, spans: &mut Spans<'_>, link: &mut Link) -> Result<Label, Stop> {
        let request = (self.side == Side::Server).then(|| link.requests.front()).flatten();
        let head = head::explain(spans, self.side, request)?;
        let Follows { content, next, waits, answer, request, is_last } = match self.side {
            Side::Client => framing::after_request(&head)?,
            Side::Server => framing::after_response(&head, request)?,
        };
        self.waits = waits;
        if let Some(request) = request {
            remember(request, link);
        }
        if is_last {
            link.requests.pop_front();
        }
        if answer.is_some() {
            link.answer = answer;
        }
        self.at = match content {
            Content::None | Content::Length(0) => At::Head(HeadEnd::new()),
            Content::Length(size) => At::Content { size: Some(size), sent: 0, is_json: head.is_json() },
            Content::UntilClose => At::Content { size: None, sent: 0, is_json: head.is_json() },
            Content::Chunked => At::Chunk,
        };
        let kind = if self.side == Side::Client { "request" } else { "response" };
        Ok(Label { kind, summary: head.summary(), next, ..Label::default() })
    }

    fn explain_content(
        &mut self,
        spans: &mut Spans<'_>,
        size: Option<u64>,
        sent: u64,
        is_json: bool,
    ) -> Result<Label, Stop> {
        let octets = spans.rest();
        let (from, to) = (sent, sent + octets.len() as u64);
        let is_piece = from > 0 || size.is_none_or(|size| to < size);
        let shown = text::show(octets);
        let what = if is_json && shown.is_text { "JSON text" } else { text::form(&shown) };
        let meaning = match (size, is_piece) {
            (Some(size), false) => {
                format!("The content, as long as content-length said: {}, {what}.", text::octets(size))
            }
            (Some(size), true) => format!("Octets {from} to {to} of the content's {size}, {what}."),
            (None, _) => format!("Octets {from} to {to} of a content that ends with the connection, {what}."),
        };
        let meaning = meaning + &text::cut(&shown);
        let summary = match size {
            Some(size) if is_piece => format!("content, octets {from} to {to} of {size}"),
            Some(size) => format!("content, {}, {}", text::octets(size), text::quoted(&shown.text)),
            None => format!("content, octets {from} to {to}"),
        };
        spans.add(octets.len(), Span::new("content", shown.text, meaning, "RFC 9112 §6"));
        self.at = match size {
            Some(size) if to >= size => At::Head(HeadEnd::new()),
            _ => At::Content { size, sent: to, is_json },
        };
        Ok(Label { kind: "content", summary, ..Label::default() })
    }
}

/// All that is left of a content, or a piece of it.
fn whole_or_piece(octets: &[u8], left: u64) -> Size {
    let size = usize::try_from(left).unwrap_or(usize::MAX).min(MAX_UNIT_BYTES);
    if octets.len() < size { Size::More } else { Size::Unit(size) }
}

/// Keeps what the answer must know. Past the limit nothing is known for sure any more.
fn remember(request: Request, link: &mut Link) {
    if link.requests.len() >= MAX_WAITING_REQUESTS {
        link.requests.clear();
        link.is_unpaired = true;
    }
    if !link.is_unpaired {
        link.requests.push_back(request);
    }
}
