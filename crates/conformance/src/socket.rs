//! A TCP connection that can be cut at any octet, and waits that say what they waited for.

use std::{
    fmt::Display,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// How long a test waits for what must come. Generous: it bounds a broken server, not a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What `future` gives, within [`PATIENCE`].
///
/// # Panics
///
/// It does not come in time; the message is `what`.
pub async fn soon<T>(what: impl Display, future: impl Future<Output = T>) -> T {
    within(PATIENCE, what, future).await
}

/// What `future` gives, within `limit`.
///
/// # Panics
///
/// It does not come in time; the message is `what`.
pub async fn within<T>(limit: Duration, what: impl Display, future: impl Future<Output = T>) -> T {
    match timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} s in vain for {what}", limit.as_secs_f32()),
    }
}

/// When a connection is cut by its own client, with an RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Never.
    Lasting,
    /// When this many octets have been read.
    CutAfterReading(usize),
    /// When this many octets have been written.
    CutAfterWriting(usize),
}

/// Where a client connects to, and how.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The server.
    pub address: SocketAddr,
    /// What becomes of each connection made over this link.
    pub fate: Fate,
    /// The size of the socket's receive buffer in octets; `None` leaves it to the system.
    pub receive_buffer: Option<u32>,
}

impl Link {
    /// A lasting link.
    pub fn to(address: SocketAddr) -> Self {
        Self { address, fate: Fate::Lasting, receive_buffer: None }
    }

    /// The same link with this fate.
    pub fn with_fate(self, fate: Fate) -> Self {
        Self { fate, ..self }
    }

    /// The same link with this receive buffer, so that little fits between server and reader.
    pub fn with_receive_buffer(self, octets: u32) -> Self {
        Self { receive_buffer: Some(octets), ..self }
    }

    /// The `Host` of requests to it.
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// The server does not accept.
    pub async fn connect(&self) -> io::Result<Socket> {
        let socket = if self.address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
        if let Some(octets) = self.receive_buffer {
            socket.set_recv_buffer_size(octets)?;
        }
        let tcp = socket.connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let (unread, unwritten) = match self.fate {
            Fate::Lasting => (usize::MAX, usize::MAX),
            Fate::CutAfterReading(octets) => (octets, usize::MAX),
            Fate::CutAfterWriting(octets) => (usize::MAX, octets),
        };
        Ok(Socket { tcp, unread, unwritten, reset: ResetOnDrop::default() })
    }
}

/// Makes the drop of a [`Socket`] an RST, wherever the socket has gone to.
#[derive(Clone, Debug, Default)]
pub struct ResetOnDrop(Arc<AtomicBool>);

impl ResetOnDrop {
    /// From now on, dropping the socket resets the connection.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A TCP connection of a test's client. Dropping it closes the connection with a FIN.
#[derive(Debug)]
pub struct Socket {
    tcp: TcpStream,
    unread: usize,
    unwritten: usize,
    reset: ResetOnDrop,
}

impl Socket {
    /// Resets the connection: the server reads no FIN, but an error.
    pub fn cut(self) {
        self.reset.set();
    }

    /// What turns a later drop into an RST.
    pub fn reset_on_drop(&self) -> ResetOnDrop {
        self.reset.clone()
    }

    fn fated(&self) -> io::Error {
        self.reset.set();
        io::Error::new(io::ErrorKind::ConnectionReset, "cut by the test")
    }

    fn is_cut(&self) -> bool {
        self.unread == 0 || self.unwritten == 0
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.0.load(Ordering::Relaxed) {
            // It fails only for a connection that is gone already.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_cut() {
            return Poll::Ready(Err(this.fated()));
        }
        let mut part = buf.take(this.unread);
        ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        // Safe code may not tell `buf` that the octets behind its filled part are initialized; it copies them.
        let octets = part.filled().to_vec();
        buf.put_slice(&octets);
        this.unread -= if this.unread == usize::MAX { 0 } else { read };
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_cut() {
            return Poll::Ready(Err(this.fated()));
        }
        let part = &buf[..buf.len().min(this.unwritten)];
        let written = ready!(Pin::new(&mut this.tcp).poll_write(cx, part))?;
        this.unwritten -= if this.unwritten == usize::MAX { 0 } else { written };
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}
