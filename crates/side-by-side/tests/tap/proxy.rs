//! A relay of the test's own, which counts octets without the tap: in TCP, or in the clear before TLS.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use conformance::{Link, http2};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Where the relay leads.
#[derive(Clone, Copy)]
pub(super) enum To {
    Tcp(SocketAddr),
    /// Octets in the clear on this side, TLS with ALPN `h2` on that.
    Tls(SocketAddr),
}

pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    client: Arc<AtomicU64>,
    server: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub(super) async fn start(to: To) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (client, server) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counters = (Arc::clone(&client), Arc::clone(&server));
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                near.set_nodelay(true).expect("a socket");
                tokio::spawn(relay(near, to, counters.clone()));
            }
        });
        Self { address, client, server, accepting }
    }

    /// Octets of the client and of the server so far.
    pub(super) fn seen(&self) -> (u64, u64) {
        (self.client.load(Ordering::SeqCst), self.server.load(Ordering::SeqCst))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn relay(near: TcpStream, to: To, (client, server): (Arc<AtomicU64>, Arc<AtomicU64>)) {
    match to {
        To::Tcp(address) => {
            let far = TcpStream::connect(address).await.expect("the server accepts");
            far.set_nodelay(true).expect("a socket");
            both(near, far, client, server).await;
        }
        To::Tls(address) => {
            let far = http2::tls(&Link::to(address), &[b"h2"]).await.expect("TLS");
            both(near, far, client, server).await;
        }
    }
}

async fn both(
    near: TcpStream,
    far: impl AsyncRead + AsyncWrite + Send + 'static,
    client: Arc<AtomicU64>,
    server: Arc<AtomicU64>,
) {
    let ((near_read, near_write), (far_read, far_write)) = (split(near), split(far));
    tokio::join!(pass(near_read, far_write, client), pass(far_read, near_write, server));
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, count: Arc<AtomicU64>) {
    let (mut buffer, mut is_taken) = ([0; 4096], true);
    while let Ok(octets @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(octets as u64, Ordering::SeqCst);
        // What the other side does not take any more has come all the same.
        is_taken = is_taken && to.write_all(&buffer[..octets]).await.is_ok() && to.flush().await.is_ok();
    }
    // The other side may be gone.
    let _ = to.shutdown().await;
}
