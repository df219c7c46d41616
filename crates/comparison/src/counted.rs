//! A stream that counts what passes through it.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::layers::{Layers, Scanner, Speaks};

/// What has passed, both ways; shared with the streams that count into it.
#[derive(Debug, Default)]
pub struct Counts {
    down: AtomicU64,
    up: AtomicU64,
    layers: Mutex<Vec<(Scanner, Scanner)>>,
    ends: Mutex<Vec<(SocketAddr, SocketAddr)>>,
}

/// What has passed in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Octets over TCP.
    pub octets: u64,
    /// Of those, within TLS where there is TLS, by layer.
    pub layers: Layers,
}

impl Counts {
    /// From the server, and to it.
    pub fn passed(&self) -> (Passed, Passed) {
        let (mut down, mut up) = (Layers::default(), Layers::default());
        for (from_server, to_server) in &*self.layers.lock().unwrap_or_else(PoisonError::into_inner) {
            down = sum(down, from_server.layers());
            up = sum(up, to_server.layers());
        }
        let passed = |octets: &AtomicU64, layers| Passed { octets: octets.load(Relaxed), layers };
        (passed(&self.down, down), passed(&self.up, up))
    }

    /// Remembers a connection that counts here, for what the kernel knows of it.
    pub fn add_connection(&self, local: SocketAddr, remote: SocketAddr) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push((local, remote));
    }

    /// The connections that count here, ended ones too: their own address and the server's.
    pub fn connections(&self) -> Vec<(SocketAddr, SocketAddr)> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn sum(one: Layers, other: Layers) -> Layers {
    Layers {
        fields: one.fields + other.fields,
        framing: one.framing + other.framing,
        content: one.content + other.content,
    }
}

/// What a [`Counted`] stream does with what passes.
#[derive(Debug)]
enum Counting {
    Octets,
    /// The index of its scanners.
    Layers(usize),
}

/// A stream that counts.
#[derive(Debug)]
pub struct Counted<S> {
    stream: S,
    counts: Arc<Counts>,
    counting: Counting,
}

impl<S> Counted<S> {
    /// Counts octets.
    pub fn octets(stream: S, counts: Arc<Counts>) -> Self {
        Self { stream, counts, counting: Counting::Octets }
    }

    /// Counts by layer.
    pub fn layers(stream: S, counts: Arc<Counts>, speaks: Speaks) -> Self {
        let index = {
            let mut layers = counts.layers.lock().unwrap_or_else(PoisonError::into_inner);
            layers.push((Scanner::new(speaks, false), Scanner::new(speaks, true)));
            layers.len() - 1
        };
        Self { stream, counts, counting: Counting::Layers(index) }
    }

    fn pass(&self, octets: &[u8], is_down: bool) {
        match self.counting {
            Counting::Octets => {
                let count = if is_down { &self.counts.down } else { &self.counts.up };
                count.fetch_add(octets.len() as u64, Relaxed);
            }
            Counting::Layers(index) => {
                let mut layers = self.counts.layers.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((down, up)) = layers.get_mut(index) {
                    if is_down { down.pass(octets) } else { up.pass(octets) }
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.pass(buffer.filled().get(before..).unwrap_or_default(), true);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, octets))?;
        self.pass(octets.get(..written).unwrap_or_default(), false);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
