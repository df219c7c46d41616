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
//! - `socket`: the socket that both write to; `output`: what it has not taken yet.
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
mod output;
mod receiver;
mod socket;
pub mod utf8;

use std::{io, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::{Bytes, BytesMut};
use message_store::{Follower, MessageStore};
use server::{
    Chat, Context, Listener, Problem, Stream, Transport, gate, http1,
    http1::{FirstRequest, Upgraded},
    listener::Refusal,
    query,
};

use crate::{
    conversation::Conversation,
    deflate::{Parameters, Preferences},
    hub::Hub,
};

/// The WebSocket by hand, as people and pages name it.
pub const TRANSPORT: Transport =
    Transport { name: "raw-websocket", title: "Raw WebSocket", scheme: "ws", port: 8084 };

/// What all connections have use of.
struct Server {
    routes: Router,
    store: MessageStore,
    hub: Hub,
    context: Context,
}

/// Serves the chat over WebSockets until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let routes = server::routes(store.clone(), &context, get(handshake));
    let hub = Hub::start(&store, &context);
    let server = Arc::new(Server { routes, store, hub, context: context.clone() });
    server::accept(listener, &context, Refusal::Answer, move |stream| {
        // In a box, so that a conversation does not keep the room that its opening handshake took.
        let opening = Box::pin(open(stream, Arc::clone(&server)));
        async move {
            let mut opened = opening.await;
            if let Some(conversation) = &mut opened {
                conversation.run().await;
            }
        }
    })
    .await
}

/// The opening handshake, and whatever else is asked before it.
async fn open(stream: Stream, server: Arc<Server>) -> Option<Conversation> {
    let opened = match upgrade_at_once(stream, &server).await {
        Ok(opened) => opened,
        Err(stream) => {
            let connection = http1::connection(stream, server.routes.clone(), &server.context);
            Opened::from_http(Box::pin(connection).await?)?
        }
    };
    Some(Conversation::new(opened, server))
}

/// A connection whose opening handshake was answered, or is with `head`.
struct Opened {
    stream: Stream,
    /// What came behind the request.
    early: Bytes,
    /// The answer's head, where it was not written yet: it goes out with the first batch.
    head: BytesMut,
    follower: Follower,
    deflate: Option<Parameters>,
}

/// Answers by hand an opening handshake that came at once and is as it should be: it costs a tenth of a request.
/// Gives the stream back for all else, refusals too, which are hyper's and the routes' to answer.
async fn upgrade_at_once(mut stream: Stream, server: &Server) -> Result<Opened, Stream> {
    if server.context.has_failures() {
        return Err(stream);
    }
    let first = tokio::select! {
        first = http1::first_request(&mut stream) => first,
        () = server.context.stopping() => None,
    };
    let Some(FirstRequest { request, octets, head_bytes }) = first else { return Err(stream) };
    // region: open
    let accepted = handshake::judge(&request, Some(&Preferences::default()));
    let (Ok(accepted), Ok(_), Ok(after), "/messages") =
        (accepted, server.context.gate.admit(&request), query::after(request.uri()), request.uri().path())
    else {
        stream.unread(octets);
        return Err(stream);
    };
    Ok(Opened {
        stream,
        early: octets.slice(head_bytes..),
        head: accepted.encode(&gate::COMMON_FIELDS),
        follower: server.store.follow(after),
        deflate: accepted.deflate.map(|agreement| agreement.parameters),
    })
    // endregion: open
}

/// Answers the opening handshake (RFC 6455 §4.2), and leaves in the answer what the conversation begins with.
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

impl Opened {
    /// After [`handshake`]'s answer.
    fn from_http(upgraded: Upgraded<Stream>) -> Option<Self> {
        let Upgraded { io, early, mut extensions } = upgraded;
        let follower = extensions.remove()?;
        Some(Self { stream: io, early, head: BytesMut::new(), follower, deflate: extensions.remove() })
    }
}
