//! The chat over a WebSocket written by hand: RFC 6455 from the first byte after the HTTP/1.1 upgrade.
//!
//! The core does no I/O, so that it can be tested with bytes and read beside the RFC:
//!
//! - [`handshake`]: the opening handshake, §4: judges a request, gives the answer's fields; the client's side too.
//! - [`frame`]: a frame's header, §5.2: read and written in the order of the wire.
//! - [`mask`]: masking, §5.3.
//! - [`message`]: from frames to messages, §5.4, and the limits of a message.
//! - [`utf8`]: text judged as its octets arrive, §8.1.
//! - [`deflate`]: permessage-deflate, RFC 7692: negotiated, inflated, deflated.
//! - [`close`]: status codes and reasons, §7.4.
//! - [`failure`]: every rule a peer can break, and the status code it gets, §7.1.7.
//! - [`connection`]: the state machine: octets in, events and octets out; the closing handshake, §7.1.
//!
//! Around it, what moves octets:
//!
//! - this file: the port and the answer to the opening handshake.
//! - `conversation`: what one client says is answered; while it is behind, the log is followed for it.
//! - `hub`: every batch goes to all that are caught up, from one task a core.
//! - `outgoing`: batches as frames, each encoded and compressed once.
//! - `socket`: the socket that both write to.
#![forbid(unsafe_code)]

pub mod close;
pub mod connection;
mod conversation;
pub mod deflate;
pub mod failure;
pub mod frame;
pub mod handshake;
mod hub;
pub mod mask;
pub mod message;
mod outgoing;
mod receiver;
mod socket;
pub mod utf8;

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use message_store::{Follower, MessageStore};
use server::{
    Chat, Context, Listener, Problem, Stream, Transport, http1, http1::Upgraded, listener::Refusal, query,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::{
    conversation::Conversation,
    deflate::{Parameters, Preferences},
    hub::Hub,
    socket::Socket,
};

/// The WebSocket by hand, as people and pages name it.
pub const TRANSPORT: Transport =
    Transport { name: "raw-websocket", title: "Raw WebSocket", scheme: "ws", port: 8084 };

/// Serves the chat over WebSockets until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let routes = server::routes(store.clone(), &context, get(handshake));
    let hub = Hub::start(&store, &context);
    let conversations = TaskTracker::new();
    server::accept(listener, &context.clone(), Refusal::Answer, |stream| {
        let (routes, store, context) = (routes.clone(), store.clone(), context.clone());
        let (hub, conversations) = (hub.clone(), conversations.clone());
        async move {
            if let Some(upgraded) = http1::connection(stream, routes, &context).await
                && let Some(conversation) = converse(upgraded, store, hub, context)
            {
                // A task of its own: one that began with HTTP would keep the room that HTTP took.
                conversations.spawn(conversation);
            }
        }
    })
    .await?;
    conversations.close();
    // Those that are left then have had their Close.
    let _ = timeout(context.limits.shutdown, conversations.wait()).await;
    Ok(())
}

/// Answers the opening handshake (RFC 6455 §4.2), and leaves the follower in the answer for [`converse`], and how
/// messages are compressed.
async fn handshake(State(chat): State<Chat>, request: Request) -> Result<Response, Problem> {
    let accepted = handshake::judge(&request, Some(&Preferences::default())).map_err(|refusal| {
        let problem = Problem::new(refusal.status(), refusal.to_string());
        refusal.fields().into_iter().fold(problem, |problem, (name, value)| problem.with_field(name, value))
    })?;
    let follower = chat.store.follow(query::after(request.uri())?);
    let mut response = accepted.response().map(|()| Body::empty()).into_response();
    response.extensions_mut().insert(follower);
    if let Some(agreement) = accepted.deflate {
        response.extensions_mut().insert(agreement.parameters);
    }
    Ok(response)
}

/// The conversation that begins where HTTP ended.
fn converse(
    upgraded: Upgraded<Stream>,
    store: MessageStore,
    hub: Hub,
    context: Context,
) -> Option<impl Future<Output = ()>> {
    let Upgraded { io, early, mut extensions } = upgraded;
    let follower = extensions.remove::<Follower>()?;
    let deflate = extensions.remove::<Parameters>();
    let (tcp, permit) = io.into_parts();
    let socket = Arc::new(Socket::new(tcp, permit, deflate, hub.clock().now()));
    Some(Conversation::new(socket, follower, deflate, store, hub, &context).run(early, context))
}
