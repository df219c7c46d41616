//! The opening handshake.

use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Version};
use proptest::prelude::*;
use raw_websocket::deflate::{MalformedExtensions, Preferences};
use raw_websocket::handshake::{self, Accepted, Refusal, derive_accept_key};

/// The key of RFC 6455 §1.3, and what a server makes of it.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const FIELDS: [(&str, &str); 5] = [
    ("host", "server.example.com"),
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-key", KEY),
    ("sec-websocket-version", "13"),
];

/// The verdict of a server that does not compress.
pub(crate) fn judge(request: &Request<()>) -> Result<Accepted, Refusal> {
    handshake::judge(request, None)
}

fn request<'a>(fields: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> Request<()> {
    let mut request = Request::get("/messages");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

/// The good request with one field's lines replaced by these.
fn with(name: &str, lines: &[&str]) -> Request<()> {
    let mut request = request(&FIELDS);
    request.headers_mut().remove(name);
    for line in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_str(line).unwrap());
    }
    request
}

#[test]
fn example_of_the_rfc() {
    assert_eq!(derive_accept_key(KEY.as_bytes()), ACCEPT);
    let accepted = judge(&request(&FIELDS)).unwrap();
    assert_eq!(accepted, Accepted { accept: ACCEPT.into(), subprotocol: None, deflate: None });

    let response = accepted.response();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["connection"], "Upgrade");
    assert_eq!(response.headers()["sec-websocket-accept"], ACCEPT);
    assert_eq!(response.headers().len(), 3);
}

