//! The opening handshake: request heads judged by our server, answers by our client, and one with the other.
//!
//! Input: an octet that picks (bit 0: an answer; bits 1 and 2: what the client offers alone; bits 3 and 4: what the server
//! wishes alone), one for windows of the offer, one for those of the server, then a head. In it an octet from 0x80 stands
//! for a phrase of `PHRASES`, but behind 0xff for itself.

use http::header::{HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use http::{Request, Response, StatusCode};

use crate::deflate::{Offer, Parameters, Preferences, WindowBits};
use crate::handshake::client::ClientHandshake;
use crate::handshake::{Accepted, SUBPROTOCOL, judge};
use crate::model::extensions::{self, Agreed, Wishes, agree};
use crate::model::handshake::{Field, Head, base64};
use crate::script::Script;

/// What heads are made of.
const PHRASES: [&str; 40] = [
    "GET /messages HTTP/1.1\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n",
    "Host: localhost\r\n",
    "Upgrade: websocket\r\n",
    "Connection: Upgrade\r\n",
    "Sec-WebSocket-Version: 13\r\n",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    "Sec-WebSocket-Protocol: ",
    "Sec-WebSocket-Extensions: ",
    "Sec-WebSocket-Key: ",
    "Sec-WebSocket-Version: ",
    "Sec-WebSocket-Accept: ",
    "Upgrade: ",
    "Connection: ",
    "Host: ",
    "\r\n",
    "permessage-deflate",
    "; ",
    ", ",
    "=",
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
    "8",
    "9",
    "10",
    "12",
    "15",
    "\"",
    "\\",
    "json",
    "keep-alive",
    "websocket",
    "upgrade",
    " ",
    "\t",
    "HTTP/1.0",
    "POST ",
];

/// The nonce of RFC 6455 §1.3.
const NONCE: [u8; 16] = *b"the sample nonce";

/// Checks one input.
pub fn check(data: &[u8]) {
    let mut script = Script::new(data);
    let (picks, offered, wished) = (script.octet(), script.octet(), script.octet());
    let bits = |bits: u8| WindowBits::new(8 + bits % 8).unwrap_or(WindowBits::MAX);
    let offer = Offer {
        server_no_context_takeover: picks & 2 != 0,
        client_no_context_takeover: picks & 4 != 0,
        server_max_window_bits: (offered & 8 != 0).then(|| bits(offered)),
        client_max_window_bits: (offered & 0x80 != 0).then(|| bits(offered >> 4)),
    };
    let preferences = Preferences {
        server_no_context_takeover: picks & 8 != 0,
        client_no_context_takeover: picks & 16 != 0,
        server_max_window_bits: bits(wished).max(WindowBits::MIN_COMPRESSING),
        client_max_window_bits: bits(wished >> 4),
    };
    both_sides_agree(offer, &preferences);
    let head = head(script.rest());
    if picks & 1 == 0 {
        judges_requests(&head, &preferences);
    } else {
        judges_answers(&head, offer);
    }
}

/// The head that is meant.
fn head(octets: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    let mut octets = octets.iter();
    while let Some(&octet) = octets.next() {
        match octet {
            0xff => head.extend(octets.next()),
            0x80.. => head.extend(PHRASES[usize::from(octet - 0x80) % PHRASES.len()].as_bytes()),
            _ => head.push(octet),
        }
    }
    head
}

fn fields(parsed: &[httparse::Header<'_>]) -> Vec<Field> {
    parsed.iter().map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec())).collect()
}

fn wishes(preferences: &Preferences) -> Wishes {
    Wishes {
        server_alone: preferences.server_no_context_takeover,
        client_alone: preferences.client_no_context_takeover,
        server_bits: preferences.server_max_window_bits.get(),
        client_bits: preferences.client_max_window_bits.get(),
    }
}

fn in_model_words(parameters: Parameters) -> Agreed {
    Agreed {
        server_alone: parameters.server_no_context_takeover,
        client_alone: parameters.client_no_context_takeover,
        server_bits: parameters.server_max_window_bits.get(),
        client_bits: parameters.client_max_window_bits.get(),
    }
}

