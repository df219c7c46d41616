//! The smallest transport, so that what is tested is the server around it, and what the tests say to it.

use std::{future::Future, io, time::Duration};

use axum::routing::get;
use conformance::{Http1, Polling, Subject, Target, soon};
use message_store::MessageStore;
use server::{Context, Limits, Listener, Transport, http1, posts};

/// Waits that a test can sit out, long enough that a slow machine does not end what is well-behaved.
pub(crate) const WAIT: Duration = Duration::from_millis(500);

/// `GET /messages` is a constant, `POST /messages` is that of every HTTP transport.
#[derive(Debug)]
pub(crate) struct Small;

impl Subject for Small {
    type Client = Polling;

    const TRANSPORT: Transport = Transport { name: "small", title: "Small", scheme: "http", port: 0 };

    fn serve(
        listener: Listener,
        store: MessageStore,
        context: Context,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        serve(listener, store, context)
    }
}

async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let routes = server::routes(store, &context, get(async || "content").post(posts::post));
    http1::serve(listener, routes, context).await
}

/// The smallest transport, running.
pub(crate) type Server = Target<Small>;

/// Short waits for what has begun.
pub(crate) fn short() -> Limits {
    Limits { head: WAIT, body: WAIT, linger: WAIT, ..Limits::default() }
}

/// All that comes for these octets until the server closes, which it has to do in good order: an RST could take
/// the answer from the client.
pub(crate) async fn said(server: &Server, octets: &[u8]) -> String {
    let sent = shown(octets);
    let all = soon(format!("the end of the connection after {sent}"), async {
        let mut http = Http1::connect(&server.link()).await?;
        http.send_raw(octets).await?;
        http.rest().await
    })
    .await
    .expect("an end in good order");
    String::from_utf8(all).expect("an answer in UTF-8")
}

/// The statuses of all answers in `said`, in order.
pub(crate) fn statuses(said: &str) -> Vec<u16> {
    let after_each = said.split("HTTP/1.1 ").skip(1);
    after_each.map(|rest| rest.get(..3).and_then(|status| status.parse().ok()).expect("a status")).collect()
}

/// The statuses of all answers to these octets until the server closes.
pub(crate) async fn answers(server: &Server, octets: &[u8]) -> Vec<u16> {
    statuses(&said(server, octets).await)
}

/// The begin of `octets`, as a message may show it.
pub(crate) fn shown(octets: &[u8]) -> String {
    format!("{:?} ({} octets)", String::from_utf8_lossy(octets.get(..200).unwrap_or(octets)), octets.len())
}

/// The head of a post with these field lines, each ended by CR LF.
pub(crate) fn post_head(fields: &str) -> String {
    format!("POST /messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{fields}\r\n")
}

/// A request after which the server closes.
pub(crate) const LAST: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
