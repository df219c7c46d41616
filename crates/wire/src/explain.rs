//! Captured octets become spans that tile them exactly: byte range, name, value, one sentence of meaning, RFC section.
//!
//! An [`Explainer`] is fed what both sides of one connection sent, in the order seen and in any pieces, and gives
//! [`Unit`]s as they are complete: a head, a content, a chunk, a frame. What it gives is the same however the octets
//! were cut. It never judges for an endpoint: what breaks a rule but keeps its shape is explained, and the span says
//! which rule; where the shape is lost, the side's remaining octets are one span that says so.
//!
//! - [`span`]: units, spans, bits, steps
//! - [`limits`]: what is kept at most
//! - `lane`: one side's octets, and the protocol they are of
//! - `http1`: heads, fields, contents, chunks, RFC 9112; `fields`: what well-known fields mean
//! - `http2`: frames, RFC 9113; `hpack`: header blocks, RFC 7541
//! - `websocket`: the handshake's proof, frames and messages, RFC 6455 and RFC 7692
//! - `text`: octets as a person reads them
//!
//! ```
//! use wire::explain::{Explainer, Protocol, Side};
//!
//! let mut explainer = Explainer::new(Protocol::WebSocket);
//! let units = explainer.push(Side::Client, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
//! assert_eq!(units[0].summary, "text, 5 octets, \"Hello\"");
//! let names: Vec<_> = units[0].spans.iter().map(|span| &*span.name).collect();
//! assert_eq!(names, ["FIN, RSV, opcode", "MASK, payload length", "masking key", "payload"]);
//! assert_eq!(units[0].spans[2].value, "37 fa 21 3d");
//! ```

mod fields;
mod hpack;
mod http1;
mod http2;
mod lane;
pub mod limits;
pub mod span;
mod text;
mod websocket;

use std::collections::VecDeque;

pub use self::span::{Bits, Rule, Side, Span, Step, Text, Unit};
use self::{
    http1::Request,
    http2::Announced,
    lane::{Answer, Lane},
    limits::MAX_UNIT_BYTES,
    websocket::Extensions,
};

/// What the octets begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1, RFC 9112; from an accepted WebSocket handshake on WebSocket; HTTP/2 if the client begins with its
    /// connection preface.
    Http1,
    /// HTTP/2, RFC 9113, without TLS around it.
    Http2,
    /// WebSocket, RFC 6455: frames, or an opening handshake where a side begins as HTTP does.
    WebSocket,
}

/// Explains one connection.
#[derive(Debug)]
pub struct Explainer {
    client: Lane,
    server: Lane,
    link: Link,
}

/// What one side must know of the other.
#[derive(Debug)]
struct Link {
    protocol: Protocol,
    /// Requests without an answer, oldest first.
    requests: VecDeque<Request>,
    /// Requests were forgotten: an answer cannot be paired any more.
    is_unpaired: bool,
    /// What came of the request to upgrade, until the client's side goes on by it.
    answer: Option<Answer>,
    /// Extensions of frames whose handshake is not in the capture.
    extensions: Extensions,
    /// What each side announced in HTTP/2 SETTINGS.
    announced_by_client: Option<Announced>,
    announced_by_server: Option<Announced>,
}

impl Link {
    const fn announced_by(&self, side: Side) -> Option<Announced> {
        match side {
            Side::Client => self.announced_by_client,
            Side::Server => self.announced_by_server,
        }
    }

    const fn announced_by_mut(&mut self, side: Side) -> &mut Option<Announced> {
        match side {
            Side::Client => &mut self.announced_by_client,
            Side::Server => &mut self.announced_by_server,
        }
    }
}

impl Explainer {
    /// An explainer of a connection whose octets begin as `protocol` does.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        let link = Link {
            protocol,
            requests: VecDeque::new(),
            is_unpaired: false,
            answer: None,
            extensions: Extensions::assumed(),
            announced_by_client: None,
            announced_by_server: None,
        };
        Self { client: Lane::new(Side::Client, protocol), server: Lane::new(Side::Server, protocol), link }
    }

    /// Says which extensions are in use where the capture begins behind the opening handshake: the value of the
    /// answer's `sec-websocket-extensions`, empty for none. Without it a frame with RSV1 is taken for one of
    /// permessage-deflate (RFC 7692), which alone has registered that bit.
    #[must_use]
    pub fn with_extensions(mut self, agreed: &str) -> Self {
        self.link.extensions = Extensions::agreed(agreed);
        self
    }

    /// Takes the next octets that `side` sent, and gives the units that are complete by them, of both sides, in the
    /// order of their last octets.
    pub fn push(&mut self, side: Side, octets: &[u8]) -> Vec<Unit> {
        let mut units = Vec::new();
        // By pieces, so that no more than two units' octets are ever kept.
        for piece in octets.chunks(MAX_UNIT_BYTES) {
            let (lane, peer) = match side {
                Side::Client => (&mut self.client, &mut self.server),
                Side::Server => (&mut self.server, &mut self.client),
            };
            lane.push(piece);
            while let Some(unit) = lane.next(&mut self.link) {
                units.push(unit);
                // An answer to a request to upgrade lets the client's octets go on.
                while let Some(unit) = peer.next(&mut self.link) {
                    units.push(unit);
                }
            }
        }
        units
    }

    /// Ends the capture: what is left of both sides, explained as far as it goes.
    pub fn finish(mut self) -> Vec<Unit> {
        let mut units = Vec::new();
        for lane in [&mut self.client, &mut self.server] {
            while let Some(unit) = lane.finish(&mut self.link) {
                units.push(unit);
            }
        }
        units
    }

    /// The rule that `side` broke, or the limit it passed, so that its octets from `0` on are not understood: known
    /// as soon as it is certain, while the span on them comes with [`Explainer::finish`].
    pub const fn not_understood(&self, side: Side) -> Option<(u64, &Rule)> {
        match side {
            Side::Client => self.client.not_understood(),
            Side::Server => self.server.not_understood(),
        }
    }
}
