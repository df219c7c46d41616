//! The chat over HTTP/2 streaming: `GET /messages` is answered with a response that does not end.
//!
//! A batch is a line of it (RFC 6202 §3, "HTTP streaming", over RFC 9113). The stream waits for news and for
//! the peer's flow-control window, in this order, and only then reads the log: a peer that does not read finds
//! one larger batch when it reads again, and nothing is kept for it meanwhile.
//!
//! - this file: what comes in on the port, and the open stream
//! - `connection`: one HTTP/2 connection: its streams, its pings, its end

mod connection;

use std::{convert::Infallible, future::poll_fn, io, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, any, get},
};
use bytes::Bytes;
use futures_util::stream;
use h2::{Reason, SendStream};
use http::{Method, StatusCode, Uri, header};
use message_store::{Batch, Follower, MessageStore};
use server::{
    Chat, Context, Listener, Problem, Stream, Transport, http1, listener::Refusal, posts, query, site,
    stream::Connection, tls,
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// HTTP/2 streaming, as people and pages name it.
pub const TRANSPORT: Transport =
    Transport { name: "http2-streaming", title: "HTTP/2 streaming", scheme: "https", port: 8083 };

/// What a client with prior knowledge sends first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The content type of a TLS record that begins a handshake (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Serves the chat over HTTP/2 streaming until `context` stops: with TLS, and in cleartext with prior knowledge.
///
/// # Errors
///
/// The certificate cannot be read or made, or the listener fails for good.
pub async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    // region: alpn
    let tls = tls::acceptor(&context, &[b"h2"])?;
    // endregion: alpn
    let routes = server::routes(store, &context, get(follow).post(posts::post));
    server::accept(listener, &context.clone(), Refusal::Close, move |stream| {
        let (tls, routes, context) = (tls.clone(), routes.clone(), context.clone());
        async move {
            if let Err(error) = accepted(stream, tls, routes, &context).await {
                tracing::debug!("an HTTP/2 connection ended: {error}");
            }
        }
    })
    .await
}

/// What a connection's first octets say that it speaks.
enum Speaks {
    Tls,
    Http2,
    Http1,
}

/// The shortest beginning that tells; `None` while more is needed.
fn speaks(octets: &[u8]) -> Option<Speaks> {
    // region: speaks
    match octets {
        [] => None,
        [TLS_HANDSHAKE, ..] => Some(Speaks::Tls),
        _ if octets.starts_with(PREFACE) => Some(Speaks::Http2),
        _ if PREFACE.starts_with(octets) => None,
        _ => Some(Speaks::Http1),
    }
    // endregion: speaks
}

async fn accepted(mut stream: Stream, tls: TlsAcceptor, routes: Router, context: &Context) -> io::Result<()> {
    match stream.sniff(speaks).await? {
        Speaks::Http2 => connection::serve(stream, routes, context).await.map_err(io::Error::other),
        Speaks::Http1 => {
            http1::connection(stream, other_version(context, get(to_https)), context).await;
            Ok(())
        }
        Speaks::Tls => {
            stream.phase().busy();
            let accepting = tls.accept(stream).into_fallible();
            let stream = match timeout(context.limits.handshake, accepting).await? {
                Ok(stream) => stream,
                Err((error, mut stream)) => {
                    // The alert is written; let the peer read it.
                    server::stream::close(&mut stream, context.limits.linger).await;
                    return Err(error);
                }
            };
            let speaks_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            match stream.stream().recorder().cloned() {
                None => in_tls(stream, speaks_h2, routes, context).await,
                Some(recorder) => {
                    in_tls(tls::Recorded::new(stream, recorder), speaks_h2, routes, context).await
                }
            }
        }
    }
}

/// Serves what is inside TLS.
async fn in_tls<I: Connection>(io: I, speaks_h2: bool, routes: Router, context: &Context) -> io::Result<()> {
    if speaks_h2 {
        return connection::serve(io, routes, context).await.map_err(io::Error::other);
    }
    http1::connection(io, other_version(context, any(unsupported_version)), context).await;
    Ok(())
}

/// Routes for a client that speaks HTTP/1.1 on this port.
fn other_version(context: &Context, methods: MethodRouter) -> Router {
    site::guarded(context, Router::new().fallback_service(methods.fallback(unsupported_version)))
}

async fn unsupported_version() -> Problem {
    let detail = "this port speaks HTTP/2: over TLS with ALPN `h2`, or in cleartext with prior knowledge";
    Problem::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, detail).ending_connection()
}

/// Leads a browser that was given `http://` to where it can speak HTTP/2.
async fn to_https(request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    Redirect::temporary(&format!("https://{host}{target}")).into_response()
}

