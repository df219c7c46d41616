//! The opening handshake, RFC 6455 §4: the server judges an HTTP/1.1 request and switches protocols.

pub mod client;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use bytes::{BufMut, BytesMut};
use http::header::{
    ALLOW, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, Request, Response, StatusCode, Version};
use sha1::{Digest, Sha1};

use crate::deflate::{Agreement, MalformedExtensions, Preferences};

/// The version of the protocol that RFC 6455 defines.
pub const VERSION: &str = "13";

/// The subprotocol that the chat speaks.
pub const SUBPROTOCOL: &str = "json";

/// What every server appends to the key, RFC 6455 §1.3: nothing that is not a WebSocket server would.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Octets of the nonce in the key.
const NONCE_BYTES: usize = 16;

/// What the head of most answers fits in, and an empty batch behind it.
const COMMON_HEAD_BYTES: usize = 512;

/// A request that may become a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The value of `Sec-WebSocket-Accept`.
    pub accept: String,
    /// The subprotocol picked, `None` where the client did not offer it.
    pub subprotocol: Option<&'static str>,
    /// How messages are compressed, `None` where they are not.
    pub deflate: Option<Agreement>,
}

/// Why a request does not become a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither `Upgrade` nor `Connection` asks for an upgrade: 426.
    #[error("this resource is a WebSocket: the request must have `Upgrade: websocket` (RFC 6455 §4.2.1)")]
    NotAnUpgrade,
    /// Not HTTP/1.1.
    #[error("the HTTP version of an opening handshake must be 1.1 (RFC 6455 §4.2.1)")]
    HttpVersion,
    /// Not GET: 405.
    #[error("the method of an opening handshake must be GET (RFC 6455 §4.2.1)")]
    Method,
    /// `Host` is absent, or there are several.
    #[error("there must be one Host, not {count} (RFC 6455 §4.2.1)")]
    Host {
        /// Field lines.
        count: usize,
    },
    /// `Upgrade` is absent, or does not list `websocket`.
    #[error("Upgrade must contain `websocket` (RFC 6455 §4.2.1)")]
    Upgrade,
    /// `Connection` is absent, or does not list `upgrade`.
    #[error("Connection must contain `upgrade` (RFC 6455 §4.2.1)")]
    Connection,
    /// `Sec-WebSocket-Version` is absent, or not 13: 426.
    #[error("Sec-WebSocket-Version must be 13 (RFC 6455 §4.4)")]
    WebSocketVersion,
    /// `Sec-WebSocket-Key` is absent, or there are several.
    #[error("there must be one Sec-WebSocket-Key, not {count} (RFC 6455 §4.2.1, §11.3.1)")]
    KeyCount {
        /// Field lines.
        count: usize,
    },
    /// `Sec-WebSocket-Key` is not base64 of 16 octets.
    #[error("Sec-WebSocket-Key must be 16 octets in base64 (RFC 6455 §4.2.1)")]
    Key,
    /// `Sec-WebSocket-Protocol` is not a list of tokens.
    #[error("Sec-WebSocket-Protocol must be a list of tokens (RFC 6455 §4.1, RFC 9110 §5.6.2)")]
    Subprotocol,
    /// `Sec-WebSocket-Extensions` is not a list of extensions.
    #[error(transparent)]
    Extensions(#[from] MalformedExtensions),
}

