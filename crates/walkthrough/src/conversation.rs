//! A conversation, octet by octet, as `crates/wire` explains it.

use std::collections::HashSet;

use maud::{Markup, html};
use serde::Deserialize;
use wire::explain::{Explainer, Protocol, Side, Span, Unit};

/// Octets of a span that are shown; of the rest it is said how many there are.
const MAX_SHOWN_BYTES: usize = 16;

/// The example of RFC 6455 §1.3: what must have passed before a frame may.
const REQUEST: &str = "GET /messages HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What one side of a recorded conversation sent at once.
#[derive(Debug, Deserialize)]
pub(crate) struct Piece {
    pub(crate) connection: usize,
    ours: bool,
    #[serde(default)]
    to_page: bool,
    /// Its octets, as many as are kept, in hexadecimal digits.
    pub(crate) octets: String,
    /// How many there were.
    pub(crate) length: usize,
}

impl Piece {
    /// Whether the client sent it.
    pub(crate) const fn is_of_client(&self) -> bool {
        self.ours != self.to_page
    }
}

/// What both sides sent, from the first octet.
#[derive(Default)]
struct Sent {
    client: Vec<u8>,
    server: Vec<u8>,
}

impl Sent {
    const fn of(&mut self, side: Side) -> &mut Vec<u8> {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn octets(&self, side: Side, span: &Span) -> &[u8] {
        let all = match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        };
        let at = |octet: u64| usize::try_from(octet).unwrap_or(usize::MAX);
        all.get(at(span.start)..at(span.end)).unwrap_or_default()
    }
}

/// Rows of a unit that is open without being asked, at most.
const MAX_OPEN_ROWS: usize = 24;

/// The kinds of unit that a page has shown.
pub(crate) type Seen = HashSet<(Side, &'static str)>;

/// A recorded conversation. Open is what the page has not shown yet, the first of its kind, if it is short.
///
/// # Errors
///
/// Its octets are not hexadecimal digits.
pub(crate) fn recorded(pieces: &[&Piece], seen: &mut Seen) -> Result<Markup, String> {
    let mut explainer = Explainer::new(Protocol::Http1);
    let mut sent = Sent::default();
    let mut cut = [false; 2];
    let mut rows = Vec::new();
    for piece in pieces {
        let side = if piece.is_of_client() { Side::Client } else { Side::Server };
        // Behind octets that were not kept nobody can tell where a frame begins.
        let Some(cut) = cut.get_mut(usize::from(piece.is_of_client())).filter(|cut| !**cut) else { continue };
        let octets = octets_of(&piece.octets)?;
        sent.of(side).extend_from_slice(&octets);
        for unit in explainer.push(side, &octets) {
            let rows_of_it: usize = unit.spans.iter().map(|span| 1 + span.bits.len()).sum();
            let is_short = !is_head(&unit) && rows_of_it <= MAX_OPEN_ROWS;
            let is_new = is_short && seen.insert((unit.side, unit.kind));
            rows.push(shown(&unit, &sent, is_new));
        }
        if piece.length > octets.len() {
            *cut = true;
            rows.push(html! { p.more { (piece.length - octets.len()) " more octets" } });
        }
    }
    Ok(html! { @for row in rows { (row) } })
}

/// Frames of one side, given in hexadecimal digits, after a good handshake.
///
/// # Errors
///
/// They are not hexadecimal digits, or not whole frames.
pub(crate) fn frames(side: Side, digits: &str) -> Result<Markup, String> {
    let octets = octets_of(digits)?;
    let mut explainer = Explainer::new(Protocol::WebSocket);
    explainer.push(Side::Client, REQUEST.as_bytes());
    explainer.push(Side::Server, RESPONSE.as_bytes());
    let mut sent = Sent { client: REQUEST.into(), server: RESPONSE.into() };
    sent.of(side).extend_from_slice(&octets);
    let end = sent.of(side).len();
    let units = explainer.push(side, &octets);
    let told = units.last().and_then(|unit| usize::try_from(unit.end).ok()).unwrap_or_default();
    if units.is_empty() || told != end {
        return Err("the octets must be whole frames".into());
    }
    Ok(html! { @for unit in &units { (shown(unit, &sent, true)) } })
}

fn octets_of(digits: &str) -> Result<Vec<u8>, String> {
    let digits: String = digits.split_whitespace().collect();
    let octet = |at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let octets: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(octet).collect();
    octets.ok_or_else(|| "octets must be pairs of hexadecimal digits".into())
}

fn is_head(unit: &Unit) -> bool {
    matches!(unit.kind, "request" | "response")
}

fn shown(unit: &Unit, sent: &Sent, is_open: bool) -> Markup {
    let arrow = if unit.side == Side::Client { "→" } else { "←" };
    html! {
        details.unit data-side=(if unit.side == Side::Client { "client" } else { "server" }) open[is_open] {
            summary { span.arrow { (arrow) } " " span.hidden { (unit.side.named()) ": " } (unit.summary) }
            div.wide tabindex="0" {
                table.spans {
                    thead { tr { th scope="col" { "octets" } th scope="col" { "name" } th scope="col" { "says" }
                        th scope="col" { "meaning" } } }
                    tbody { @for span in &unit.spans { (row(span, sent.octets(unit.side, span), is_head(unit))) } }
                }
            }
        }
    }
}

fn row(span: &Span, octets: &[u8], is_head: bool) -> Markup {
    html! {
        tr {
            td { @if is_head { (octets.len()) " octets" } @else { code { (hex(octets)) } } }
            td { (span.name) }
            td { (span.value) }
            td { (span.meaning) " " span.source { (span.rfc) } }
        }
        @for bits in &span.bits {
            tr.bit-row.unused[matches!(&*bits.name, "unused" | "reserved")] {
                td { @if bits.from == bits.to { "bit " (bits.from) } @else { "bits " (bits.from) "–" (bits.to) } }
                td { (bits.name) }
                td { (bits.value) }
                td { (bits.meaning) }
            }
        }
    }
}

fn hex(octets: &[u8]) -> String {
    let shown: Vec<_> = octets.iter().take(MAX_SHOWN_BYTES).map(|octet| format!("{octet:02x}")).collect();
    match octets.len().checked_sub(MAX_SHOWN_BYTES) {
        None | Some(0) => shown.join(" "),
        Some(more) => format!("{} … {more} more", shown.join(" ")),
    }
}
