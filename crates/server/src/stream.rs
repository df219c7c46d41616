//! An accepted connection, with a deadline for output that the peer does not take.
//!
//! - `phase`: where it is between requests, and when the peer was last heard of
//! - `keep_alive`: when to ping a peer that is silent, and when to give it up

mod keep_alive;
mod phase;

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until, timeout},
};

use tokio_rustls::server::TlsStream;
use wire::tap::Recorder;

use crate::{Limits, Peer, Permit};

pub(crate) use phase::Expecting;
pub use {
    keep_alive::{KeepAlive, Silence},
    phase::Phase,
};

/// How much is read at once to tell which protocol comes: a browser's whole head.
const SNIFFED_BYTES: usize = 4 * 1024;

/// An accepted TCP connection.
///
/// Writes fail with [`io::ErrorKind::TimedOut`] when the peer takes nothing for [`Limits::stalled`]. Dropping it
/// closes the connection and gives its place back.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    peer: Peer,
    permit: Permit,
    phase: Phase,
    /// Octets that were read to tell which protocol comes; they are read again first.
    sniffed: BytesMut,
    writing: Deadline,
    /// Behind a tap: where plaintext inside TLS is told.
    recorder: Option<Recorder>,
}

impl Stream {
    /// `first_request` is how long the peer may take to begin its first request.
    pub(crate) fn new(
        tcp: TcpStream,
        peer: Peer,
        permit: Permit,
        limits: Limits,
        first_request: Duration,
    ) -> Self {
        let phase = Phase::new(limits, first_request);
        Self {
            tcp,
            peer,
            permit,
            phase,
            sniffed: BytesMut::new(),
            writing: Deadline::default(),
            recorder: None,
        }
    }

    /// The same connection behind a tap.
    pub(crate) fn recorded(self, recorder: Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// What records the connection, if it is behind a tap.
    pub fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// The other side.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Where the connection is between requests.
    pub fn phase(&self) -> Phase {
        self.phase.clone()
    }

    /// The bare socket and its place among the connections, which must live as long as the socket.
    pub fn into_parts(self) -> (TcpStream, Permit) {
        (self.tcp, self.permit)
    }

    /// The connection's first octets, as many as are needed for `tell` to know what comes. They stay unread.
    ///
    /// # Errors
    ///
    /// The connection fails, ends, or brings too little within [`Limits::handshake`].
    pub async fn sniff<T>(&mut self, tell: impl Fn(&[u8]) -> Option<T>) -> io::Result<T> {
        let limit = self.phase.limits().handshake;
        let sniffing = async {
            loop {
                if let Some(told) = tell(&self.sniffed) {
                    return Ok(told);
                }
                self.sniffed.reserve(SNIFFED_BYTES);
                if self.tcp.read_buf(&mut self.sniffed).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        };
        timeout(limit, sniffing).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Stream {
    /// Takes what was sniffed, which is then not read again.
    pub fn take_sniffed(&mut self) -> Bytes {
        std::mem::take(&mut self.sniffed).freeze()
    }

    /// Puts back what was taken, to be read again first.
    pub fn unread(&mut self, octets: Bytes) {
        self.sniffed = octets.into();
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.sniffed.has_remaining() {
            let taken = this.sniffed.split_to(this.sniffed.len().min(buf.remaining()));
            buf.put_slice(&taken);
            if this.sniffed.is_empty() {
                // What is left of it would be held as long as the connection lasts.
                this.sniffed = BytesMut::new();
            }
            this.phase.octets_came();
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        if this.phase.is_half_closed() && this.phase.expecting() == Expecting::Answer {
            return Poll::Pending;
        }
        ready!(Pin::new(&mut this.tcp).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            this.phase.octets_came();
        } else if this.phase.expecting() == Expecting::Answer {
            // hyper would drop the request unanswered, but a peer that has asked may close its sending side
            // (RFC 9112 §9.6). Who answers sees it instead.
            this.phase.half_closes();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl Stream {
    /// What a write came to: what was taken lifts the deadline, what was not sets it.
    fn watched(
        &mut self,
        cx: &mut TaskContext<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(taken) = &written {
            if self.writing.until().is_some() {
                self.writing.lift();
                self.phase.has_room();
            }
            if let (Some(recorder), Ok(octets)) = (&self.recorder, taken) {
                recorder.server_wrote(*octets);
            }
            return written;
        }
        let until = self.writing.until().unwrap_or_else(|| {
            self.phase.waits_for_room();
            Instant::now() + self.phase.limits().stalled
        });
        self.writing.poll_past(until, cx).map(Err)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut TaskContext<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.tcp).poll_write(cx, buf);
        this.watched(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.tcp).poll_write_vectored(cx, bufs);
        this.watched(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

/// A [`Stream`], or what wraps one, such as TLS.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The accepted connection.
    fn stream(&self) -> &Stream;
}

impl Connection for Stream {
    fn stream(&self) -> &Stream {
        self
    }
}

impl Connection for TlsStream<Stream> {
    fn stream(&self) -> &Stream {
        self.get_ref().0
    }
}

/// A point in time that something waits for only while there is a reason to.
#[derive(Debug, Default)]
pub(crate) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    fn until(&self) -> Option<Instant> {
        self.0.as_ref().map(|sleep| sleep.deadline())
    }

    pub(crate) fn lift(&mut self) {
        self.0 = None;
    }

    /// Ready with the error when `until` has passed.
    pub(crate) fn poll_past(&mut self, until: Instant, cx: &mut TaskContext<'_>) -> Poll<io::Error> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

/// Ends a connection so that the peer can read what was written last: closes the sending side, then discards
/// input until the peer closes too, at most for `linger`. Closing at once with input unread would reset the
/// connection and take the answer from the peer (RFC 9112 §9.6).
pub async fn close(io: &mut (impl AsyncRead + AsyncWrite + Unpin), linger: Duration) {
    let closing = async {
        io.shutdown().await?;
        tokio::io::copy(io, &mut tokio::io::sink()).await
    };
    // What goes wrong now goes wrong with a connection that is over.
    let _ = timeout(linger, closing).await;
}
