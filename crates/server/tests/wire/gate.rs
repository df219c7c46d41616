//! Who may connect, beyond what the shared promises say: CORS, and what a problem tells.

use conformance::{Request, Setup, draft};
use server::Options;

use crate::common::{Server, answers};

const LISTED: &str = "https://pages.example";

async fn with_listed() -> Server {
    let options = Options {
        post_rate: 0,
        allow_origin: vec![LISTED.parse().expect("an origin")],
        host: vec!["chat.example".to_owned()],
        ..Options::default()
    };
    Server::with(Setup { options, ..Setup::default() }).await
}

/// The preflight of a page for a post.
fn preflight(origin: &str) -> Request {
    Request::new("OPTIONS", "/messages")
        .with("origin", origin)
        .with("access-control-request-method", "POST")
        .with("access-control-request-headers", "content-type")
}

/// A listed origin's preflight is answered with what is allowed and no more: neither what was asked for beyond it,
/// nor credentials, nor the private network.
#[tokio::test]
async fn a_preflight_allows_what_the_protocol_lists() {
    let server = with_listed().await;
    let greedy = Request::new("OPTIONS", "/messages")
        .with("origin", LISTED)
        .with("access-control-request-method", "DELETE")
        .with("access-control-request-headers", "authorization, x-secret")
        .with("access-control-request-private-network", "true");
    for request in [preflight(LISTED), greedy] {
        let response = server.request(&request).await;
        assert_eq!(response.status, 204, "{response}");
        assert!(response.content.is_empty(), "{response}");
        response.expect_common_fields("a preflight");
        for (name, value) in [
            ("access-control-allow-origin", Some(LISTED)),
            ("access-control-allow-methods", Some("GET, HEAD, POST")),
            ("access-control-allow-headers", Some("content-type, if-none-match")),
            ("vary", Some("origin")),
            ("access-control-allow-credentials", None),
            ("access-control-allow-private-network", None),
        ] {
            assert_eq!(response.field(name), value, "{name} of {response}");
        }
    }
    server.stop().await;
}

/// Nobody else gets a field of CORS, whatever the answer; a native client, the own page and a foreign one alike.
#[tokio::test]
async fn cors_is_for_listed_origins_only() {
    let server = with_listed().await;
    let own = format!("http://{}", server.authority());
    let requests = [
        (403, preflight("https://evil.example")),
        (403, preflight("null")),
        (403, Request::get("/messages").with("origin", "https://pages.example.evil.example")),
        (403, Request::post(draft("evil", "hi", None)).with("origin", "https://evil.example")),
        (405, preflight(&own)),
        (405, Request::new("OPTIONS", "/messages")),
        (200, Request::get("/messages").with("origin", &own)),
        (200, Request::get("/messages")),
        (201, Request::post(draft("brian", "hi", None)).with("origin", &own)),
    ];
    for (status, request) in requests {
        let response = server.request(&request).await;
        assert_eq!(response.status, status, "the answer to {request:?}: {response}");
        let cors = response.fields.iter().find(|(name, _)| name.starts_with("access-control-"));
        assert_eq!(cors, None, "CORS in the answer to {request:?}");
    }
    server.stop().await;
}

/// A listed origin can read every answer, refusals of all kinds among them, and learns when to come again.
#[tokio::test]
async fn a_listed_origin_can_read_every_answer() {
    let server = with_listed().await;
    for (status, request) in [
        (200, Request::get("/messages")),
        (200, Request::new("HEAD", "/messages")),
        (404, Request::get("/nothing")),
        (405, Request::new("PUT", "/messages")),
        (400, Request::post("{")),
        (415, Request::post("{}").without("content-type")),
        (413, Request::post(vec![b' '; 40_000])),
        (422, Request::post("{}")),
    ] {
        let request = request.with("origin", LISTED);
        let response = server.request(&request).await;
        assert_eq!(response.status, status, "{response}");
        assert_eq!(response.field("access-control-allow-origin"), Some(LISTED), "to {request:?}: {response}");
        assert_eq!(response.field("access-control-expose-headers"), Some("etag, retry-after"), "{response}");
        assert_eq!(response.field("vary"), Some("origin"), "{response}");
    }
    server.stop().await;
}

/// Two origins are none, in one line or in two; and one that only looks like the own is foreign.
#[tokio::test]
async fn an_origin_that_is_not_one_is_foreign() {
    let server = with_listed().await;
    let own = server.authority();
    for lines in [
        format!("origin: http://{own}\r\norigin: http://{own}\r\n"),
        format!("origin: http://{own} http://evil.example\r\n"),
        format!("origin: http://{own}, http://{own}\r\n"),
        "origin: \r\n".to_owned(),
        format!("origin: http://evil@{own}\r\n"),
        "origin: \u{fe}\r\n".to_owned(),
    ] {
        let octets = format!("GET /messages HTTP/1.1\r\nhost: {own}\r\n{lines}connection: close\r\n\r\n");
        assert_eq!(answers(&server, octets.as_bytes()).await, [403], "the answers to {octets:?}");
    }
    server.stop().await;
}

/// A problem is JSON of at most 512 octets, says field and rule in a sentence, and repeats a peer's text only as
/// characters of a JSON string, cut short. It tells nothing of how the server is made.
#[tokio::test]
async fn a_problem_is_short_and_tells_nothing_of_the_inside() {
    let server = with_listed().await;
    let long = "a".repeat(5_000);
    let quotes = "\"\\".repeat(2_000);
    let odd = "<script>\u{9b}\u{85}é".repeat(100);
    for request in [
        Request::get(format!("/{long}")),
        Request::get("/%0d%0aSet-Cookie:%20x"),
        Request::new("PUT", "/messages"),
        Request::get("/").with("host", "<script>"),
        Request::get("/").with("host", format!("{long}.example")),
        Request::get("/").with("origin", &long),
        Request::get("/").with("origin", &quotes),
        Request::get("/").with("origin", odd),
        Request::post("[".repeat(30_000)),
        Request::post(format!("{{\"{long}\":1,\"{long}\":2}}")),
        Request::post(format!("{{\"user\":{{\"{long}\":1}}}}")),
        Request::post(format!("{{\"user\":\"{long}\"}}")),
        Request::post(format!("{{\"user\":\"a\",\"text\":\"{}\"}}", "\\u0000")),
        Request::post("\u{feff}{}"),
        Request::post("{} {}"),
        Request::post("{\"user\":1e999}"),
        Request::post("{\"user\":\"\\ud800\"}"),
        Request::post(vec![0xff; 10]),
        Request::post("{}").without("content-type").with("content-type", &long),
        Request::post(vec![b' '; 33_000]),
    ] {
        let response = server.request(&request).await;
        let problem = response.problem();
        let text = response.text();
        assert!(text.len() <= 512, "{} octets of problem to {request:?}: {text}", text.len());
        for inside in
            ["src/", ".rs", "::", "panicked", "Error(", "serde", "hyper", "aaaaaaaaaa\n", "<script>"]
        {
            assert!(!problem.detail.contains(inside), "{inside:?} in the problem to {request:?}: {text}");
        }
        let plain = |character: char| !character.is_control();
        assert!(problem.detail.chars().all(plain), "control characters in {text:?}");
    }
    server.stop().await;
}
