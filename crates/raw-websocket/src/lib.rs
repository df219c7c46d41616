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
use bytes::{Buf, Bytes};
use http::Extensions;
use message_store::{Follower, MessageStore};
use server::{
    Chat, Context, Listener, Problem, Stream, Transport, gate, http1, http1::Upgraded, listener::Refusal,
    query,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::{
    conversation::Conversation,
    deflate::{Agreement, Parameters, Preferences},
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
    let context = Arc::new(context);
    server::accept(listener, &context, Refusal::Answer, |stream| {
        let (routes, store, context) = (routes.clone(), store.clone(), Arc::clone(&context));
        let (hub, conversations) = (hub.clone(), conversations.clone());
        async move {
            let upgraded = match upgrade_at_once(stream, &store, &context).await {
                Ok(upgraded) => Some(upgraded),
                Err(stream) => http1::connection(stream, routes, &context).await,
            };
            if let Some(conversation) = upgraded.and_then(|upgraded| converse(upgraded, store, hub, context))
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

/// Answers by hand an opening handshake that came at once and is as it should be: it costs a tenth of a request.
/// Gives the stream back for all else, refusals too, which are hyper's and the routes' to answer.
async fn upgrade_at_once(
    mut stream: Stream,
    store: &MessageStore,
    context: &Context,
) -> Result<Upgraded<Stream>, Stream> {
    let first = tokio::select! {
        first = http1::first_request(&mut stream) => first,
        () = context.stopping() => None,
    };
    let Some((request, head_bytes)) = first else { return Err(stream) };
    let accepted = handshake::judge(&request, Some(&Preferences::default()));
    let (Ok(accepted), Ok(_), Ok(after), "/messages") =
        (accepted, context.gate.admit(&request), query::after(request.uri()), request.uri().path())
    else {
        return Err(stream);
    };
    let answer = gate::with_common_fields(accepted.response());
    let mut extensions = Extensions::new();
    leave(&mut extensions, store.follow(after), accepted.deflate);
    extensions.insert(Head(handshake::encode(&answer)));
    let mut early = stream.take_sniffed();
    early.advance(head_bytes);
    Ok(Upgraded { io: stream, early: early.freeze(), extensions })
}

/// The answer's head, where it was not written yet: it goes out with the first batch.
#[derive(Clone)]
struct Head(Bytes);

/// Answers the opening handshake (RFC 6455 §4.2), and leaves the follower in the answer for [`converse`], and how
/// messages are compressed.
async fn handshake(State(chat): State<Chat>, request: Request) -> Result<Response, Problem> {
    let accepted = handshake::judge(&request, Some(&Preferences::default())).map_err(|refusal| {
        let problem = Problem::new(refusal.status(), refusal.to_string());
        refusal.fields().into_iter().fold(problem, |problem, (name, value)| problem.with_field(name, value))
    })?;
    let follower = chat.store.follow(query::after(request.uri())?);
    let mut response = accepted.response().map(|()| Body::empty()).into_response();
    leave(response.extensions_mut(), follower, accepted.deflate);
    Ok(response)
}

/// Leaves in an answer what its conversation begins with.
fn leave(extensions: &mut Extensions, follower: Follower, deflate: Option<Agreement>) {
    extensions.insert(follower);
    if let Some(agreement) = deflate {
        extensions.insert(agreement.parameters);
    }
}

/// The conversation that begins where HTTP ended.
fn converse(
    upgraded: Upgraded<Stream>,
    store: MessageStore,
    hub: Hub,
    context: Arc<Context>,
) -> Option<impl Future<Output = ()>> {
    let Upgraded { io, early, mut extensions } = upgraded;
    let follower = extensions.remove::<Follower>()?;
    let deflate = extensions.remove::<Parameters>();
    let head = extensions.remove::<Head>().map(|head| head.0).unwrap_or_default();
    let (tcp, permit) = io.into_parts();
    let socket = Arc::new(Socket::new(tcp, permit, deflate, &head, hub.clock().now()));
    Some(Conversation::new(socket, follower, deflate, store, hub, &context).run(early, context))
}
