//! One HTTP/2 connection: its streams, its pings, its end (RFC 9113).

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use h2::{
    Ping, PingPong, RecvStream,
    server::{Builder, SendResponse},
};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use message_store::Follower;
use server::{Context, Limits, Peer, limits, site, stream::Connection, stream::Phase};
use tokio::{
    sync::{Mutex, oneshot},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

/// Streams that one client may have open; one more is refused with `REFUSED_STREAM` (RFC 9113 §5.1.2).
const MAX_STREAMS: u32 = 100;

/// What h2 may hold of a stream's output that the windows allow and the socket has not taken.
const MAX_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Streams that the client reset and that h2 still remembers. More within [`RESET_MEMORY`] is a flood, and the
/// connection ends with `ENHANCE_YOUR_CALM`.
const MAX_RESET_STREAMS: usize = 20;

/// How long a reset stream is remembered.
const RESET_MEMORY: Duration = Duration::from_secs(1);

/// Serves `io` until either side ends it or the context stops.
///
/// # Errors
///
/// A connection error (RFC 9113 §5.4.1), a preface that does not come in time, a peer that answers no ping.
pub(crate) async fn serve<I: Connection>(io: I, routes: Router, context: &Context) -> Result<(), h2::Error> {
    let (phase, peer) = (io.stream().phase(), io.stream().peer());
    phase.busy();
    let handshake = timeout(context.limits.handshake, limited().handshake::<_, Bytes>(io));
    let Ok(handshaken) = handshake.await else { return Ok(()) };
    let mut connection = handshaken?;
    let asked = AtomicBool::new(false);
    let mut silence = pin!(silence(phase, connection.ping_pong(), &asked, context.limits));
    let mut streams = JoinSet::new();
    let large = Arc::new(Mutex::new(()));
    let mut idle_since = Instant::now();
    let mut ends = false;
    loop {
        let idle = if ends { context.limits.pong_within } else { context.limits.idle };
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(request) => {
                    let (request, respond) = request?;
                    asked.store(true, Ordering::Relaxed);
                    let (routes, large, context) = (routes.clone(), Arc::clone(&large), context.clone());
                    // region: spawn
                    streams.spawn(answered(request, respond, peer, routes, large, context));
                    // endregion: spawn
                }
                None => return Ok(()),
            },
            Some(ended) = streams.join_next() => {
                idle_since = Instant::now();
                // region: stream-ended
                // A stream error is no connection error (RFC 9113 §5.4.2): the others go on.
                if let Ok(Err(error)) = ended {
                    tracing::debug!("a stream ended: {error}");
                }
                // endregion: stream-ended
            }
            () = sleep_until(idle_since + idle), if streams.is_empty() => {
                if ends {
                    tracing::debug!("an HTTP/2 peer was told to end its connection and did not");
                    return Ok(());
                }
                (ends, idle_since) = (true, Instant::now());
                // A GOAWAY, and a PING whose answer says that no request is under way (RFC 9113 §6.8).
                connection.graceful_shutdown();
            }
            () = context.stopping(), if !ends => {
                (ends, idle_since) = (true, Instant::now());
                connection.graceful_shutdown();
            }
            () = &mut silence => {
                tracing::debug!("an HTTP/2 peer answered no ping");
                return Ok(());
            }
        }
    }
}

/// What h2 is told of the limits.
fn limited() -> Builder {
    let head_bytes = u32::try_from(limits::MAX_HEAD_BYTES).unwrap_or(u32::MAX);
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(head_bytes)
        .max_send_buffer_size(MAX_SEND_BUFFER_BYTES)
        .max_concurrent_reset_streams(MAX_RESET_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
        .reset_stream_duration(RESET_MEMORY);
    builder
}

// region: silence
/// Done when the peer was silent for [`Limits::ping_after`] and then did not answer a PING within
/// [`Limits::pong_within`] (RFC 9113 §6.7).
///
/// A peer that has not `asked` anything may not have ended its preface, which goes up to a SETTINGS frame (§3.4)
/// that h2 does not show: it is pinged in time to be gone by [`Limits::handshake`].
async fn silence(phase: Phase, ping_pong: Option<PingPong>, asked: &AtomicBool, limits: Limits) {
    let Some(mut ping_pong) = ping_pong else { return std::future::pending().await };
    let half = limits.handshake / 2;
    if half < limits.ping_after {
        sleep(half).await;
        if !asked.load(Ordering::Relaxed) && !answers(&mut ping_pong, half).await {
            return;
        }
    }
    loop {
        let ping_at = phase.last_heard() + limits.ping_after;
        if Instant::now() < ping_at {
            sleep_until(ping_at).await;
        } else if !answers(&mut ping_pong, limits.pong_within).await {
            return;
        }
    }
}

/// Whether a PING is answered in time. Where the connection has ended, whoever drives it knows.
async fn answers(ping_pong: &mut PingPong, within: Duration) -> bool {
    if ping_pong.send_ping(Ping::opaque()).is_err() {
        return std::future::pending().await;
    }
    match timeout(within, poll_fn(|cx| ping_pong.poll_pong(cx))).await {
        Ok(Ok(_)) => true,
        Ok(Err(_)) => std::future::pending().await,
        Err(_) => false,
    }
}
// endregion: silence

/// Answers one request on its stream.
///
/// # Errors
///
/// A stream error, by the peer or for its sake.
async fn answered(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    peer: Peer,
    routes: Router,
    large: Arc<Mutex<()>>,
    context: Context,
) -> Result<(), h2::Error> {
    let (unread, rest) = oneshot::channel();
    let mut request = request.map(|content| Body::new(Content::new(content, unread)));
    request.extensions_mut().insert(peer);
    let mut response = site::answer(routes, request).await;
    let follower = response.extensions_mut().remove::<Follower>();
    let (parts, body) = response.into_parts();
    let head = Response::from_parts(parts, ());
    if let Some(follower) = follower {
        return crate::stream_batches(follower, respond.send_response(head, false)?, &large, &context).await;
    }
    // region: respond
    let content = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut out = respond.send_response(head, content.is_empty())?;
    if !content.is_empty() {
        crate::send(&mut out, content, true, context.limits.stalled).await?;
    }
    if let Ok(rest) = rest.await {
        // What comes of it is nobody's concern.
        let _ = timeout(context.limits.linger, discard(rest)).await;
    }
    Ok(())
    // endregion: respond
}

/// Takes what is left of a request that was answered before it was read, within the window that the client has;
/// until then the stream is open to it.
async fn discard(mut rest: RecvStream) {
    while let Some(Ok(_)) = rest.data().await {}
}

/// The content of a request; what was taken opens the window again. What is left when it is dropped goes to
/// `unread`.
struct Content {
    stream: Option<RecvStream>,
    unread: Option<oneshot::Sender<RecvStream>>,
}

impl Content {
    fn new(stream: RecvStream, unread: oneshot::Sender<RecvStream>) -> Self {
        Self { stream: Some(stream), unread: Some(unread) }
    }
}

impl http_body::Body for Content {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let Some(data) = ready!(stream.poll_data(cx)) else { return Poll::Ready(None) };
        let taken = data.and_then(|data| stream.flow_control().release_capacity(data.len()).map(|()| data));
        Poll::Ready(Some(taken.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        if let (Some(stream), Some(unread)) = (self.stream.take(), self.unread.take())
            && !stream.is_end_stream()
        {
            // The one who would take it has gone with the stream.
            let _ = unread.send(stream);
        }
    }
}
