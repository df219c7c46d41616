//! The opening handshake as all clients of a swarm make it, and what was agreed in it.

use std::{fmt::Write as _, net::SocketAddrV4};

use http::{HeaderName, HeaderValue, Response};
use raw_websocket::{
    deflate::{Compression, InflateError, Inflater, Offer, WindowBits},
    handshake::{SUBPROTOCOL, client::ClientHandshake},
};

use crate::Outcome;

/// The most octets of an inflated message: a batch is smaller.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// One handshake for all, its nonce no secret: what it costs the server is the same.
pub(crate) struct Opening {
    address: SocketAddrV4,
    handshake: ClientHandshake,
    inflating: Option<Inflating>,
}

/// Without context takeover, one inflater serves all clients.
struct Inflating {
    inflater: Inflater,
    /// A broadcast is compressed once for all, and inflated once here: the load is not what is measured.
    compressed: Vec<u8>,
    inflated: Vec<u8>,
}

impl Opening {
    pub(crate) fn new(address: SocketAddrV4, deflate: bool) -> Self {
        let handshake =
            ClientHandshake::new(*b"a bench's nonce.", vec![HeaderValue::from_static(SUBPROTOCOL)]);
        if !deflate {
            return Self { address, handshake, inflating: None };
        }
        let offer =
            Offer { server_no_context_takeover: true, client_no_context_takeover: true, ..Offer::default() };
        let compression = Compression { context_takeover: false, window_bits: WindowBits::MAX };
        let inflater = Inflater::new(compression, MAX_MESSAGE_BYTES);
        let inflating = Inflating { inflater, compressed: Vec::new(), inflated: Vec::new() };
        Self { address, handshake: handshake.with_deflate(offer), inflating: Some(inflating) }
    }

    /// Whether messages may be compressed.
    pub(crate) const fn deflates(&self) -> bool {
        self.inflating.is_some()
    }

    /// The request for `target`.
    pub(crate) fn request(&self, target: &str) -> Vec<u8> {
        let mut request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in &self.handshake.fields() {
            let _ = write!(request, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
        request.push_str("\r\n");
        request.into_bytes()
    }

    /// Judges the answer: gives the octets of its head, `None` while it has not come whole.
    pub(crate) fn judge(&self, octets: &[u8]) -> Outcome<Option<usize>> {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(len) = head.parse(octets)? else { return Ok(None) };
        let mut response = Response::new(());
        *response.status_mut() = head.code.unwrap_or(0).try_into()?;
        for field in head.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes())?;
            response.headers_mut().append(name, HeaderValue::from_bytes(field.value)?);
        }
        let opened = self.handshake.judge(&response)?;
        match opened.deflate {
            None if self.deflates() => Err("the server did not agree on permessage-deflate".into()),
            Some(agreed) if !agreed.server_no_context_takeover => {
                Err("the server did not agree on no context takeover".into())
            }
            _ => Ok(Some(len)),
        }
    }

    /// What a compressed message inflates to.
    pub(crate) fn inflate(&mut self, payload: &[u8]) -> Outcome<&[u8]> {
        let inflating = self.inflating.as_mut().ok_or("a compressed message where none was agreed on")?;
        if inflating.compressed != payload {
            inflating.inflated.clear();
            let sink = |octets: &[u8]| -> Result<(), InflateError> {
                inflating.inflated.extend_from_slice(octets);
                Ok(())
            };
            inflating.inflater.push(payload, sink)?;
            inflating.inflater.finish()?;
            inflating.compressed.clear();
            inflating.compressed.extend_from_slice(payload);
        }
        Ok(&inflating.inflated)
    }
}
