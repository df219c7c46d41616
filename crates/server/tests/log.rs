//! What a peer's text does to the log: nothing but stand there, quoted and cut.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::routing::get;
use conformance::{Http1, Link, soon};
use message_store::MessageStore;
use server::{Context, Listener, Options, Transport, http1, listener::Refusal};
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

/// A log that can be read.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while writing").extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Escapes, line ends and forged lines in method, target, `Host`, `Origin` and other fields leave no control
/// character in the log and no line more than there were requests; what is long is cut.
#[tokio::test]
async fn a_peer_cannot_write_lines_of_its_own() {
    let lines = Lines::default();
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines.clone());
    let of_server = tracing_subscriber::filter::Targets::new().with_target("server", tracing::Level::TRACE);
    tracing_subscriber::registry().with(layer).with(of_server).init();

    let transport = Transport { name: "logged", title: "Logged", scheme: "http", port: 0 };
    let context = Context::new(transport, &Options::default());
    let loopback = std::net::Ipv4Addr::LOCALHOST.into();
    let listener = Listener::bind(Some(loopback), 0).await.expect("a free port");
    let link = Link::to(listener.local_addr());
    let routes = server::routes(MessageStore::in_memory(1), &context, get(async || ""));
    let serving = tokio::spawn({
        let context = context.clone();
        async move {
            server::accept(listener, &context.clone(), Refusal::Answer, move |stream| {
                let (routes, context) = (routes.clone(), context.clone());
                async move {
                    http1::connection(stream, routes, &context).await;
                }
            })
            .await
        }
    });

    let long = "a".repeat(10_000);
    let host = "host: localhost\r\n";
    let requests = [
        format!("GET /%0a2026-11-21T00:00:00Z%20%20INFO%20forged HTTP/1.1\r\n{host}\r\n"),
        format!("GET /\u{85}\u{2028}\u{9b}31m HTTP/1.1\r\n{host}\r\n"),
        format!("GET /{long} HTTP/1.1\r\n{host}\r\n"),
        format!("{} / HTTP/1.1\r\n{host}\r\n", &long[..1_000]),
        format!("GET / HTTP/1.1\r\n{host}user-agent: \u{9b}31m\tred\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}origin: \u{85}\u{2028}forged\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}origin: {long}\r\n\r\n"),
        format!("GET /\x1b[31m HTTP/1.1\r\n{host}\r\n"),
        format!("GET / HTTP/1.1\r\n{host}x: \x1b[31m\x07\r\n\r\n"),
        "GET / HTTP/1.1\r\nhost: a\x1b\r\n\r\n".to_owned(),
        format!("\x1b\x07\r\n{host}\r\n"),
    ];
    for request in &requests {
        let mut http = Http1::connect(&link).await.expect("the server accepts");
        http.send_raw(request.as_bytes()).await.expect("a request is sent");
        let _ = soon("an answer", http.response_to("GET")).await.expect("an answer");
    }
    context.stop();
    soon("the server's end", serving).await.expect("the server does not panic").expect("the server stops");

    let log = String::from_utf8(lines.0.lock().expect("no panic while writing").clone()).expect("UTF-8");
    assert!(log.contains("forged"), "the requests are in the log: {log}");
    assert!(log.lines().count() <= requests.len(), "more lines than requests:\n{log}");
    for line in log.lines() {
        let raw = |character: char| character.is_control() || character == '\u{2028}';
        assert!(!line.chars().any(raw), "a control character: {line:?}");
        assert!(line.len() < 600, "{} octets in a line: {line}", line.len());
    }
}
