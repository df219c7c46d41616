//! What the octets of a unit are, and what it is to the exchange that it belongs to.

use std::collections::{BTreeMap, VecDeque};

use crate::explain::{Side, Span, Unit};

use super::{
    event::Parts,
    limits::MAX_EXCHANGES,
    scan::{Scan, Told},
};

/// What one side says on a stream, or on a connection without streams.
#[derive(Debug, Default)]
struct Lane {
    is_json: bool,
    scan: Scan,
}

/// A stream; the whole connection without HTTP/2.
#[derive(Debug, Default)]
struct Exchange {
    client: Lane,
    server: Lane,
    /// The event of its request.
    request: Option<u64>,
}

impl Exchange {
    const fn lane(&mut self, side: Side) -> &mut Lane {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// What a unit is.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) parts: Parts,
    pub(super) told: Told,
    pub(super) is_request: bool,
    /// The event of the request that it belongs to.
    pub(super) of: Option<u64>,
    /// A message from the client over a WebSocket ends with it.
    pub(super) ends_message: bool,
}

/// Sorts the units of one connection.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    /// By HTTP/2 stream; 0 without HTTP/2.
    exchanges: BTreeMap<u32, Exchange>,
    /// Requests of HTTP/1.1 without an answer yet.
    waiting: VecDeque<u64>,
}

impl Sorter {
    /// Sorts the next unit, whose event is `id` and whose octets are `octets`.
    pub(super) fn sort(&mut self, unit: &Unit, octets: &[u8], id: u64) -> Sorted {
        let size = unit.end - unit.start;
        match unit.kind {
            "request" | "response" => self.head(unit, id, size),
            "content" | "chunk" => {
                let exchange = self.exchange(0);
                let of = if unit.side == Side::Server { exchange.request } else { None };
                let (parts, told) = content(exchange.lane(unit.side), unit, octets);
                Sorted { parts, told, of, ..Sorted::default() }
            }
            "text" | "binary" | "continuation" => self.data_frame(unit),
            "not understood" | "incomplete" => {
                Sorted { parts: Parts { other: size, ..Parts::default() }, ..Sorted::default() }
            }
            _ if unit.stream.is_some() => self.http2_frame(unit, octets, id),
            _ => Sorted { parts: Parts { framing: size, ..Parts::default() }, ..Sorted::default() },
        }
    }

    fn exchange(&mut self, stream: u32) -> &mut Exchange {
        if self.exchanges.len() >= MAX_EXCHANGES && !self.exchanges.contains_key(&stream) {
            self.exchanges.pop_first();
        }
        self.exchanges.entry(stream).or_default()
    }

    /// The head of an HTTP/1.1 message.
    fn head(&mut self, unit: &Unit, id: u64, size: u64) -> Sorted {
        let is_json =
            unit.spans.iter().any(|span| span.name == "content-type" && span.value.contains("json"));
        let parts = Parts { fields: size, ..Parts::default() };
        let lane = Lane { is_json, scan: Scan::default() };
        if unit.kind == "request" {
            if self.waiting.len() >= MAX_EXCHANGES {
                self.waiting.pop_front();
            }
            self.waiting.push_back(id);
            self.exchange(0).client = lane;
            return Sorted { parts, is_request: true, ..Sorted::default() };
        }
        let is_interim = unit.summary.starts_with('1') && !unit.summary.starts_with("101");
        let of = if is_interim { self.waiting.front().copied() } else { self.waiting.pop_front() };
        let exchange = self.exchange(0);
        exchange.server = lane;
        exchange.request = of;
        Sorted { parts, of, ..Sorted::default() }
    }

    /// A data frame of a WebSocket. What is compressed is divided as what it inflates to: the octets on the wire are
    /// of both.
    fn data_frame(&mut self, unit: &Unit) -> Sorted {
        let size = unit.end - unit.start;
        let on_wire: u64 = lengths(unit, |span| span.name == "payload");
        let lane = self.exchange(0).lane(unit.side);
        if unit.kind != "continuation" && unit.spans.len() > 1 {
            lane.scan = Scan::default();
        }
        let told = lane.scan.push(&unit.content);
        let inflated = unit.content.len() as u64;
        let payload =
            (on_wire * told.payload + inflated / 2).checked_div(inflated).unwrap_or_default().min(on_wire);
        let parts =
            Parts { framing: size - on_wire, envelope: on_wire - payload, payload, ..Parts::default() };
        let is_final =
            unit.spans.iter().any(|span| span.name == "FIN, RSV, opcode" && span.value.contains("FIN"));
        Sorted { parts, told, ends_message: is_final && unit.side == Side::Client, ..Sorted::default() }
    }

    fn http2_frame(&mut self, unit: &Unit, octets: &[u8], id: u64) -> Sorted {
        let size = unit.end - unit.start;
        let stream = unit.stream.unwrap_or_default();
        let is_data = unit.kind == "DATA";
        let has_fields = matches!(unit.kind, "HEADERS" | "CONTINUATION" | "PUSH_PROMISE");
        if !is_data && !has_fields && unit.kind != "RST_STREAM" {
            return Sorted { parts: Parts { framing: size, ..Parts::default() }, ..Sorted::default() };
        }
        let ends =
            unit.kind == "RST_STREAM" || (unit.side == Side::Server && unit.summary.contains("END_STREAM"));
        let is_new = !self.exchanges.contains_key(&stream);
        let exchange = self.exchange(stream);
        let is_request = unit.kind == "HEADERS" && unit.side == Side::Client && is_new;
        if is_request {
            exchange.request = Some(id);
        }
        let of = exchange.request.filter(|request| *request != id);
        let lane = exchange.lane(unit.side);
        let (parts, told) = if is_data {
            content(lane, unit, octets)
        } else {
            lane.is_json |= unit.spans.iter().any(|span| {
                span.value.strip_prefix("content-type: ").is_some_and(|value| value.contains("json"))
            });
            let fields = lengths(unit, is_field);
            (Parts { fields, framing: size - fields, ..Parts::default() }, Told::default())
        };
        if ends {
            self.exchanges.remove(&stream);
        }
        Sorted { parts, told, is_request, of, ends_message: false }
    }
}

/// Whether a span of a frame with fields is of its field block.
fn is_field(span: &Span) -> bool {
    span.rfc.starts_with("RFC 7541")
}

fn lengths(unit: &Unit, wanted: impl Fn(&Span) -> bool) -> u64 {
    unit.spans.iter().filter(|span| wanted(span)).map(|span| span.end - span.start).sum()
}

/// A unit with content: the content by what it says, the rest framing.
fn content(lane: &mut Lane, unit: &Unit, octets: &[u8]) -> (Parts, Told) {
    let (mut parts, mut all) = (Parts::default(), Told::default());
    for span in &unit.spans {
        let size = span.end - span.start;
        if !matches!(&*span.name, "content" | "chunk data" | "data") {
            parts.framing += size;
        } else if lane.is_json {
            let told = lane.scan.push(slice(octets, span.start - unit.start, span.end - unit.start));
            parts.payload += told.payload;
            parts.envelope += size - told.payload;
            all.payload += told.payload;
            all.messages.extend(told.messages);
            all.nonces.extend(told.nonces);
        } else {
            parts.other += size;
        }
    }
    (parts, all)
}

fn slice(octets: &[u8], from: u64, to: u64) -> &[u8] {
    let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    octets.get(at(from)..at(to)).unwrap_or_default()
}
