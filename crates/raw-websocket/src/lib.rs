//! The chat over a WebSocket written by hand: RFC 6455 from the first byte after the HTTP/1.1 upgrade.
//!
//! The core does no I/O, so that it can be tested with bytes and read beside the RFC:
//!
//! - [`handshake`]: the opening handshake, §4: judges a request, gives the answer's fields; the client's side too.
//! - [`frame`]: a frame's header, §5.2: read and written in the order of the wire.
//! - [`mask`]: masking, §5.3.
//! - [`message`]: from frames to messages, §5.4, and the limits of a message.
//! - [`utf8`]: text judged as its octets arrive, §8.1.
//! - [`deflate`]: permessage-deflate, RFC 7692: negotiated, inflated and deflated, not yet part of the connection.
//! - [`close`]: status codes and reasons, §7.4.
//! - [`failure`]: every rule a peer can break, and the status code it gets, §7.1.7.
//! - [`connection`]: the state machine: octets in, events and octets out; the closing handshake, §7.1.
//! - `socket`: the thin part that moves octets between the core and the socket
//! - this file: what is around it: the answer to the opening handshake, and the conversation
#![forbid(unsafe_code)]

pub mod close;
pub mod connection;
pub mod deflate;
pub mod failure;
pub mod frame;
pub mod handshake;
pub mod mask;
pub mod message;
mod receiver;
mod socket;
pub mod utf8;

use std::{future::poll_fn, io};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use message_store::{Follower, MessageStore};
use server::{
    Chat, Context, Listener, Problem, Rate, Stream, Transport, http1,
    http1::Upgraded,
    limits,
    listener::Refusal,
    posts::{SocketAnswer, SocketPosts},
    query,
    stream::{self, KeepAlive, Silence},
};
use tokio::time::timeout;

use crate::{
    close::{CloseCode, CloseReason},
    connection::{Connection, Event},
    failure::Failure,
    frame::{Opcode, Role, encode_frame},
    message::MessageLimits,
    socket::{Progress, Socket},
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
    server::accept(listener, &context.clone(), Refusal::Answer, |stream| {
        let (routes, store, context) = (routes.clone(), store.clone(), context.clone());
        async move {
            if let Some(upgraded) = http1::connection(stream, routes, &context).await {
                converse(upgraded, store, &context).await;
            }
        }
    })
    .await
}

/// Answers the opening handshake (RFC 6455 §4.2), and leaves the follower in the answer for [`converse`].
async fn handshake(State(chat): State<Chat>, request: Request) -> Result<Response, Problem> {
    let accepted = handshake::judge(&request).map_err(|refusal| {
        let problem = Problem::new(refusal.status(), refusal.to_string());
        refusal.fields().into_iter().fold(problem, |problem, (name, value)| problem.with_field(name, value))
    })?;
    let follower = chat.store.follow(query::after(request.uri())?);
    let mut response = accepted.response().map(|()| Body::empty()).into_response();
    response.extensions_mut().insert(follower);
    Ok(response)
}

/// How a conversation ends.
enum End {
    /// With a close frame, ours or the answer to the peer's, that is in the output.
    Closing,
    /// Without a word: the connection is gone, or nobody is there.
    Gone,
}

/// Follows the log and takes drafts until either side closes, then closes the connection.
async fn converse(upgraded: Upgraded<Stream>, store: MessageStore, context: &Context) {
    let Upgraded { io, early, mut extensions } = upgraded;
    let Some(follower) = extensions.remove::<Follower>() else { return };
    let keep_alive = KeepAlive::new(io.phase());
    let mut socket = Socket::new(io, early);
    let posts = SocketPosts::new(store, context);
    if let Ok(End::Closing) = talk(&mut socket, follower, posts, keep_alive, context).await {
        let telling = poll_fn(|cx| socket.poll_write(cx));
        if let Ok(Ok(())) = timeout(context.limits.linger, telling).await {
            // RFC 6455 §7.1.1: the server closes the TCP connection first.
            stream::close(&mut socket.io, context.limits.linger).await;
        }
    }
}

/// The loop: batches go out as the socket takes them, beside what the client says.
///
/// # Errors
///
/// The connection failed.
async fn talk(
    socket: &mut Socket,
    mut follower: Follower,
    posts: SocketPosts,
    mut keep_alive: KeepAlive,
    context: &Context,
) -> io::Result<End> {
    let mut peer = Peer::new(posts);
    socket.send_batch(follower.read().into_json());
    loop {
        if !peer.hear(socket).await {
            return Ok(End::Closing);
        }
        tokio::select! {
            progress = socket.progress() => if let Progress::End = progress? {
                return Ok(End::Gone);
            },
            // Only when all before it was taken: a slow client finds one larger batch.
            () = follower.ready(), if socket.is_written() => socket.send_batch(follower.read().into_json()),
            silence = keep_alive.silence() => match silence {
                Silence::Ping => encode_frame(Opcode::Ping, b"", None, socket.answers()),
                Silence::Dead => return Ok(End::Gone),
            },
            () = context.stopping() => {
                peer.close(CloseCode::GOING_AWAY, "the server stops", socket);
                return Ok(End::Closing);
            }
        }
    }
}

/// The other end: what it says, and how often it may.
struct Peer {
    connection: Connection,
    posts: SocketPosts,
    control_frames: Rate,
}

impl Peer {
    fn new(posts: SocketPosts) -> Self {
        let limits = MessageLimits { max_message_bytes: limits::MAX_BODY_BYTES, ..MessageLimits::default() };
        let control_frames = Rate::new(limits::CONTROL_FRAMES_PER_SECOND);
        Self { connection: Connection::new(Role::Server, limits), posts, control_frames }
    }

    /// Takes what has come and answers it, as long as there is room for answers; false when that was the last.
    async fn hear(&mut self, socket: &mut Socket) -> bool {
        while !socket.is_full() {
            match self.connection.receive(&mut socket.input) {
                Ok(None) => {
                    socket.release_input();
                    return true;
                }
                Ok(Some(event)) => {
                    if !self.answer(event, socket).await {
                        return false;
                    }
                }
                Err(failure) => {
                    self.fail(&failure, socket);
                    return false;
                }
            }
        }
        true
    }

    /// Answers one event; false when the conversation is over.
    async fn answer(&mut self, event: Event, socket: &mut Socket) -> bool {
        match event {
            Event::Text(draft) => match self.posts.post(draft.as_bytes()).await {
                SocketAnswer::InLog => true,
                SocketAnswer::Say(answer) => {
                    encode_frame(Opcode::Text, &answer, None, socket.answers());
                    true
                }
                SocketAnswer::SayAndClose(answer) => {
                    encode_frame(Opcode::Text, &answer, None, socket.answers());
                    self.close(CloseCode::POLICY_VIOLATION, "too many refused drafts", socket)
                }
            },
            Event::Ping(_) | Event::Pong(_) if self.control_frames.take().is_err() => {
                self.close(CloseCode::POLICY_VIOLATION, "too many control frames", socket)
            }
            event => {
                self.connection.answer(&event, socket.answers());
                !matches!(event, Event::Close(_))
            }
        }
    }

    /// Closes from our side; the conversation is over.
    fn close(&mut self, code: CloseCode, reason: &str, socket: &mut Socket) -> bool {
        self.connection.close(Some(&CloseReason::new(code, reason)), socket.answers());
        false
    }

    fn fail(&mut self, failure: &Failure, socket: &mut Socket) {
        tracing::debug!("a WebSocket failed: {failure}");
        self.connection.fail(failure, socket.answers());
    }
}
