//! The pair of sockets between relay and transport.

use std::{io, net::Ipv4Addr};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Mutex,
    time::timeout,
};

use super::limits::{INNER_BUFFER_BYTES, INNER_CONNECT_LIMIT};

/// A listener of the tap's own on a free port of loopback, made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Door(Mutex<Option<TcpListener>>);

/// The two ends of an inner connection.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) relay: TcpStream,
    pub(super) transport: TcpStream,
}

impl Door {
    /// A new inner connection. Whoever else connects to the listener is shown out.
    ///
    /// # Errors
    ///
    /// The system has no descriptor or port left, or it takes longer than [`INNER_CONNECT_LIMIT`].
    pub(super) async fn pair(&self) -> io::Result<Pair> {
        timeout(INNER_CONNECT_LIMIT, self.make()).await?
    }

    async fn make(&self) -> io::Result<Pair> {
        // Held until the pair is complete, so that connections are not mixed up.
        let mut listener = self.0.lock().await;
        let listener = match &mut *listener {
            Some(listener) => listener,
            none => none.insert(listen()?),
        };
        let relay = socket()?.connect(listener.local_addr()?).await?;
        let expected = relay.local_addr()?;
        loop {
            let (transport, peer) = listener.accept().await?;
            if peer == expected {
                relay.set_nodelay(true)?;
                transport.set_nodelay(true)?;
                return Ok(Pair { relay, transport });
            }
            // One of ours too, where a stopping server gave up while its pair was made.
            tracing::debug!(
                "{peer} is no relay that is waited for, and was shown out of the tap's inner port"
            );
        }
    }
}

/// A socket with small buffers; those of a listener go over to what it accepts.
fn socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(INNER_BUFFER_BYTES)?;
    socket.set_recv_buffer_size(INNER_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&socket).set_tcp_mss(super::limits::INNER_SEGMENT_BYTES)?;
    Ok(socket)
}

fn listen() -> io::Result<TcpListener> {
    let socket = socket()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(128)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn nobody_else_comes_in() {
        let door = Door::default();
        drop(door.pair().await.unwrap());
        let address = door.0.lock().await.as_ref().unwrap().local_addr().unwrap();
        let mut stranger = TcpStream::connect(address).await.unwrap();
        let Pair { mut relay, mut transport } = door.pair().await.unwrap();
        assert_eq!(transport.peer_addr().unwrap(), relay.local_addr().unwrap());
        relay.write_all(b"x").await.unwrap();
        assert_eq!(transport.read_u8().await.unwrap(), b'x');
        assert_eq!(stranger.read(&mut [0; 1]).await.unwrap_or(0), 0, "shown out");
    }
}
