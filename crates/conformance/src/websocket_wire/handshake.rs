//! The opening handshake, RFC 6455 §4: octet by octet, as a client other than a browser may write it.

use crate::{Http1, Request, Response, Subject, Target, raw_request, soon, websocket::handshake};

/// A handshake that keeps the rules.
fn valid() -> Request {
    handshake("/messages")
}

/// The same handshake with these lines for the field `name`.
fn with_lines(name: &str, lines: &[&str]) -> Request {
    lines.iter().fold(valid().without(name), |request, line| request.with(name, *line))
}

async fn answer<S: Subject>(target: &Target<S>, request: &Request) -> Response {
    raw_request(target.address, &request.to_http1(&target.authority())).await
}

/// The key of RFC 6455 §1.3 gets the accept of §1.3, and the answer has the fields of §4.2.2 and no content.
pub async fn the_key_of_the_rfc_gets_its_accept<S: Subject>() {
    let target = Target::<S>::start().await;
    let request = with_lines("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZQ=="]);
    let response = answer(&target, &request).await;
    assert_eq!(response.status, 101, "{response}");
    let is = |name, value: &str| response.field(name).is_some_and(|field| field.eq_ignore_ascii_case(value));
    assert!(is("upgrade", "websocket") && is("connection", "upgrade"), "{response}");
    assert_eq!(response.field("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{response}");
    response.expect_common_fields("the answer to a handshake");
    // RFC 9110 §8.6, RFC 9112 §6.1: neither may be in an answer 1xx.
    for absent in ["content-length", "transfer-encoding", "sec-websocket-extensions"] {
        assert_eq!(response.field(absent), None, "{response}");
    }
    let mut names: Vec<_> = response.fields.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "a field came twice: {response}");
    target.stop().await;
}

/// Lists, several lines that are one list, empty elements, other cases: RFC 9110 §5.3 and §5.6.1, RFC 6455 §4.2.1.
pub async fn a_handshake_may_be_written_in_other_ways<S: Subject>() {
    let target = Target::<S>::start().await;
    for request in [
        with_lines("connection", &["keep-alive, Upgrade"]),
        with_lines("connection", &["upgrade,keep-alive"]),
        with_lines("connection", &["keep-alive", "Upgrade"]),
        with_lines("connection", &["Upgrade", "keep-alive"]),
        with_lines("connection", &["UPGRADE"]),
        with_lines("connection", &[" , upgrade\t,,"]),
        with_lines("upgrade", &["WebSocket"]),
        with_lines("upgrade", &["WEBSOCKET"]),
        with_lines("upgrade", &["h2c, websocket"]),
        with_lines("upgrade", &["h2c", "websocket"]),
        valid().without("connection").with("CONNECTION", "Upgrade"),
        valid().without("sec-websocket-version").with("Sec-WebSocket-Version", "13"),
        valid().without("upgrade").with("uPgRaDe", "websocket"),
        valid().with("x-forwarded-for", "203.0.113.7, 198.51.100.1"),
        valid().with("user-agent", "").with("cookie", "a=b").with("cookie", "c=d"),
    ] {
        let response = answer(&target, &request).await;
        assert_eq!(response.status, 101, "the answer to {request:?} is {response}");
    }
    target.stop().await;
}

/// The subprotocol `json` is picked if it is among the offers, as a whole token; others never are.
pub async fn the_subprotocol_is_json_if_it_is_offered<S: Subject>() {
    let target = Target::<S>::start().await;
    let cases: &[(&[&str], Option<&str>)] = &[
        (&[], None),
        (&["json"], Some("json")),
        (&["chat, json"], Some("json")),
        (&["json,chat"], Some("json")),
        (&["chat", "json"], Some("json")),
        (&["chat ,\tjson ,superchat"], Some("json")),
        (&["chat"], None),
        (&["JSON"], None),
        (&["jsonx, x-json, application+json"], None),
    ];
    for (offers, picked) in cases {
        let response = answer(&target, &with_lines("sec-websocket-protocol", offers)).await;
        assert_eq!(response.status, 101, "offers {offers:?}: {response}");
        assert_eq!(response.field("sec-websocket-protocol"), *picked, "offers {offers:?}: {response}");
    }
    target.stop().await;
}

