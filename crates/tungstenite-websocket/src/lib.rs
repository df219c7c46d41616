//! The chat over a WebSocket by tokio-tungstenite: what a library spares.
//!
//! hyper does the opening handshake, so that a refusal has a status; the library does frames, masks, fragments
//! and UTF-8. What it leaves to us: its buffers, the close code of a violation, the rate of control frames, and
//! a peer that is silent.
//!
//! - this file: the opening handshake, and the conversation

use std::{future::poll_fn, io, task::Poll};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
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
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        handshake::server::create_response_with_body,
        protocol::{
            CloseFrame, Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{CloseCode, Data, OpCode},
            },
        },
    },
};

/// The WebSocket by tokio-tungstenite, as people and pages name it.
pub const TRANSPORT: Transport =
    Transport { name: "tungstenite-websocket", title: "tungstenite", scheme: "ws", port: 8085 };

/// The subprotocol that the chat speaks: JSON texts.
const SUBPROTOCOL: &str = "json";

/// What the library may hold that the socket has not taken: a batch, and answers.
const MAX_WRITE_BUFFER_BYTES: usize = message_store::MAX_BATCH_BYTES + limits::MAX_UNREAD_ANSWERS_BYTES;

/// The library's read buffer. It is filled with zeros before each read, so its default of 128 KiB costs more
/// than the messages do.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Serves the chat over WebSockets until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let routes = server::routes(store.clone(), &context, get(handshake));
    server::accept(listener, &context.clone(), Refusal::Answer, move |stream| {
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
async fn handshake(State(chat): State<Chat>, mut request: Request) -> Result<Response, Problem> {
    // The library reads the first line of a list, and wants `websocket` to be the only protocol of its list.
    for (list, element) in [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket")] {
        if elements(request.headers(), &list).any(|listed| listed.eq_ignore_ascii_case(element)) {
            request.headers_mut().insert(list, HeaderValue::from_static(element));
        }
    }
    let mut response = create_response_with_body(&request, Body::empty)
        .map_err(|error| refusal(&error, request.headers()))?
        .into_response();
    // The library looks at the first of two.
    if request.headers().get_all(header::SEC_WEBSOCKET_KEY).iter().count() > 1 {
        return Err(Problem::bad_request("`Sec-WebSocket-Key` is there twice (RFC 6455 §11.3.1)"));
    }
    if elements(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL).any(|offer| offer == SUBPROTOCOL) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    let follower = chat.store.follow(query::after(request.uri())?);
    response.extensions_mut().insert(follower);
    Ok(response)
}

/// The elements of a list: several lines are one list (RFC 9110 §5.3).
fn elements<'a>(fields: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = fields.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// The status of a handshake that the library refuses: it names what is missing, not what to answer.
fn refusal(error: &Error, request: &HeaderMap) -> Problem {
    let upgrade = |detail: String| {
        Problem::new(StatusCode::UPGRADE_REQUIRED, detail)
            .with_field(header::UPGRADE, "websocket")
            .with_field(header::CONNECTION, "upgrade")
            .with_field(header::SEC_WEBSOCKET_VERSION, "13")
    };
    let asks = request.contains_key(header::UPGRADE)
        || elements(request, &header::CONNECTION).any(|listed| listed == "upgrade");
    match error {
        _ if !asks => {
            upgrade("this path speaks WebSocket; ask with `Upgrade: websocket` (RFC 6455 §4.1)".to_owned())
        }
        Error::Protocol(ProtocolError::MissingSecWebSocketVersionHeader) => {
            upgrade("`Sec-WebSocket-Version` must be 13 (RFC 6455 §4.2.2)".to_owned())
        }
        other => Problem::bad_request(format!("not an opening handshake (RFC 6455 §4.2.1): {other}")),
    }
}

/// How a conversation ends.
enum End {
    /// With a close frame of ours.
    Close(CloseCode, &'static str),
    /// With the library's answer to the peer's close frame.
    Answered,
    /// Without a word: the connection is gone, or nobody is there.
    Gone,
}

/// Follows the log and takes drafts until either side closes, then closes the connection.
async fn converse(upgraded: Upgraded<Stream>, store: MessageStore, context: &Context) {
    let Upgraded { io, early, mut extensions } = upgraded;
    let Some(follower) = extensions.remove::<Follower>() else { return };
    let keep_alive = KeepAlive::new(io.phase());
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER_BYTES)
        .max_message_size(Some(limits::MAX_BODY_BYTES))
        .max_frame_size(Some(limits::MAX_BODY_BYTES));
    let mut socket =
        WebSocketStream::from_partially_read(io, early.to_vec(), Role::Server, Some(config)).await;
    let closing =
        match talk(&mut socket, follower, SocketPosts::new(store, context), keep_alive, context).await {
            Ok(End::Close(code, reason)) => Some(Some(CloseFrame { code, reason: reason.into() })),
            Ok(End::Answered) => Some(None),
            Ok(End::Gone) => return,
            Err(error) => close_code(&error).map(|code| Some(CloseFrame { code, reason: "".into() })),
        };
    let Some(frame) = closing else { return };
    let telling = async {
        // After a violation the library still sends what it is given.
        if let Some(frame) = frame {
            // A pong that waits would go out behind the Close frame.
            socket.flush().await?;
            socket.send(Message::Close(Some(frame))).await?;
        }
        socket.flush().await
    };
    if !matches!(timeout(context.limits.linger, telling).await, Err(_) | Ok(Err(Error::Io(_)))) {
        stream::close(&mut socket.into_inner(), context.limits.linger).await;
    }
}

/// What happened at the socket.
enum Event {
    /// It has taken what the library held for it.
    Flushed,
    /// The peer said something, or has gone.
    Heard(Option<Message>),
}

/// Writes what the library holds, if it does, and reads, whichever gets on. Cancel safe.
///
/// By hand, since halves of a split socket keep a message back until they are flushed.
async fn event(socket: &mut WebSocketStream<Stream>, flushing: bool) -> Result<Event, Error> {
    poll_fn(|cx| {
        if flushing && socket.poll_flush_unpin(cx)?.is_ready() {
            return Poll::Ready(Ok(Event::Flushed));
        }
        socket.poll_next_unpin(cx).map(|message| Ok(Event::Heard(message.transpose()?)))
    })
    .await
}

/// The loop: batches go out as the socket takes them, beside what the client says.
///
/// # Errors
///
/// What the library found wrong, or an end of the connection.
async fn talk(
    socket: &mut WebSocketStream<Stream>,
    mut follower: Follower,
    mut posts: SocketPosts,
    mut keep_alive: KeepAlive,
    context: &Context,
) -> Result<End, Error> {
    let mut control_frames = Rate::new(limits::CONTROL_FRAMES_PER_SECOND);
    socket.feed(text(follower.read().into_json())).await?;
    let mut flushing = true;
    loop {
        tokio::select! {
            event = event(socket, flushing) => match event? {
                Event::Flushed => flushing = false,
                Event::Heard(None) => return Ok(End::Gone),
                Event::Heard(Some(Message::Text(draft))) => match posts.post(draft.as_bytes()).await {
                    SocketAnswer::InLog => {}
                    SocketAnswer::Say(answer) => {
                        socket.feed(text(answer)).await?;
                        flushing = true;
                    }
                    SocketAnswer::SayAndClose(answer) => {
                        socket.feed(text(answer)).await?;
                        return Ok(End::Close(CloseCode::Policy, "too many refused drafts"));
                    }
                },
                Event::Heard(Some(Message::Binary(_))) => {
                    return Ok(End::Close(CloseCode::Unsupported, "a draft is a text message"));
                }
                Event::Heard(Some(Message::Close(_))) => return Ok(End::Answered),
                // The library has queued the pong.
                Event::Heard(Some(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                    if control_frames.take().is_err() {
                        return Ok(End::Close(CloseCode::Policy, "too many control frames"));
                    }
                    flushing = true;
                }
            },
            // Only when all before it was taken: a slow client finds one larger batch.
            () = follower.ready(), if !flushing => {
                socket.feed(text(follower.read().into_json())).await?;
                flushing = true;
            }
            silence = keep_alive.silence() => match silence {
                Silence::Ping => {
                    socket.feed(Message::Ping(Bytes::new())).await?;
                    flushing = true;
                }
                Silence::Dead => return Ok(End::Gone),
            },
            () = context.stopping() => return Ok(End::Close(CloseCode::Away, "the server stops")),
        }
    }
}

/// JSON as a text message, without the library's check that it is UTF-8: the log's JSON is.
fn text(json: Bytes) -> Message {
    Message::Frame(Frame::message(json, OpCode::Data(Data::Text), true))
}

/// The close code for what the library found wrong (RFC 6455 §7.4.1); it would only drop the connection. `None`
/// where there is nobody left to tell.
fn close_code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Capacity(_) => Some(CloseCode::Size),
        _ => None,
    }
}