impl Refusal {
    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotAnUpgrade | Self::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            // RFC 6455 §4.2.1: what does not match the description gets an appropriate error, such as 400.
            Self::HttpVersion
            | Self::Host { .. }
            | Self::Upgrade
            | Self::Connection
            | Self::KeyCount { .. }
            | Self::Key
            | Self::Subprotocol
            | Self::Extensions(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The fields that the answer must carry beside its content.
    pub fn fields(&self) -> Vec<(HeaderName, &'static str)> {
        match self {
            // RFC 9110 §15.5.22: 426 MUST name the protocol; §7.8: Upgrade MUST come with its connection option.
            Self::NotAnUpgrade => vec![(UPGRADE, "websocket"), (CONNECTION, "upgrade")],
            // RFC 6455 §4.4: the answer MUST tell the versions that the server speaks.
            Self::WebSocketVersion => {
                vec![(UPGRADE, "websocket"), (CONNECTION, "upgrade"), (SEC_WEBSOCKET_VERSION, VERSION)]
            }
            Self::Method => vec![(ALLOW, "GET")],
            _ => Vec::new(),
        }
    }
}

impl Accepted {
    /// The fields of the answer that switches protocols, RFC 6455 §4.2.2.
    fn fields(&self) -> impl Iterator<Item = (HeaderName, &[u8])> {
        let fields = [(UPGRADE, &b"websocket"[..]), (CONNECTION, b"Upgrade")];
        let accept = (SEC_WEBSOCKET_ACCEPT, self.accept.as_bytes());
        let subprotocol = self.subprotocol.map(|name| (SEC_WEBSOCKET_PROTOCOL, name.as_bytes()));
        let extension =
            self.deflate.as_ref().map(|agreed| (SEC_WEBSOCKET_EXTENSIONS, agreed.response.as_bytes()));
        fields.into_iter().chain([accept]).chain(subprotocol).chain(extension)
    }

