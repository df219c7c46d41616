//! How many connections there may be, and what becomes of those that take no answers.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::routing::get;
use conformance::{Http1, Link, Request, Setup, Subject, soon};
use message_store::MessageStore;
use server::{Context, Limits, Listener, Options, http1, listener::Refusal};
use tokio::sync::mpsc;

use crate::common::{Server, Small, said, statuses};

/// Past `--max-connections` there is a 503 that says when to come again, to an upgrade as well; who leaves makes room.
#[tokio::test]
async fn a_connection_too_many_is_503() {
    let options = Options { max_connections: 2, post_rate: 0, ..Options::default() };
    let server = Server::with(Setup { options, ..Setup::default() }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        let response = soon("an answer", http.exchange(&Request::get("/healthz"))).await.expect("an answer");
        assert_eq!(response.status, 200, "{response}");
        held.push(http);
    }
    let upgrade = "GET /messages HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    for octets in ["GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", upgrade, ""] {
        let said = said(&server, octets.as_bytes()).await;
        assert_eq!(statuses(&said), [503], "{said}");
        let (head, content) = said.split_once("\r\n\r\n").expect("a head");
        let head = head.to_ascii_lowercase() + "\r\n";
        for field in [
            "connection: close",
            "retry-after: 1",
            "content-type: application/problem+json",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            &format!("content-length: {}", content.len()),
        ] {
            assert!(head.contains(&format!("\r\n{field}\r\n")), "{field} is not in {said}");
        }
        assert_eq!(conformance::Problem::parse(content).retry_after, Some(1), "{said}");
    }
    for http in &mut held {
        let response = soon("an answer", http.exchange(&Request::get("/healthz"))).await.expect("an answer");
        assert_eq!(response.status, 200, "those who are there go on: {response}");
    }
    held.pop().into_iter().for_each(Http1::cut);
    let room = async {
        loop {
            // The place comes back when the server has noticed; each try is answered, by 503 until then.
            let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
            if let Ok(response) = http.exchange(&Request::get("/healthz")).await
                && response.status == 200
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    soon("room for one more", room).await;
    server.stop().await;
}

/// A client that asks on and on and takes no answer: the server stops reading from it, keeps what fits into the
/// sockets' buffers, and drops it when it has taken nothing for too long. Others are answered meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_no_answer_is_read_from_no_more_and_dropped() {
    const REQUESTS: usize = 2_000;
    /// Of each answer: together far more than any socket buffer.
    const OCTETS: usize = 64 * 1024;

    let limits = Limits { stalled: Duration::from_millis(400), ..Limits::default() };
    let context = Context::new(Small::TRANSPORT, &Options::default()).with_limits(limits);
    let listener = Listener::bind(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0).await.expect("a free port");
    let address = listener.local_addr();
    let handled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&handled);
    let messages = get(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { vec![b'x'; OCTETS] }
    });
    let routes = server::routes(MessageStore::in_memory(1), &context, messages);
    let (ended, mut endings) = mpsc::unbounded_channel();
    let serving = tokio::spawn({
        let context = context.clone();
        async move {
            server::accept(listener, &context.clone(), Refusal::Answer, move |stream| {
                let (routes, context, ended) = (routes.clone(), context.clone(), ended.clone());
                async move {
                    http1::connection(stream, routes, &context).await;
                    // The test may be over.
                    let _ = ended.send(());
                }
            })
            .await
        }
    });

    let link = Link::to(address).with_receive_buffer(8 * 1024);
    let mut greedy = Http1::connect(&link).await.expect("the server accepts");
    let requests = "GET /messages HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(REQUESTS);
    let (mut socket, _) = {
        // What the server does not read stays in the buffers between; the rest is not waited for.
        let sending = greedy.send_raw(requests.as_bytes());
        let _ = tokio::time::timeout(Duration::from_millis(100), sending).await;
        greedy.into_parts()
    };
    let mut other = Http1::connect(&Link::to(address)).await.expect("the server accepts");
    let response = soon("an answer", other.exchange(&Request::get("/healthz"))).await.expect("an answer");
    assert_eq!(response.status, 200, "another client meanwhile: {response}");
    soon("the end of a client that takes no answer", endings.recv()).await.expect("the server goes on");
    let handled = handled.load(Ordering::Relaxed);
    assert!((1..REQUESTS / 4).contains(&handled), "{handled} of {REQUESTS} requests were handled");
    // What is left for the client ends before the answers do.
    let mut taken = Vec::new();
    let _ = soon("the end", tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut taken)).await;
    assert!(taken.len() < REQUESTS / 4 * OCTETS, "{} octets came after the end", taken.len());
    drop(other);
    context.stop();
    soon("the server's end", serving).await.expect("the server does not panic").expect("the server stops");
}

/// Where no address is given, both of loopback are listened on, on one port; and a port that is taken on either is
/// refused with its number.
#[tokio::test]
async fn both_loopback_addresses_are_listened_on() {
    let listener = Listener::bind(None, 0).await.expect("a free port");
    let v4 = listener.local_addr();
    assert_eq!(v4.ip(), Ipv4Addr::LOCALHOST);
    let context = Context::new(Small::TRANSPORT, &Options::default());
    let serving = tokio::spawn(Small::serve(listener, MessageStore::in_memory(1), context.clone()));
    let has_v6 = std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, v4.port()));
    for address in [v4].into_iter().chain(has_v6.then_some(v6)) {
        let mut http = Http1::connect(&Link::to(address)).await.expect("the server accepts");
        let request = Request::get("/healthz").with("host", address.to_string());
        let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
        assert_eq!(response.status, 200, "on {address}: {response}");
        let taken = Listener::bind(Some(address.ip()), address.port()).await.expect_err("the port is taken");
        assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
        let said = taken.to_string();
        assert!(said.contains(&format!("port {} ", address.port())) && said.contains("--port"), "{said}");
    }
    context.stop();
    soon("the server's end", serving).await.expect("the server does not panic").expect("the server stops");
}

/// A client that has asked may close its sending side: its request is answered all the same, content and all.
#[tokio::test]
async fn a_client_that_asks_nothing_more_is_answered() {
    let server = Server::start().await;
    let content = conformance::draft("brian", "hi", None);
    for request in [Request::get("/messages"), Request::post(content)] {
        for _ in 0..50 {
            let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
            http.send(&request).await.expect("a request is sent");
            http.finish().await.expect("the sending side is closed");
            let answered = soon("an answer", http.response_to("GET")).await;
            let response = answered.unwrap_or_else(|error| panic!("no answer to {request:?}: {error}"));
            assert!(matches!(response.status, 200 | 201 | 429), "{request:?}: {response}");
            let rest = soon("the end of the connection", http.until_closed()).await;
            assert!(rest.is_empty(), "one answer to one request: {rest:?}");
        }
    }
    server.stop().await;
}

/// Content that ends with the connection, before its length says so, is 400 and adds nothing.
#[tokio::test]
async fn a_client_that_leaves_within_its_content_is_400() {
    let server = Server::start().await;
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    let head = "POST /messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    http.send_raw(head.as_bytes()).await.expect("half a request is sent");
    http.finish().await.expect("the sending side is closed");
    let response = soon("an answer", http.response_to("POST")).await.expect("an answer");
    assert_eq!(response.status, 400, "{response}");
    assert_eq!(server.store.stats().messages_appended, 0);
    server.stop().await;
}
