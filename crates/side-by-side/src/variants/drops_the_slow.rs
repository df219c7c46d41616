//! Wrong on purpose: a WebSocket that drops the slow reader's messages silently, as many tutorials have it.
//!
//! The server says each message once into a broadcast, a ring that all connections read. A connection whose client
//! takes its time falls behind, the ring goes round, and what it had not read is overwritten. The ring does tell
//! (`RecvError::Lagged`), and the tutorial goes on with `continue`. Nobody is told, and no queue would help: a longer
//! ring only loses later. A cursor helps, and needs no ring: see `crates/tungstenite-websocket`.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, StatusCode, header};
use message_store::{Cursor, Follower, MessageStore};
use server::{
    Chat, Context, Listener, Problem, Stream, http1, limits,
    listener::Refusal,
    posts::{SocketAnswer, SocketPosts},
    query,
    stream::{KeepAlive, Silence},
};
use tokio::sync::broadcast::{self, Receiver, error::RecvError};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::server::create_response_with_body,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// What the ring holds; who is further behind loses the rest.
const RING_BATCHES: usize = 16;

/// What all connections have use of.
struct Server {
    routes: Router,
    store: MessageStore,
    context: Context,
    /// How far the log was said.
    said: Mutex<Follower>,
    ring: broadcast::Sender<Bytes>,
}

/// Serves the chat over WebSockets, and loses messages, until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub(super) async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let routes = server::routes(store.clone(), &context, get(handshake));
    let said = Mutex::new(store.follow(None));
    let (ring, _) = broadcast::channel(RING_BATCHES);
    let server = Arc::new(Server { routes, store, context: context.clone(), said, ring });
    let saying = Arc::clone(&server);
    let serving = server::accept(listener, &context, Refusal::Answer, move |stream| {
        let server = Arc::clone(&server);
        async move {
            // An error is an end, and its peer is gone or is told by it.
            let _ = converse(stream, &server).await;
        }
    });
    tokio::select! {
        ended = serving => ended,
        () = saying.say_all() => Ok(()),
    }
}

impl Server {
    fn said(&self) -> MutexGuard<'_, Follower> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is appended to the log, for ever.
    async fn say_all(&self) {
        loop {
            let until = self.said().clone();
            until.ready().await;
            self.say(&mut self.said());
        }
    }

    fn say(&self, said: &mut Follower) {
        while said.has_news() {
            // An error says that nobody listens.
            let _ = self.ring.send(said.read().into_json());
        }
    }

    /// What stands in the log after a cursor, and a place in the ring for what comes behind it.
    fn join(&self, after: Option<Cursor>) -> (Vec<Bytes>, Receiver<Bytes>) {
        let mut follower = self.store.follow(after);
        let mut said = self.said();
        let mut found = Vec::new();
        loop {
            found.push(follower.read().into_json());
            self.say(&mut said);
            if follower.cursor() == said.cursor() {
                return (found, self.ring.subscribe());
            }
        }
    }
}

/// Where a client says that it is.
#[derive(Clone)]
struct After(Option<Cursor>);

/// Answers the opening handshake (RFC 6455 §4.2).
async fn handshake(State(_): State<Chat>, request: Request) -> Result<Response, Problem> {
    let after = After(query::after(request.uri())?);
    let refused = |error| {
        let detail = format!("not an opening handshake (RFC 6455 §4.2.1): {error}");
        let upgrade = Problem::new(StatusCode::UPGRADE_REQUIRED, detail);
        upgrade.with_field(header::UPGRADE, "websocket").with_field(header::CONNECTION, "upgrade")
    };
    let mut response = create_response_with_body(&request, Body::empty).map_err(refused)?;
    if request.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("json"));
    }
    response.extensions_mut().insert(after);
    Ok(response)
}

/// One connection, from its request to its end.
async fn converse(stream: Stream, server: &Server) -> Result<(), Error> {
    let Some(upgraded) = http1::connection(stream, server.routes.clone(), &server.context).await else {
        return Ok(());
    };
    let after = upgraded.extensions.get().and_then(|After(cursor)| cursor.clone());
    let mut keep_alive = KeepAlive::new(upgraded.io.phase());
    let mut posts = SocketPosts::new(server.store.clone(), &server.context);
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits::MAX_BODY_BYTES))
        .max_frame_size(Some(limits::MAX_BODY_BYTES));
    let (io, early) = (upgraded.io, upgraded.early.to_vec());
    let mut socket = WebSocketStream::from_partially_read(io, early, Role::Server, Some(config)).await;
    let (found, mut ring) = server.join(after);
    for json in found {
        socket.send(text(json)?).await?;
    }
    loop {
        let message = tokio::select! {
            biased;
            heard = socket.next() => match heard.transpose()? {
                None => return Ok(()),
                Some(Message::Text(draft)) => match posts.post(draft.as_bytes()).await {
                    SocketAnswer::InLog => continue,
                    SocketAnswer::Say(answer) => text(answer)?,
                    SocketAnswer::SayAndClose(_) => closing(CloseCode::Policy, "too many refused drafts"),
                },
                Some(Message::Binary(_)) => closing(CloseCode::Unsupported, "a draft is a text message"),
                Some(_) => continue,
            },
            said = ring.recv() => match said {
                Ok(json) => text(json)?,
                // The mistake: it was told how many it lost, and goes on as if nothing were missing.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return Ok(()),
            },
            silence = keep_alive.silence() => match silence {
                Silence::Ping => Message::Ping(Bytes::new()),
                Silence::Dead => return Ok(()),
            },
            () = server.context.stopping() => closing(CloseCode::Away, "the server stops"),
        };
        let is_last = message.is_close();
        // Waits for as long as the client is slow; meanwhile the ring goes round.
        socket.send(message).await?;
        if is_last {
            return Ok(());
        }
    }
}

fn text(json: Bytes) -> Result<Message, Error> {
    Ok(Message::Text(Utf8Bytes::try_from(json)?))
}

fn closing(code: CloseCode, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}