/// Another key, its accept value computed with `openssl dgst -sha1`.
#[test]
fn accept_value_of_another_key() {
    assert_eq!(derive_accept_key(b"x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

#[test]
fn values_that_are_fine() {
    for (name, lines) in [
        ("upgrade", &["WebSocket"][..]),
        ("upgrade", &["h2c, websocket"]),
        ("upgrade", &["h2c", "WEBSOCKET"]),
        ("connection", &["keep-alive, Upgrade"]),
        ("connection", &["keep-alive", "upgrade"]),
        ("connection", &["UPGRADE"]),
        ("connection", &[" , keep-alive ,\tUpgrade , "]),
        // The last digit of base64 holds 4 bits that belong to no octet.
        ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZR=="]),
        ("sec-websocket-extensions", &["x; a=\"b\", permessage-deflate; unknown=1"]),
        ("origin", &["https://example.com"]),
    ] {
        assert!(judge(&with(name, lines)).is_ok(), "{name}: {lines:?}");
    }
}

#[test]
fn values_that_are_refused() {
    use Refusal::{Connection, Host, Key, KeyCount, Upgrade, WebSocketVersion};
    for (name, lines, refusal) in [
        ("host", &[][..], Host { count: 0 }),
        ("host", &["a", "a"], Host { count: 2 }),
        ("upgrade", &[], Upgrade),
        ("upgrade", &[""], Upgrade),
        ("upgrade", &["h2c"], Upgrade),
        ("upgrade", &["websocket2"], Upgrade),
        ("upgrade", &["websocket/13"], Upgrade),
        ("connection", &[], Connection),
        ("connection", &["keep-alive"], Connection),
        ("connection", &["not-upgrade"], Connection),
        ("connection", &["keep-alive Upgrade"], Connection),
        ("sec-websocket-key", &[], KeyCount { count: 0 }),
        ("sec-websocket-key", &[KEY, KEY], KeyCount { count: 2 }),
        ("sec-websocket-key", &[""], Key),
        ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZQ"], Key),
        ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25j"], Key),
        ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZTE="], Key),
        ("sec-websocket-key", &["dGhlIHNhbXBs!SBub25jZQ=="], Key),
        ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZQ==, a"], Key),
        ("sec-websocket-version", &[], WebSocketVersion),
        ("sec-websocket-version", &[""], WebSocketVersion),
        ("sec-websocket-version", &["8"], WebSocketVersion),
        ("sec-websocket-version", &["14"], WebSocketVersion),
        ("sec-websocket-version", &["013"], WebSocketVersion),
        ("sec-websocket-version", &["13, 8"], WebSocketVersion),
        ("sec-websocket-version", &["13", "8"], WebSocketVersion),
    ] {
        let status = if refusal == WebSocketVersion { 426 } else { 400 };
        assert_eq!(refusal.status(), status, "{name}: {lines:?}");
        assert_eq!(judge(&with(name, lines)), Err(refusal), "{name}: {lines:?}");
    }
}

#[test]
fn not_an_upgrade_426() {
    for fields in [&[][..], &[("host", "a")], &[("connection", "keep-alive")], &[("sec-websocket-key", KEY)]]
    {
        let refusal = judge(&request(fields)).unwrap_err();
        assert_eq!(refusal, Refusal::NotAnUpgrade);
        assert_eq!(refusal.status(), 426);
        let fields = refusal.fields();
        assert!(fields.contains(&(http::header::UPGRADE, "websocket")), "{fields:?}");
        assert!(fields.contains(&(http::header::CONNECTION, "upgrade")), "{fields:?}");
    }
}

/// RFC 6455 §4.4: the version comes before the key, whose rule is that of version 13.
#[test]
fn another_version_426_tells_ours() {
    let mut request = with("sec-websocket-version", &["8"]);
    request.headers_mut().remove("sec-websocket-key");
    let refusal = judge(&request).unwrap_err();
    assert_eq!(refusal, Refusal::WebSocketVersion);
    assert!(refusal.fields().contains(&(http::header::SEC_WEBSOCKET_VERSION, "13")));
    assert!(refusal.fields().contains(&(http::header::UPGRADE, "websocket")));
}

#[test]
fn method_and_http_version() {
    for version in [Version::HTTP_09, Version::HTTP_10, Version::HTTP_2] {
        let mut request = request(&FIELDS);
        *request.version_mut() = version;
        assert_eq!(judge(&request), Err(Refusal::HttpVersion), "{version:?}");
    }
    assert_eq!(Refusal::HttpVersion.status(), 400);
    for method in [Method::POST, Method::HEAD, Method::CONNECT] {
        let mut request = request(&FIELDS);
        *request.method_mut() = method;
        assert_eq!(judge(&request), Err(Refusal::Method));
    }
    assert_eq!(Refusal::Method.status(), 405);
    assert_eq!(Refusal::Method.fields(), [(http::header::ALLOW, "GET")]);
}

#[test]
fn json_is_picked_where_it_is_offered() {
    for (lines, picked) in [
        (&["json"][..], Some("json")),
        (&["chat, json"], Some("json")),
        (&["chat", "superchat,json"], Some("json")),
        (&["chat", ",json,,"], Some("json")),
        (&["JSON"], None),
        (&["json2, xjson"], None),
        (&["chat"], None),
    ] {
        let accepted = judge(&with("sec-websocket-protocol", lines)).unwrap();
        assert_eq!(accepted.subprotocol, picked, "{lines:?}");
        let response = accepted.response();
        let answered = response.headers().get("sec-websocket-protocol");
        assert_eq!(answered.map(HeaderValue::as_bytes), picked.map(str::as_bytes), "{lines:?}");
    }
    let many = vec!["chat"; 200].join(", ");
    assert_eq!(judge(&with("sec-websocket-protocol", &[&many])).unwrap().subprotocol, None);
}

#[test]
fn subprotocols_that_are_not_tokens_400() {
    let spaces = format!("b{}x", " ".repeat(32_000));
    for line in ["", ",", "a b", &spaces, "a\tb", "a/b", "\"json\"", "json;q=1", "json, (a)", "jsön"] {
        let refusal = judge(&with("sec-websocket-protocol", &[line])).unwrap_err();
        assert_eq!(refusal, Refusal::Subprotocol, "{line:?}");
        assert_eq!(refusal.status(), 400);
    }
    // Also where another line offers what we speak.
    assert_eq!(judge(&with("sec-websocket-protocol", &["json", "a b"])), Err(Refusal::Subprotocol));
    // Control octets are no field value for the parser of HTTP itself.
    assert!(HeaderValue::from_bytes(b"a\x0b").is_err());
}

#[test]
fn extensions_that_are_malformed_400() {
    for (lines, error) in [
        (&["permessage-deflate; =;;;\""][..], MalformedExtensions::Token { position: 20 }),
        (&["permessage-deflate", "a b"], MalformedExtensions::Separator { position: 2 }),
        (&[",,"], MalformedExtensions::Empty),
    ] {
        let request = with("sec-websocket-extensions", lines);
        for preferences in [None, Some(&Preferences::default())] {
            let refusal = handshake::judge(&request, preferences).unwrap_err();
            assert_eq!(refusal, Refusal::Extensions(error), "{lines:?}");
            assert_eq!(refusal.status(), 400);
        }
    }
}

#[test]
fn deflate_is_agreed_on_where_it_is_offered_and_preferred() {
    let offered = with("sec-websocket-extensions", &["x, permessage-deflate; client_max_window_bits"]);
    let accepted = handshake::judge(&offered, Some(&Preferences::default())).unwrap();
    assert_eq!(
        accepted.response().headers()["sec-websocket-extensions"],
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    );
    for accepted in [judge(&offered), handshake::judge(&request(&FIELDS), Some(&Preferences::default()))] {
        let accepted = accepted.unwrap();
        assert_eq!(accepted.deflate, None);
        assert!(!accepted.response().headers().contains_key("sec-websocket-extensions"));
    }
}

proptest! {
    /// Whatever the fields hold, the verdict is no panic, and an accepted key is 24 characters.
    #[test]
    fn any_values(values in prop::collection::vec((0..7_usize, prop::collection::vec(any::<u8>(), 0..40)), 0..4)) {
        let names = ["host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"];
        let mut request = request(&FIELDS);
        for (name, value) in values {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request.headers_mut().insert(names[name], value);
            }
        }
        if let Ok(accepted) = handshake::judge(&request, Some(&Preferences::default())) {
            prop_assert_eq!(request.headers()["sec-websocket-key"].len(), 24);
            prop_assert_eq!(accepted.response().headers()["sec-websocket-accept"].len(), 28);
        }
    }
}