/// A request: accepted where the model finds nothing wrong, and else refused with the status of something wrong.
fn judges_requests(octets: &[u8], preferences: &Preferences) {
    let mut parsed = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut parsed);
    let Ok(httparse::Status::Complete(_)) = head.parse(octets) else { return };
    let (Some(method), Some(path), Some(version)) = (head.method, head.path, head.version) else { return };
    let version = if version == 1 { http::Version::HTTP_11 } else { http::Version::HTTP_10 };
    let mut request = Request::builder().method(method).uri(path).version(version);
    for field in head.headers.iter() {
        request = request.header(field.name, field.value);
    }
    let Ok(request) = request.body(()) else { return };
    let fields = fields(head.headers);
    let model = Head { fields: &fields };
    let refusals = model.refusals(method, version == http::Version::HTTP_11);
    let accepted = match judge(&request, Some(preferences)) {
        Ok(accepted) => accepted,
        Err(refusal) => {
            assert!(refusals.contains(&refusal.status().as_u16()), "{refusal}, the model {refusals:?}");
            assert_eq!(judge(&request, None), Err(refusal), "the same without compression");
            return;
        }
    };
    assert!(refusals.is_empty(), "accepted, the model {refusals:?}");
    assert_eq!(accepted.accept, model.accept());
    assert_eq!(accepted.subprotocol, model.offers(SUBPROTOCOL).then_some(SUBPROTOCOL));
    let offers = model.extensions().unwrap_or_default();
    let offers = offers.iter().filter_map(|extension| extension.deflate(true)).flatten();
    let first = offers.clone().find(|offer| wishes(preferences).accept(*offer));
    assert_eq!(accepted.deflate.is_some(), first.is_some(), "the first offer that can be");
    if let (Some(agreement), Some(offer)) = (&accepted.deflate, first) {
        let answer = answer(&agreement.response);
        let agreed = in_model_words(agreement.parameters);
        assert_eq!(agree(offer, answer), Some(agreed), "the answer is one to the offer");
        assert!(wishes(preferences).are_kept(offer, agreed), "{offer:?} {agreed:?}");
    }
    let uncompressed = judge(&request, None);
    assert!(uncompressed.is_ok_and(|uncompressed| uncompressed.deflate.is_none()));
    reads_back(&accepted);
}

/// The one permessage-deflate in an answer's field.
fn answer(value: &HeaderValue) -> extensions::Parameters {
    let parsed = extensions::parse([value.as_bytes()]).unwrap_or_default();
    let [extension] = &parsed[..] else { panic!("{value:?}") };
    extension.deflate(false).flatten().unwrap_or_else(|| panic!("{value:?}"))
}

/// An answer's head as it was written.
fn reads_back(accepted: &Accepted) -> Response<()> {
    let (written, response) = (accepted.encode(&[]), accepted.response());
    let mut parsed = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut parsed);
    assert_eq!(head.parse(&written), Ok(httparse::Status::Complete(written.len())));
    let mut read = Response::builder().status(head.code.unwrap_or_default());
    for field in head.headers.iter() {
        read = read.header(field.name, field.value);
    }
    let Ok(read) = read.body(()) else { panic!("{written:?}") };
    assert_eq!((read.status(), read.headers()), (response.status(), response.headers()));
    read
}

/// An answer: it opens the connection just where the model finds nothing wrong.
fn judges_answers(octets: &[u8], offer: Offer) {
    let mut parsed = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut parsed);
    let Ok(httparse::Status::Complete(_)) = head.parse(octets) else { return };
    let status = head.code.unwrap_or_default();
    let mut response = Response::builder().status(status);
    for field in head.headers.iter() {
        response = response.header(field.name, field.value);
    }
    let Ok(response) = response.body(()) else { return };
    let fields = fields(head.headers);
    let model = Head { fields: &fields };
    let opens = model.opens(status, base64(&NONCE).as_bytes(), &[SUBPROTOCOL, "chat"]);
    let protocols = vec![HeaderValue::from_static(SUBPROTOCOL), HeaderValue::from_static("chat")];
    let client = ClientHandshake::new(NONCE, protocols);

    let is_extended = fields.iter().any(|(name, _)| name == "sec-websocket-extensions");
    assert_eq!(client.judge(&response).is_ok(), opens && !is_extended, "no compression offered");

    let offered = answer_of(offer);
    let extended = match model.extensions().as_deref() {
        Some([]) => Some(None),
        Some([extension]) => {
            extension.deflate(false).flatten().and_then(|answer| agree(offered, answer)).map(Some)
        }
        _ => None,
    };
    let ours =
        client.with_deflate(offer).judge(&response).ok().map(|opened| opened.deflate.map(in_model_words));
    assert_eq!(ours, extended.filter(|_| opens));
}

/// Our offer in the model's words, read from the field.
fn answer_of(offer: Offer) -> extensions::Parameters {
    let parsed = extensions::parse([offer.value().as_bytes()]).unwrap_or_default();
    let [extension] = &parsed[..] else { panic!("{offer:?}") };
    extension.deflate(true).flatten().unwrap_or_else(|| panic!("{offer:?}"))
}

/// Our client's request is accepted by our server, its answer by our client, and both mean the same.
fn both_sides_agree(offer: Offer, preferences: &Preferences) {
    let client = ClientHandshake::new(NONCE, vec![HeaderValue::from_static(SUBPROTOCOL)]).with_deflate(offer);
    let mut request = Request::new(());
    *request.headers_mut() = client.fields();
    request.headers_mut().insert(http::header::HOST, HeaderValue::from_static("localhost"));
    let accepted = match judge(&request, Some(preferences)) {
        Ok(accepted) => accepted,
        Err(refusal) => panic!("{refusal}"),
    };
    let response = accepted.response();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let read = reads_back(&accepted);
    let opened = client.judge(&read);
    let Ok(opened) = opened else { panic!("{opened:?}") };
    assert_eq!(opened.subprotocol.map(HeaderValue::as_bytes), Some(SUBPROTOCOL.as_bytes()));
    assert_eq!(opened.deflate, accepted.deflate.map(|agreement| agreement.parameters));
    assert_eq!(opened.deflate.is_some(), wishes(preferences).accept(answer_of(offer)));
    assert_eq!(opened.deflate.is_some(), response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS));
}