/// permessage-deflate (RFC 7692 §5.1) may be negotiated where it was offered well, and nothing else ever is.
pub async fn no_extension_is_negotiated_that_was_not_offered_well<S: Subject>() {
    let target = Target::<S>::start().await;
    let offers: Vec<_> = (0..200).map(|at| format!("x-{at}")).collect();
    let (many, twice) =
        (offers.join(", "), "permessage-deflate; server_max_window_bits=10;server_max_window_bits=10");
    for offer in [
        "permessage-deflate; =;;;\"",
        "permessage-deflate; unknown",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1",
        twice,
        "x-webkit-deflate-frame",
        ",,",
        &many,
    ] {
        let response = answer(&target, &valid().with("sec-websocket-extensions", offer)).await;
        assert!(matches!(response.status, 101 | 400), "the offer {offer}: {response}");
        assert_eq!(response.field("sec-websocket-extensions"), None, "the offer {offer}: {response}");
    }
    for offer in ["permessage-deflate", "permessage-deflate; client_max_window_bits"] {
        let response = answer(&target, &valid().with("sec-websocket-extensions", offer)).await;
        assert_eq!(response.status, 101, "the offer {offer}: {response}");
        let picked = response.field("sec-websocket-extensions").unwrap_or("permessage-deflate");
        let name = picked.split(';').next().unwrap_or("").trim();
        assert_eq!(name, "permessage-deflate", "the offer {offer}: {response}");
    }
    target.stop().await;
}