    /// The answer that switches protocols. Every octet after it is a frame's.
    ///
    /// # Panics
    /// Where `accept` was set to what cannot be a field's value.
    pub fn response(&self) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        for (name, value) in self.fields() {
            let value = HeaderValue::from_bytes(value).expect("base64 and tokens are visible ASCII");
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// The answer as it stands on the wire (RFC 9112 §2.1): status line, field lines, `others` among them, and an
    /// empty line.
    pub fn encode(&self, others: &[(HeaderName, HeaderValue)]) -> BytesMut {
        let mut head = BytesMut::with_capacity(COMMON_HEAD_BYTES);
        // region: switch-protocols
        head.put_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
        let others = others.iter().map(|(name, value)| (name.clone(), value.as_bytes()));
        for (name, value) in self.fields().chain(others) {
            head.put_slice(name.as_str().as_bytes());
            head.put_slice(b": ");
            head.put_slice(value);
            head.put_slice(b"\r\n");
        }
        head.put_slice(b"\r\n");
        head
        // endregion: switch-protocols
    }
}

/// Judges an opening handshake by RFC 6455 §4.2.1, in the order of that section, but for two: whether it asks for an
/// upgrade at all comes first, and `Sec-WebSocket-Version` (no. 6) before the key (no. 5), whose rule is that of version 13.
///
/// `Origin` (§4.2.1 no. 7) is the caller's to judge. Of the extensions (no. 9) permessage-deflate is taken up as
/// `deflate` prefers it; with `None` there is no compression.
///
/// # Errors
/// The first rule that the request breaks.
pub fn judge<B>(request: &Request<B>, deflate: Option<&Preferences>) -> Result<Accepted, Refusal> {
    judge_upgrade(request)?;
    let fields = request.headers();
    // No. 5: the key.
    let key = judge_key(fields)?;
    // No. 8: the subprotocols.
    let subprotocol = choose_subprotocol(fields)?;
    // No. 9: the extensions. What is malformed is refused also where none is taken up (§9.1).
    let agreement = deflate.copied().unwrap_or_default().accept(fields)?;
    let deflate = deflate.and(agreement);
    Ok(Accepted { accept: derive_accept_key(key), subprotocol, deflate })
}

/// Nos. 1 to 4 and 6: whether this asks for a WebSocket of our version at all.
fn judge_upgrade<B>(request: &Request<B>) -> Result<(), Refusal> {
    // region: judge-upgrade
    let fields = request.headers();
    let connection = lists(fields, CONNECTION, "upgrade");
    if !fields.contains_key(UPGRADE) && !connection {
        return Err(Refusal::NotAnUpgrade);
    }
    // RFC 6455 §4.2.1 no. 1: a GET of HTTP/1.1. HTTP/1.0 has no Upgrade (RFC 9110 §7.8), HTTP/2 forbids it
    // (RFC 9113 §8.6).
    if request.version() != Version::HTTP_11 {
        return Err(Refusal::HttpVersion);
    }
    if request.method() != Method::GET {
        return Err(Refusal::Method);
    }
    // No. 2: Host; more than one is 400 by RFC 9112 §3.2.
    let count = fields.get_all(HOST).iter().count();
    if count != 1 {
        return Err(Refusal::Host { count });
    }
    // No. 3: Upgrade contains `websocket`, in any case.
    if !lists(fields, UPGRADE, "websocket") {
        return Err(Refusal::Upgrade);
    }
    // No. 4: Connection contains `upgrade`, in any case.
    if !connection {
        return Err(Refusal::Connection);
    }
    // No. 6: the version. It comes before the key because the key's rule is that of version 13.
    let mut versions = fields.get_all(SEC_WEBSOCKET_VERSION).iter();
    if (versions.next().map(HeaderValue::as_bytes), versions.next()) != (Some(VERSION.as_bytes()), None) {
        return Err(Refusal::WebSocketVersion);
    }
    Ok(())
    // endregion: judge-upgrade
}

fn judge_key(fields: &HeaderMap) -> Result<&[u8], Refusal> {
    // RFC 6455 §11.3.1: MUST NOT appear more than once.
    let count = fields.get_all(SEC_WEBSOCKET_KEY).iter().count();
    let key = fields.get(SEC_WEBSOCKET_KEY).filter(|_| count == 1).ok_or(Refusal::KeyCount { count })?;
    // The RFC asks for what decodes to 16 octets, so the 4 bits left over in the last digit may be anything.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    // Room for what 24 octets decode to before their `==` is looked at.
    let mut nonce = [0; NONCE_BYTES + 2];
    match LENIENT.decode_slice(key, &mut nonce) {
        Ok(NONCE_BYTES) => Ok(key.as_bytes()),
        _ => Err(Refusal::Key),
    }
}

/// Picks [`SUBPROTOCOL`] if it is among the offers.
fn choose_subprotocol(fields: &HeaderMap) -> Result<Option<&'static str>, Refusal> {
    // region: choose-subprotocol
    // RFC 6455 §4.1 no. 10: the value is 1#token, so at least one. Several lines are one list (§11.3.4).
    let mut offers = elements(fields, SEC_WEBSOCKET_PROTOCOL).peekable();
    if fields.contains_key(SEC_WEBSOCKET_PROTOCOL) && offers.peek().is_none() {
        return Err(Refusal::Subprotocol);
    }
    let mut chosen = None;
    for offer in offers {
        if !offer.iter().all(is_token_octet) {
            return Err(Refusal::Subprotocol);
        }
        // RFC 6455 §4.2.2 no. 5: one of the offers, or no field.
        if offer == SUBPROTOCOL.as_bytes() {
            chosen = Some(SUBPROTOCOL);
        }
    }
    Ok(chosen)
    // endregion: choose-subprotocol
}

/// The value of `Sec-WebSocket-Accept` for a key as it was sent, RFC 6455 §4.2.2 no. 5.4: base64 of the SHA-1
/// of key and GUID. It shows that the server read this very handshake; it protects nothing.
pub fn derive_accept_key(key: &[u8]) -> String {
    // region: derive-accept-key
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    STANDARD.encode(digest)
    // endregion: derive-accept-key
}

/// Whether a list field has this element, without regard to case.
fn lists(fields: &HeaderMap, name: HeaderName, element: &str) -> bool {
    elements(fields, name).any(|listed| listed.eq_ignore_ascii_case(element.as_bytes()))
}

/// The elements of a list field: several lines are one list, and empty elements do not count (RFC 9110 §5.6.1).
fn elements(fields: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    // region: elements
    fields
        .get_all(name)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|&octet| octet == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
    // endregion: elements
}

/// An octet of a token, RFC 9110 §5.6.2. RFC 6455 took the rule from RFC 2616, which names the same octets.
pub(crate) fn is_token_octet(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet)
}
