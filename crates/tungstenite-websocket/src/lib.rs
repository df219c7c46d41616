//! The chat over a WebSocket by tokio-tungstenite: what a library spares.
//!
//! The library answers the opening handshake, and does frames, masks, fragments and UTF-8. What it leaves to us: its
//! buffers, when it is asked, refusals that have a status, which are hyper's to answer, the close code of a
//! violation, the rate of control frames, and a peer that is silent.
//!
//! - this file: the port, the opening handshake, and what the library is told
//! - `conversation`: batches go out as the socket takes them, beside what the client says
//! - `woken`: whether it was news that woke it

mod conversation;
mod woken;

use std::{io, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use message_store::{Follower, MessageStore};
use server::{
    Chat, Context, Listener, Problem, Stream, Transport, gate, http1,
    http1::{FirstRequest, Upgraded},
    limits,
    listener::Refusal,
    query,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error,
        error::ProtocolError,
        handshake::server::{create_response_with_body, write_response},
        protocol::{Role, WebSocketConfig},
    },
};

use crate::conversation::Conversation;

/// The WebSocket by tokio-tungstenite, as people and pages name it.
pub const TRANSPORT: Transport =
    Transport { name: "tungstenite-websocket", title: "tungstenite", scheme: "ws", port: 8085 };

/// The subprotocol that the chat speaks: JSON texts.
const SUBPROTOCOL: &str = "json";

/// What the library may hold that the socket has not taken: a batch, and answers.
const MAX_WRITE_BUFFER_BYTES: usize = message_store::MAX_BATCH_BYTES + limits::MAX_UNREAD_ANSWERS_BYTES;

/// The library's read buffer. It is filled with zeros before each read, so its default of 128 KiB costs more
/// than the messages do.
const READ_BUFFER_BYTES: usize = 2 * 1024;

/// Room for the head of an answer to an opening handshake, which has about 220 octets.
const HEAD_BYTES: usize = 256;

/// What all connections have use of.
struct Server {
    routes: Router,
    store: MessageStore,
    context: Context,
}

/// Serves the chat over WebSockets until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let routes = server::routes(store.clone(), &context, get(handshake));
    let server = Arc::new(Server { routes, store, context: context.clone() });
    // region: serve-each
    server::accept(listener, &context, Refusal::Answer, move |stream| {
        // In boxes, so that a conversation does not keep the room that its opening handshake took, nor that of itself
        // twice.
        let opening = Box::pin(open(stream, Arc::clone(&server)));
        async move {
            let mut opened = opening.await;
            if let Some(conversation) = &mut opened {
                conversation.run().await;
            }
        }
    })
    .await
    // endregion: serve-each
}

/// The opening handshake, and whatever else is asked before it.
async fn open(stream: Stream, server: Arc<Server>) -> Option<Box<Conversation>> {
    // region: open
    let Opened { stream, early, head, follower } = match upgrade_at_once(stream, &server).await {
        Ok(opened) => opened,
        Err(stream) => {
            let connection = http1::connection(stream, server.routes.clone(), &server.context);
            Opened::from_http(Box::pin(connection).await?)?
        }
    };
    // endregion: open
    stream.phase().busy();
    // region: config
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER_BYTES)
        .max_message_size(Some(limits::MAX_BODY_BYTES))
        .max_frame_size(Some(limits::MAX_BODY_BYTES));
    // endregion: config
    let socket =
        WebSocketStream::from_partially_read(stream, early.to_vec(), Role::Server, Some(config)).await;
    Some(Box::new(Conversation::new(socket, head, follower, server)))
}

/// A connection whose opening handshake was answered, or is with `head`.
struct Opened {
    stream: Stream,
    /// What came behind the request.
    early: Bytes,
    /// The answer's head, where it was not written yet: it goes out with the first batch.
    head: Vec<u8>,
    follower: Follower,
}

impl Opened {
    /// After [`handshake`]'s answer.
    fn from_http(upgraded: Upgraded<Stream>) -> Option<Self> {
        let Upgraded { io, early, mut extensions } = upgraded;
        Some(Self { stream: io, early, head: Vec::new(), follower: extensions.remove()? })
    }
}

/// Answers an opening handshake that came at once and is as it should be; gives the stream back for all else,
/// refusals too, which hyper and the routes answer at several times the cost.
async fn upgrade_at_once(mut stream: Stream, server: &Server) -> Result<Opened, Stream> {
    if server.context.has_failures() {
        return Err(stream);
    }
    let first = tokio::select! {
        first = http1::first_request(&mut stream) => first,
        () = server.context.stopping() => None,
    };
    let Some(FirstRequest { mut request, octets, head_bytes }) = first else { return Err(stream) };
    let mut head = Vec::with_capacity(HEAD_BYTES);
    // region: upgrade
    let (Ok(()), Ok(_), Ok(after), "/messages") = (
        judge(&mut request).and_then(|response| encode(response, &mut head)),
        server.context.gate.admit(&request),
        query::after(request.uri()),
        request.uri().path(),
    ) else {
        stream.unread(octets);
        return Err(stream);
    };
    Ok(Opened { stream, early: octets.slice(head_bytes..), head, follower: server.store.follow(after) })
    // endregion: upgrade
}

/// Appends an answer that switches protocols to `head`, as it stands on the wire.
fn encode(mut response: http::Response<()>, head: &mut Vec<u8>) -> Result<(), Problem> {
    response.headers_mut().extend(gate::COMMON_FIELDS);
    write_response(head, &response).map_err(|error| Problem::bad_request(error.to_string()))
}

/// Answers the opening handshake (RFC 6455 §4.2), and leaves the follower in the answer.
async fn handshake(State(chat): State<Chat>, mut request: Request) -> Result<Response, Problem> {
    let mut response = judge(&mut request)?.map(|()| Body::empty()).into_response();
    let follower = chat.store.follow(query::after(request.uri())?);
    response.extensions_mut().insert(follower);
    Ok(response)
}

/// Has the library judge an opening handshake and answer it; what it overlooks is judged here.
fn judge<B>(request: &mut http::Request<B>) -> Result<http::Response<()>, Problem> {
    // region: judge
    // The library reads the first line of a list, and wants `websocket` to be the only protocol of its list.
    for (list, element) in [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket")] {
        if elements(request.headers(), &list).any(|listed| listed.eq_ignore_ascii_case(element)) {
            request.headers_mut().insert(list, HeaderValue::from_static(element));
        }
    }
    let mut response =
        create_response_with_body(request, || ()).map_err(|error| refusal(&error, request.headers()))?;
    // The library looks at the first of two.
    if request.headers().get_all(header::SEC_WEBSOCKET_KEY).iter().count() > 1 {
        return Err(Problem::bad_request("`Sec-WebSocket-Key` is there twice (RFC 6455 §11.3.1)"));
    }
    if elements(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL).any(|offer| offer == SUBPROTOCOL) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
    // endregion: judge
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