/// A handshake that breaks a rule of RFC 6455 §4.2.1 gets the status of that rule, and the fields that say what
/// would be taken.
pub async fn a_handshake_that_breaks_a_rule_is_refused_and_told_why<S: Subject>() {
    let target = Target::<S>::start().await;
    let bare = valid().without("connection").without("upgrade");
    let key = "sec-websocket-key";
    for (statuses, request) in [
        (&[426][..], Request::get("/messages")),
        (&[426], bare.clone()),
        (&[426], Request::get("/messages").with("connection", "keep-alive")),
        (&[426], with_lines("sec-websocket-version", &["8"])),
        (&[426], with_lines("sec-websocket-version", &["14"])),
        (&[426], with_lines("sec-websocket-version", &["013"])),
        (&[426], with_lines("sec-websocket-version", &[""])),
        (&[426, 400], with_lines("sec-websocket-version", &[])),
        (&[400], valid().without("upgrade")),
        (&[400], valid().without("connection")),
        (&[400], with_lines("upgrade", &["h2c"])),
        (&[400], with_lines("upgrade", &["websocket-2, websocketx"])),
        (&[400], with_lines("connection", &["keep-alive"])),
        (&[400], with_lines("connection", &["upgraded, no-upgrade"])),
        (&[400], with_lines(key, &[])),
        (&[400], with_lines(key, &[""])),
        (&[400], with_lines(key, &["x"])),
        (&[400], with_lines(key, &["dGhlIHNhbXBsZSBub25jZQ"])),
        (&[400], with_lines(key, &["AAAAAAAAAAAAAAAAAAAA"])),
        (&[400], with_lines(key, &["AAAAAAAAAAAAAAAAAAAAAAA="])),
        (&[400], with_lines(key, &["************************"])),
        (&[400], with_lines(key, &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="])),
        (&[405], Request { method: "POST".to_owned(), content: Some(Vec::new()), ..valid() }),
        (&[405], Request { method: "CHAT".to_owned(), ..valid() }),
        (&[403], valid().with("origin", "https://evil.example")),
        (&[421], valid().with("host", "evil.example")),
        (&[400], Request { target: "/messages?after=x".to_owned(), ..valid() }),
    ] {
        let response = answer(&target, &request).await;
        assert!(statuses.contains(&response.status), "{request:?}, where {statuses:?} is due: {response}");
        response.expect_common_fields("a refused handshake");
        response.problem();
        assert_eq!(response.field("sec-websocket-accept"), None, "{request:?}: {response}");
        let is =
            |name, value: &str| response.field(name).is_some_and(|field| field.eq_ignore_ascii_case(value));
        if response.status == 426 {
            // RFC 9110 §15.5.22 and §7.8: what to upgrade to, and that it is for this connection.
            assert!(is("upgrade", "websocket") && is("connection", "upgrade"), "{request:?}: {response}");
        }
        let version = request.fields.iter().find(|(name, _)| name == "sec-websocket-version");
        if response.status == 426
            && version.is_none_or(|(_, version)| version != "13")
            && request.fields.len() > 1
        {
            // RFC 6455 §4.4: the versions that are spoken.
            assert!(is("sec-websocket-version", "13"), "{request:?}: {response}");
        }
        if response.status == 405 {
            assert_eq!(
                response.field("allow").map(|allow| allow.replace(' ', "")).as_deref(),
                Some("GET,HEAD"),
                "{response}"
            );
        }
    }
    // HTTP/1.0 has no upgrade (RFC 9110 §7.8); HEAD is no GET (RFC 6455 §4.2.1).
    let octets = String::from_utf8(valid().to_http1(&target.authority())).expect("a head in ASCII");
    let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
    http.send_raw(octets.replace("HTTP/1.1", "HTTP/1.0").as_bytes()).await.expect("a handshake is sent");
    let older = soon("the end of HTTP/1.0", http.until_closed()).await;
    let older = String::from_utf8_lossy(&older);
    let status = older.split(' ').nth(1);
    assert!(matches!(status, Some("400" | "426")), "a handshake in HTTP/1.0: {older}");
    let head = answer(&target, &Request { method: "HEAD".to_owned(), ..valid() }).await;
    assert!((400..500).contains(&head.status), "a handshake by HEAD: {head}");
    target.stop().await;
}

/// A refusal leaves the connection open: a client that is told `426` sends the fields and goes on.
pub async fn a_refused_handshake_can_be_tried_again_on_the_same_connection<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
    for (status, request) in [
        (426, Request::get("/messages")),
        (426, with_lines("sec-websocket-version", &["8"])),
        (400, valid().without("sec-websocket-key")),
        (101, valid()),
    ] {
        let response =
            soon(format!("the answer to {request:?}"), http.exchange(&request)).await.expect("an answer");
        assert_eq!(response.status, status, "{request:?} on the same connection: {response}");
    }
    drop(http);
    target.stop().await;
}

/// No octet of a request makes a field of the answer: not a second line, not a control octet, not a long list.
pub async fn a_field_of_the_client_is_never_a_field_of_the_answer<S: Subject>() {
    let target = Target::<S>::start().await;
    for (protocol, expected) in [
        ("json\r\nX-Evil: 1".to_owned(), 101),
        ("json\u{b}x".to_owned(), 400),
        ("json\0".to_owned(), 400),
        ("json\nX-Evil: 1".to_owned(), 101),
        ("json\r X-Evil: 1".to_owned(), 400),
        (format!("b{}x", " ".repeat(32_000)), 431),
        (format!("b{}x", ",".repeat(15_000)), 101),
    ] {
        let shown = protocol.get(..20).unwrap_or(&protocol).to_owned();
        let request = valid().without("sec-websocket-protocol").with("sec-websocket-protocol", protocol);
        let response = answer(&target, &request).await;
        assert_eq!(response.status, expected, "the subprotocol {shown:?}: {response}");
        assert_eq!(response.field("x-evil"), None, "the subprotocol {shown:?}: {response}");
    }
    target.stop().await;
}
