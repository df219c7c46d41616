//! The chat page and its files.

use std::{future::Future, io};

use axum::routing::get;
use conformance::{Request, Target, soon};
use message_store::MessageStore;
use server::{Context, Listener, Transport, http1};

use crate::common::Server;

/// The page names its transport, has no placeholder left, and says what it may load and who may frame it.
#[tokio::test]
async fn the_page_is_of_its_transport() {
    let server = Server::start().await;
    let page = server.request(&Request::get("/")).await;
    assert_eq!(page.status, 200, "{page}");
    page.expect_common_fields("the page");
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"), "{page}");
    assert_eq!(page.field("referrer-policy"), Some("no-referrer"), "{page}");
    assert!(
        !page.text().contains("{{") && !page.text().contains("}}"),
        "a placeholder is left: {}",
        page.text()
    );
    assert!(page.text().contains("small") && page.text().contains("Small"), "the transport: {}", page.text());
    let policy = page.field("content-security-policy").expect("a content security policy");
    let mut directives: Vec<_> = policy.split("; ").collect();
    directives.sort_unstable();
    let expected = [
        "base-uri 'none'",
        "default-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    ];
    assert_eq!(directives, expected);
    let head = server.request(&Request::new("HEAD", "/")).await;
    assert_eq!(head.field("content-security-policy"), Some(policy), "{head}");
    let with_query = server.request(&Request::get("/?name=brian")).await;
    assert_eq!(with_query.status, 200, "{with_query}");
    server.stop().await;
}

/// A server whose page may be framed.
#[derive(Debug)]
struct Framed;

impl conformance::Subject for Framed {
    type Client = conformance::Polling;

    const TRANSPORT: Transport = Transport { name: "framed", title: "Framed", scheme: "http", port: 0 };

    fn serve(
        listener: Listener,
        store: MessageStore,
        context: Context,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let context = context.framed_by(["http://localhost:1", "http://127.0.0.1:1"].map(str::to_owned));
        let routes = server::routes(store, &context, get(async || ""));
        http1::serve(listener, routes, context)
    }
}

/// Only the origins that the server was told may show its page in a frame.
#[tokio::test]
async fn the_page_may_be_framed_by_those_it_was_told() {
    let server = Target::<Framed>::start().await;
    let page = server.request(&Request::get("/")).await;
    let policy = page.field("content-security-policy").expect("a content security policy");
    assert!(
        policy.split("; ").any(|part| part == "frame-ancestors http://localhost:1 http://127.0.0.1:1"),
        "{policy}"
    );
    server.stop().await;
}

/// A file has a type, a strong validator, and is asked for again each time: then it is 304 while it is the same.
#[tokio::test]
async fn a_file_is_validated_each_time() {
    let server = Server::start().await;
    let file = server.request(&Request::get("/protocol.js")).await;
    assert_eq!(file.status, 200, "{file}");
    assert_eq!(file.field("content-type"), Some("text/javascript; charset=utf-8"), "{file}");
    assert_eq!(file.field("cache-control"), Some("no-cache"), "{file}");
    assert_eq!(file.field("x-content-type-options"), Some("nosniff"), "{file}");
    assert!(!file.content.is_empty(), "{file}");
    let etag = file.field("etag").expect("an etag");
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() == 34, "{etag}");
    let mut http = conformance::Http1::connect(&server.link()).await.expect("the server accepts");
    for (status, if_none_match) in [
        (304, etag.to_owned()),
        (304, format!("W/{etag}")),
        (304, format!("\"other\", {etag}")),
        (304, "*".to_owned()),
        (200, "\"other\"".to_owned()),
        (200, etag.trim_matches('"').to_owned()),
    ] {
        let request = Request::get("/protocol.js").with("if-none-match", &if_none_match);
        // On one connection, so that content where none may be would be read as the next answer.
        let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
        assert_eq!(response.status, status, "if-none-match: {if_none_match}: {response}");
        assert_eq!(response.field("etag"), Some(etag), "{response}");
        assert_eq!(response.field("cache-control"), Some("no-cache"), "{response}");
        assert_eq!(response.field("x-content-type-options"), Some("nosniff"), "{response}");
        assert_eq!(response.content.is_empty(), status == 304, "{response}");
    }
    for (status, method) in [(405, "POST"), (405, "DELETE"), (405, "OPTIONS"), (200, "HEAD")] {
        let response = server.request(&Request::new(method, "/protocol.js")).await;
        assert_eq!(response.status, status, "{method}: {response}");
        assert_eq!(response.field("allow").is_some(), status == 405, "{method}: {response}");
    }
    server.stop().await;
}

/// A path leads to a file of the frontend or nowhere.
#[tokio::test]
async fn no_path_leads_out_of_the_frontend() {
    let server = Server::start().await;
    for path in [
        "/index.html",
        "/side-by-side.html",
        "/../Cargo.toml",
        "/transports/../protocol.js",
        "/transports/%2e%2e/protocol.js",
        "/..%2fCargo.toml",
        "/transports/..%5c..%5cCargo.toml",
        "/transports",
        "/transports/",
        "//protocol.js",
        "/./protocol.js",
        "/protocol.js/",
        "/protocol.js%00",
        "/%00",
        "/web/protocol.js",
        "/.git/config",
        "/README.md",
    ] {
        let response = server.request(&Request::get(path)).await;
        assert_eq!(response.status, 404, "{path}: {response}");
        response.problem();
        response.expect_common_fields(path);
    }
    server.stop().await;
}
