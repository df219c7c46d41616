//! The opening handshake from the client's side.

use http::header::HeaderValue;
use http::{Request, Response, StatusCode};
use raw_websocket::deflate::{NegotiationError, Offer, Parameters, Preferences, WindowBits};
use raw_websocket::handshake;
use raw_websocket::handshake::client::{ClientHandshake, Opened, ResponseError};

use super::handshake::{ACCEPT, KEY, judge};

/// A client for the key of the RFC's example, that offers two subprotocols.
fn client() -> ClientHandshake {
    let offers = ["json", "chat"].map(HeaderValue::from_static);
    ClientHandshake::new(*b"the sample nonce", offers.to_vec())
}

fn response(fields: &[(&str, &str)]) -> Response<()> {
    let mut response = Response::builder().status(101);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(()).unwrap()
}

#[test]
fn a_client_and_a_server_agree() {
    let mut request = Request::get("/messages").header("host", "a").body(()).unwrap();
    request.headers_mut().extend(client().fields());
    assert_eq!(request.headers()["sec-websocket-key"], KEY);
    let response = judge(&request).unwrap().response();
    assert_eq!(
        client().judge(&response),
        Ok(Opened { subprotocol: Some(&HeaderValue::from_static("json")), deflate: None })
    );
}

#[test]
fn a_client_and_a_server_agree_on_deflate() {
    let offer = Offer { client_max_window_bits: WindowBits::new(10), ..Offer::default() };
    let client = client().with_deflate(offer);
    let mut request = Request::get("/messages").header("host", "a").body(()).unwrap();
    request.headers_mut().extend(client.fields());
    let accepted = handshake::judge(&request, Some(&Preferences::default())).unwrap();
    let parameters = Parameters {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: WindowBits::MAX,
        client_max_window_bits: WindowBits::new(10).unwrap(),
    };
    assert_eq!(accepted.deflate.as_ref().map(|agreement| agreement.parameters), Some(parameters));
    assert_eq!(client.judge(&accepted.response()).unwrap().deflate, Some(parameters));
    // A server that does not compress; and one that answers what was not offered.
    assert_eq!(client.judge(&judge(&request).unwrap().response()).unwrap().deflate, None);
    let mut response = accepted.response();
    response.headers_mut().insert("sec-websocket-extensions", HeaderValue::from_static("x"));
    assert_eq!(client.judge(&response), Err(ResponseError::Deflate(NegotiationError::NotOffered)));
}

#[test]
fn responses_a_client_takes() {
    for fields in [
        &[("upgrade", "WebSocket"), ("connection", "upgrade"), ("sec-websocket-accept", ACCEPT)][..],
        &[("upgrade", "websocket"), ("connection", "a, UPGRADE"), ("sec-websocket-accept", ACCEPT)],
    ] {
        assert_eq!(client().judge(&response(fields)), Ok(Opened::default()));
    }
}

#[test]
fn responses_a_client_refuses() {
    let upgrade = ("upgrade", "websocket");
    let connection = ("connection", "Upgrade");
    let accept = ("sec-websocket-accept", ACCEPT);
    let protocol = |name| ("sec-websocket-protocol", name);
    for (fields, error) in [
        (&[connection, accept][..], ResponseError::Upgrade),
        (&[("upgrade", "h2c"), connection, accept], ResponseError::Upgrade),
        (&[upgrade, accept], ResponseError::Connection),
        (&[upgrade, ("connection", "close"), accept], ResponseError::Connection),
        (&[upgrade, connection], ResponseError::Accept),
        (&[upgrade, connection, accept, accept], ResponseError::Accept),
        (&[upgrade, connection, ("sec-websocket-accept", KEY)], ResponseError::Accept),
        (&[upgrade, connection, accept, ("sec-websocket-extensions", "x")], ResponseError::Extensions),
        (&[upgrade, connection, accept, protocol("other")], ResponseError::Subprotocol),
        (&[upgrade, connection, accept, protocol("json"), protocol("chat")], ResponseError::Subprotocol),
    ] {
        assert_eq!(client().judge(&response(fields)), Err(error));
    }
    let mut refused = response(&[upgrade, connection, accept]);
    *refused.status_mut() = StatusCode::FORBIDDEN;
    assert_eq!(client().judge(&refused), Err(ResponseError::Status(StatusCode::FORBIDDEN)));
}