/// Answers `GET /messages` with the head of the stream, and leaves the follower in it for [`stream_batches`].
async fn follow(State(chat): State<Chat>, method: Method, uri: Uri) -> Result<Response, Problem> {
    let follower = chat.store.follow(query::after(&uri)?);
    // region: head
    let fields = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        // A cache or proxy that gathers or rewrites the stream would hold messages back.
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    // Of no known length, so that the head does not state one.
    let content = Body::from_stream(stream::empty::<Result<Bytes, Infallible>>());
    let mut response = (fields, content).into_response();
    if method != Method::HEAD {
        response.extensions_mut().insert(follower);
    }
    Ok(response)
    // endregion: head
}

/// Writes what is retained after the follower's cursor, then each batch as it comes, a line each, until the
/// context stops or the peer resets the stream.
///
/// `large` is held by the one stream of the connection that sends a line for which its window is too small. What
/// fits waits for nobody; so a peer that opens its windows by octets has one batch of ours in hand, not a hundred.
async fn stream_batches(
    mut follower: Follower,
    mut out: SendStream<Bytes>,
    large: &Mutex<()>,
    context: &Context,
) -> Result<(), h2::Error> {
    let stalled = context.limits.stalled;
    let mut has_news = true;
    let mut turn = None;
    loop {
        // region: in-turn
        // First the window, then the log: what is read can be sent, and nothing is held while it cannot.
        tokio::select! {
            biased;
            open = window(&mut out, 1, stalled) => open?,
            () = context.stopping() => return send(&mut out, Bytes::new(), true, stalled).await,
        };
        let mut ahead = follower.clone();
        let line = if has_news { line_of(&ahead.read()) } else { Bytes::from_static(b"\n") };
        out.reserve_capacity(line.len());
        if out.capacity() < line.len() && turn.is_none() {
            turn = large.try_lock().ok();
            if turn.is_none() {
                // Lets go of the line; what the log has by then is read when it is this stream's turn.
                drop(line);
                out.reserve_capacity(0);
                turn = tokio::select! {
                    turn = large.lock() => Some(turn),
                    () = context.stopping() => return send(&mut out, Bytes::new(), true, stalled).await,
                    reset = poll_fn(|cx| out.poll_reset(cx)) => return Err(reset?.into()),
                };
                continue;
            }
        }
        // endregion: in-turn
        follower = ahead;
        send(&mut out, line, false, stalled).await?;
        turn = None;
        has_news = tokio::select! {
            // region: next
            () = follower.ready() => true,
            () = sleep(context.limits.heartbeat) => false,
            () = context.stopping() => return send(&mut out, Bytes::new(), true, stalled).await,
            // endregion: next
            // region: reset
            reset = poll_fn(|cx| out.poll_reset(cx)) => return Err(reset?.into()),
            // endregion: reset
        };
    }
}

/// A batch as a line of the stream.
fn line_of(batch: &Batch) -> Bytes {
    // region: line
    [batch.json().as_ref(), b"\n"].concat().into()
    // endregion: line
}

// region: flow-control
/// Sends all of `data` as the peer's windows open, that of the stream and that of the connection (RFC 9113 §5.2).
///
/// # Errors
///
/// The stream is reset, by the peer or because the peer opened no window for `stalled`.
async fn send(
    out: &mut SendStream<Bytes>,
    mut data: Bytes,
    end: bool,
    stalled: Duration,
) -> Result<(), h2::Error> {
    while !data.is_empty() {
        let open = window(out, data.len(), stalled).await?;
        let part = data.split_to(open.min(data.len()));
        let is_last = end && data.is_empty();
        out.send_data(part, is_last)?;
        if is_last {
            return Ok(());
        }
    }
    if end {
        out.send_data(data, true)?;
    }
    Ok(())
}

/// Waits until at least one octet may be sent; gives how many, at most `wanted`.
///
/// # Errors
///
/// As [`send`].
async fn window(out: &mut SendStream<Bytes>, wanted: usize, stalled: Duration) -> Result<usize, h2::Error> {
    out.reserve_capacity(wanted);
    let opening = async {
        loop {
            if out.capacity() > 0 {
                return Ok(out.capacity());
            }
            match poll_fn(|cx| out.poll_capacity(cx)).await {
                Some(capacity) => capacity?,
                None => return Err(Reason::STREAM_CLOSED.into()),
            };
        }
    };
    let opened = timeout(stalled, opening).await;
    opened.unwrap_or_else(|_| {
        out.send_reset(Reason::CANCEL);
        Err(Reason::CANCEL.into())
    })
}
// endregion: flow-control
