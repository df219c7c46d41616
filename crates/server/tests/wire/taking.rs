//! Answers that a client takes slowly: it gets all of them, whatever it does meanwhile.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::routing::get;
use conformance::{Http1, Link, Request, Subject, soon};
use message_store::MessageStore;
use server::{Context, Limits, Listener, Options, http1, listener::Refusal};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use crate::common::{Small, WAIT};

/// Of an answer: more than the buffers of both sockets hold.
const OCTETS: usize = 8 * 1024 * 1024;

/// Shorter than a test lets an answer wait.
const SHORT: Duration = Duration::from_millis(200);

/// A server whose `GET /messages` is a large answer, and which tells of each connection that has ended.
struct Large {
    address: SocketAddr,
    context: Context,
    serving: JoinHandle<()>,
    endings: mpsc::UnboundedReceiver<()>,
}

impl Large {
    async fn start(limits: Limits) -> Self {
        let context = Context::new(Small::TRANSPORT, &Options::default()).with_limits(limits);
        let listener = Listener::bind(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0).await.expect("a free port");
        let address = listener.local_addr();
        let messages = get(async || vec![b'x'; OCTETS]);
        let routes = server::routes(MessageStore::in_memory(1), &context, messages);
        let (ended, endings) = mpsc::unbounded_channel();
        let serving = tokio::spawn({
            let context = context.clone();
            async move {
                let connection = {
                    let context = context.clone();
                    move |stream| {
                        let (routes, context, ended) = (routes.clone(), context.clone(), ended.clone());
                        async move {
                            http1::connection(stream, routes, &context).await;
                            // The test may be over.
                            let _ = ended.send(());
                        }
                    }
                };
                server::accept(listener, &context, Refusal::Answer, connection).await.expect("it stops");
            }
        });
        Self { address, context, serving, endings }
    }

    /// A client that has asked, and has not begun to take the answer.
    async fn ask(&self) -> Http1 {
        let link = Link::to(self.address).with_receive_buffer(8 * 1024);
        let mut http = Http1::connect(&link).await.expect("the server accepts");
        http.send(&Request::get("/messages")).await.expect("a request is sent");
        http
    }

    async fn stop(self) {
        self.context.stop();
        soon("the server's end", self.serving).await.expect("the server does not panic");
    }
}

/// Takes an answer whole.
async fn take(http: &mut Http1) {
    // An error would show all that came.
    let response = soon("the answer", http.response_to("GET")).await.ok();
    assert_eq!(response.map(|response| (response.status, response.content.len())), Some((200, OCTETS)));
}

/// Who closes its sending side after it has asked has said all, not heard all.
#[tokio::test]
async fn a_client_that_asks_nothing_more_gets_all_of_a_large_answer() {
    let server = Large::start(Limits::default()).await;
    let mut http = server.ask().await;
    http.finish().await.expect("the sending side is closed");
    take(&mut http).await;
    assert!(soon("the end of the connection", http.until_closed()).await.is_empty(), "one answer");
    server.stop().await;
}

/// A connection is idle, and the time of the next head begins, once the answer before was taken.
#[tokio::test]
async fn neither_being_idle_nor_the_next_head_ends_an_answer_that_is_being_taken() {
    let mut server = Large::start(Limits { idle: SHORT, head: SHORT, ..Limits::default() }).await;
    let mut silent = server.ask().await;
    let mut eager = server.ask().await;
    eager.send(&Request::get("/messages")).await.expect("the next request is sent");
    let ended = timeout(WAIT, server.endings.recv()).await;
    assert!(ended.is_err(), "a connection ended while its client was taking an answer");
    take(&mut silent).await;
    take(&mut eager).await;
    take(&mut eager).await;
    for _ in 0..2 {
        soon("the end of a connection that is idle", server.endings.recv())
            .await
            .expect("the server goes on");
    }
    server.stop().await;
}
