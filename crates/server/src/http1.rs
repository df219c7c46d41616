//! HTTP/1.1 on one connection: hyper reads and writes it, the routes answer, and what hyper leaves open is
//! closed here: deadlines, and an end that lets the peer read the last answer.

use std::{
    convert::Infallible,
    future::{Future as _, poll_fn},
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context as TaskContext, Poll},
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Extensions, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body::{Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use crate::{
    Context, Listener, Peer, Problem, Stream, limits,
    listener::Refusal,
    site,
    stream::{self, Connection, Deadline, Expecting, Phase},
};

/// A connection that left HTTP: a `101 Switching Protocols` was written to it.
#[derive(Debug)]
pub struct Upgraded<I> {
    /// The connection, from the first octet after the answer's head.
    pub io: I,
    /// What the peer had already sent behind its request; comes before what is read from `io`.
    pub early: Bytes,
    /// What the handler of the request put into its answer.
    pub extensions: Extensions,
}

/// Serves `routes` over HTTP/1.1, and nothing else, until the context stops.
///
/// # Errors
///
/// The listener fails for good.
pub async fn serve(listener: Listener, routes: Router, context: Context) -> io::Result<()> {
    crate::accept(listener, &context.clone(), Refusal::Answer, move |stream| {
        let (routes, context) = (routes.clone(), context.clone());
        async move {
            connection(stream, routes, &context).await;
        }
    })
    .await
}

/// The request that a connection begins with, where it has no content.
#[derive(Debug)]
pub struct FirstRequest {
    /// The request. Its parts share the memory of `octets`.
    pub request: Request<()>,
    /// What was read: the request's head, and what came behind it. They can be [unread](Stream::unread).
    pub octets: Bytes,
    /// How many octets the head has.
    pub head_bytes: usize,
}

/// The request that a connection begins with, where its head came whole at once and there is no content: for who
/// answers it without hyper. `None` for anything else, and then nothing was read.
pub async fn first_request(stream: &mut Stream) -> Option<FirstRequest> {
    let came = |octets: &[u8]| (!octets.is_empty()).then_some(());
    stream.sniff(came).await.ok()?;
    let octets = stream.take_sniffed();
    match parse(&octets) {
        Some((request, head_bytes)) => Some(FirstRequest { request, octets, head_bytes }),
        None => {
            stream.unread(octets);
            None
        }
    }
}

fn parse(octets: &Bytes) -> Option<(Request<()>, usize)> {
    let mut fields = [httparse::EMPTY_HEADER; limits::MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let Ok(httparse::Status::Complete(len)) = head.parse(octets) else { return None };
    if head.version != Some(1) || len > limits::MAX_HEAD_BYTES {
        return None;
    }
    let mut request = Request::new(());
    *request.method_mut() = head.method?.parse().ok()?;
    *request.uri_mut() = Uri::from_maybe_shared(octets.slice_ref(head.path?.as_bytes())).ok()?;
    request.headers_mut().reserve(head.headers.len());
    for field in head.headers.iter() {
        let value = HeaderValue::from_maybe_shared(octets.slice_ref(field.value)).ok()?;
        request.headers_mut().append(HeaderName::from_bytes(field.name.as_bytes()).ok()?, value);
    }
    let has_content = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT]
        .iter()
        .any(|name| request.headers().contains_key(name));
    (!has_content).then_some((request, len))
}

/// Serves HTTP/1.1 on `io` until either side ends it, the context stops, or a request is answered with `101`.
///
/// How it ends: the sending side is closed, and what the peer still sends is discarded until it closes too, at
/// most for [`Limits::linger`](crate::Limits).
pub async fn connection<I: Connection>(io: I, routes: Router, context: &Context) -> Option<Upgraded<I>> {
    let (phase, peer) = (io.stream().phase(), io.stream().peer());
    let is_relayed = io.stream().recorder().is_some();
    let upgrade = Upgrade::default();
    let service = service_fn(|request: Request<Incoming>| {
        phase.answering();
        let answer = answer(request, routes.clone(), peer, phase.clone(), Arc::clone(&upgrade));
        Box::pin(async move {
            let mut response = answer.await;
            let is_http = response.status() != StatusCode::SWITCHING_PROTOCOLS;
            if is_http && !is_relayed && context.is_tap_on() {
                // It came before anybody looked. The client's next connection is relayed.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        })
    });
    let mut connection = http1::Builder::new()
        .max_headers(limits::MAX_FIELDS)
        .max_buf_size(limits::MAX_HEAD_BYTES)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(io), service);

    let mut stopping = pin!(context.stopping());
    let mut told = false;
    let mut deadline = Deadline::default();
    let served = poll_fn(|cx| {
        if !told && stopping.as_mut().poll(cx).is_ready() {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        if let Poll::Ready(ended) = connection.poll_without_shutdown(cx) {
            return Poll::Ready(Served::Ended(ended));
        }
        // Looked at after hyper, which may have read the first octet of a head, or written the last of an answer.
        match phase.expecting() {
            Expecting::Request { .. } if phase.is_half_closed() => Poll::Ready(Served::Idle),
            Expecting::Request { until } => deadline.poll_past(until, cx).map(|_| Served::Idle),
            Expecting::RestOfHead { until } => deadline.poll_past(until, cx).map(|_| Served::SlowHead),
            Expecting::Answer | Expecting::Nothing => {
                deadline.lift();
                Poll::Pending
            }
        }
    })
    .await;
    let parts = connection.into_parts();
    let mut io = parts.io.into_inner();
    phase.busy();
    let upgraded = upgrade.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (served, upgraded) {
        (Served::Ended(Ok(())), Some(extensions)) => {
            return Some(Upgraded { io, early: parts.read_buf, extensions });
        }
        (Served::Ended(Err(error)), _) => tracing::debug!("an HTTP/1.1 connection ended: {error}"),
        // The peer may be gone; then there is nobody to tell.
        (Served::SlowHead, _) => {
            let _ = io.write_all(&Problem::slow_head(context.limits.head).to_http1()).await;
        }
        (Served::Ended(Ok(())) | Served::Idle, _) => {}
    }
    stream::close(&mut io, context.limits.linger).await;
    None
}

/// What a request that is answered with `101` leaves.
type Upgrade = Arc<Mutex<Option<Extensions>>>;

async fn answer(
    request: Request<Incoming>,
    routes: Router,
    peer: Peer,
    phase: Phase,
    upgrade: Upgrade,
) -> Response<Answer> {
    let mut request = request.map(|body| Body::new(Content { body, phase: phase.clone() }));
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(phase.clone());
    let mut response = site::answer(routes, request).await;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let extensions = std::mem::take(response.extensions_mut());
        *upgrade.lock().unwrap_or_else(PoisonError::into_inner) = Some(extensions);
    }
    response.map(|body| Answer { body, phase })
}

/// How a connection's service ended.
enum Served {
    Ended(hyper::Result<()>),
    /// Nothing was asked in time, or nothing will be.
    Idle,
    /// The rest of a head did not come in time.
    SlowHead,
}

/// The content of a request, which ends early where the peer does.
struct Content {
    body: Incoming,
    phase: Phase,
}

impl http_body::Body for Content {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending if self.phase.is_half_closed() => {
                Poll::Ready(Some(Err(axum::Error::new("the connection ended before it"))))
            }
            polled => polled.map_err(axum::Error::new),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The content of an answer; when hyper is done with it, the connection is idle again.
struct Answer {
    body: Body,
    phase: Phase,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.phase.idle();
    }
}
