//! The client's side of the opening handshake, RFC 6455 §4.1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Response, StatusCode};

use super::{NONCE_BYTES, VERSION, derive_accept_key, lists};
use crate::deflate::{NegotiationError, Offer, Parameters};

/// An opening handshake that a client has under way.
#[derive(Clone, Debug)]
pub struct ClientHandshake {
    key: HeaderValue,
    subprotocols: Vec<HeaderValue>,
    deflate: Option<Offer>,
}

/// What the server has picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opened<'a> {
    /// One of the subprotocols offered, or none.
    pub subprotocol: Option<&'a HeaderValue>,
    /// How messages are compressed, `None` where they are not.
    pub deflate: Option<Parameters>,
}

/// Why a response does not open the connection: the client must fail it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// The server did not switch protocols.
    #[error("the status must be 101, not {0} (RFC 6455 §4.1)")]
    Status(StatusCode),
    /// `Upgrade` is absent or another.
    #[error("Upgrade must be `websocket` (RFC 6455 §4.1)")]
    Upgrade,
    /// `Connection` is absent, or does not list `upgrade`.
    #[error("Connection must contain `upgrade` (RFC 6455 §4.1)")]
    Connection,
    /// `Sec-WebSocket-Accept` is absent, given twice, or not that of our key.
    #[error("Sec-WebSocket-Accept must be derived from Sec-WebSocket-Key (RFC 6455 §4.1)")]
    Accept,
    /// An extension that was not offered.
    #[error("Sec-WebSocket-Extensions must name only what was offered, and nothing was (RFC 6455 §4.1)")]
    Extensions,
    /// Another extension than permessage-deflate, which was offered, or not as it was offered.
    #[error(transparent)]
    Deflate(#[from] NegotiationError),
    /// A subprotocol that was not offered, or several.
    #[error("Sec-WebSocket-Protocol must be one of those offered (RFC 6455 §4.1)")]
    Subprotocol,
}

impl ClientHandshake {
    /// A handshake that offers these subprotocols, the preferred one first. `nonce` is random, and new for each
    /// connection (RFC 6455 §4.1 no. 7).
    ///
    /// # Panics
    /// Never: base64 is a field's value.
    pub fn new(nonce: [u8; NONCE_BYTES], subprotocols: Vec<HeaderValue>) -> Self {
        let key = HeaderValue::from_str(&STANDARD.encode(nonce)).expect("base64 is visible ASCII");
        Self { key, subprotocols, deflate: None }
    }

    /// Offers permessage-deflate too, with these parameters.
    pub const fn with_deflate(mut self, offer: Offer) -> Self {
        self.deflate = Some(offer);
        self
    }

    /// The fields of the request beside `Host`; its method is GET, its version HTTP/1.1.
    pub fn fields(&self) -> HeaderMap {
        let mut fields = HeaderMap::new();
        fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
        fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        fields.insert(SEC_WEBSOCKET_KEY, self.key.clone());
        fields.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        for subprotocol in &self.subprotocols {
            fields.append(SEC_WEBSOCKET_PROTOCOL, subprotocol.clone());
        }
        if let Some(offer) = &self.deflate {
            fields.insert(SEC_WEBSOCKET_EXTENSIONS, offer.value());
        }
        fields
    }

    /// Judges the response, and gives what the server has picked.
    ///
    /// # Errors
    /// The first rule of RFC 6455 §4.1 that the response breaks. A status other than 101 is HTTP's to handle.
    pub fn judge<'a, B>(&self, response: &'a Response<B>) -> Result<Opened<'a>, ResponseError> {
        let fields = response.headers();
        // The numbers are those of the client's checks at the end of §4.1.
        // No. 1: 101.
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(ResponseError::Status(response.status()));
        }
        // No. 2: Upgrade is `websocket`, in any case.
        if !fields.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
            return Err(ResponseError::Upgrade);
        }
        // No. 3: Connection contains `upgrade`, in any case.
        if !lists(fields, CONNECTION, "upgrade") {
            return Err(ResponseError::Connection);
        }
        // No. 4: the accept value; not more than once (§11.3.3).
        let mut accepts = fields.get_all(SEC_WEBSOCKET_ACCEPT).iter();
        let expected = derive_accept_key(self.key.as_bytes());
        if (accepts.next().map(HeaderValue::as_bytes), accepts.next()) != (Some(expected.as_bytes()), None) {
            return Err(ResponseError::Accept);
        }
        // No. 5: no extension that was not offered.
        let deflate = match &self.deflate {
            Some(offer) => offer.judge(fields)?,
            None if fields.contains_key(SEC_WEBSOCKET_EXTENSIONS) => return Err(ResponseError::Extensions),
            None => None,
        };
        // No. 6: no subprotocol that was not offered; not more than one (§11.3.4).
        let mut subprotocols = fields.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let subprotocol = match (subprotocols.next(), subprotocols.next()) {
            (None, _) => None,
            (Some(picked), None) if self.subprotocols.contains(picked) => Some(picked),
            _ => return Err(ResponseError::Subprotocol),
        };
        Ok(Opened { subprotocol, deflate })
    }
}
