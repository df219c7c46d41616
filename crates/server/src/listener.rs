//! Listening and accepting.

use std::{
    future::{Future, poll_fn},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{interval, sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Context, Peer, Problem, Stream, limits,
    memory::{self, Crowd},
    stream, tapped,
};

/// Connections that may wait to be accepted, as many as the system allows where that is less. One that finds no room
/// tries again after a second (RFC 6298 §2.1): 500 pages that come back at once would find too little in the usual 128.
const BACKLOG: i32 = 4096;

/// The pause after an `accept` that failed, as it does when the process has no descriptor left. It also bounds
/// the log to one line a pause.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// How long an ended connection's task may keep its memory while nobody connects.
const REAP_INTERVAL: Duration = Duration::from_secs(1);

/// How often a free port is looked for that is free on 127.0.0.1 and on ::1.
const FREE_PORT_TRIES: usize = 16;

/// Sockets that listen on one port.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    address: SocketAddr,
}

impl Listener {
    /// Listens on `address`, or on both 127.0.0.1 and ::1 (the latter where the machine has it).
    /// Port 0 takes a free one, the same on both.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on; the message names address, port and option.
    pub async fn bind(address: Option<IpAddr>, port: u16) -> io::Result<Self> {
        let Some(address) = address else { return Self::bind_loopback(port).await };
        let socket = bind(address, port).await?;
        Ok(Self { address: socket.local_addr()?, sockets: vec![socket] })
    }

    async fn bind_loopback(port: u16) -> io::Result<Self> {
        for _ in 0..FREE_PORT_TRIES {
            let v4 = bind(Ipv4Addr::LOCALHOST.into(), port).await?;
            let address = v4.local_addr()?;
            match bind(Ipv6Addr::LOCALHOST.into(), address.port()).await {
                Ok(v6) => return Ok(Self { sockets: vec![v4, v6], address }),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && port == 0 => continue,
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
                // A machine without IPv6.
                Err(_) => return Ok(Self { sockets: vec![v4], address }),
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no port is free on both 127.0.0.1 and ::1"))
    }

    /// The address listened on; the IPv4 one where there are two.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, from whichever socket has one.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|cx| {
            for socket in &self.sockets {
                if let Poll::Ready(accepted) = socket.poll_accept(cx) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

async fn bind(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((address, port)).await.map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {port} on {address} is in use by another program; choose another with --port")
            }
            io::ErrorKind::PermissionDenied => {
                format!("port {port} on {address} may not be listened on; choose one above 1023 with --port")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("{address} is no address of this machine; choose another with --listen")
            }
            _ => format!("cannot listen on port {port} of {address}: {error}"),
        };
        io::Error::new(error.kind(), reason)
    })?;
    // It listens already; this only makes room.
    SockRef::from(&listener).listen(BACKLOG)?;
    // Small messages leave at once. On Linux what is accepted has it from here, and a call for each is spared.
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}

/// How a connection too many is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// With a `503`, for ports that speak HTTP/1.1.
    Answer,
    /// Closed unanswered, for ports that speak TLS.
    Close,
}

/// Accepts connections and runs `connection` for each until the context stops; then waits for them, at most
/// [`Limits::shutdown`](crate::Limits), and ends those that are left. So does dropping it.
///
/// # Errors
///
/// None today: a failed `accept` is logged and tried again, since a server without descriptors has them again
/// when clients leave.
pub async fn accept<F, C>(
    listener: Listener,
    context: &Context,
    refusal: Refusal,
    connection: C,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
    C: Fn(Stream) -> F + Send + Sync + 'static,
{
    // A task, so that a connection begins on the thread that accepts it: what `main` awaits has a thread of its own,
    // and each connection would wake two.
    let accepting = tokio::spawn(accept_all(listener, context.clone(), refusal, connection));
    AbortOnDropHandle::new(accepting).await.map_err(io::Error::other)
}

async fn accept_all<F, C>(listener: Listener, context: Context, refusal: Refusal, connection: C)
where
    F: Future<Output = ()> + Send + 'static,
    C: Fn(Stream) -> F + Send + Sync + 'static,
{
    let connection = Arc::new(connection);
    let mut tasks = JoinSet::new();
    // What connects to a WebSocket's port has something to ask.
    let first_request =
        if context.transport.scheme == "ws" { context.limits.handshake } else { context.limits.idle };
    let refusals = Arc::new(Semaphore::new(limits::MAX_REFUSALS));
    let mut reaping = interval(REAP_INTERVAL);
    let mut crowd = Crowd::default();
    let mut stopping = pin!(context.stopping());
    loop {
        let accepted = tokio::select! {
            () = &mut stopping => break,
            accepted = listener.accept() => Some(accepted),
            _ = reaping.tick(), if !tasks.is_empty() || crowd.is_there() => None,
        };
        reap(&mut tasks);
        let (socket, address) = match accepted {
            None => {
                if crowd.has_left(tasks.len()) {
                    tokio::task::spawn_blocking(memory::give_back);
                }
                continue;
            }
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::select! {
                    () = &mut stopping => break,
                    () = sleep(ACCEPT_PAUSE) => continue,
                }
            }
        };
        if cfg!(not(target_os = "linux")) {
            // An error means that the connection is gone, which its task will notice.
            let _ = socket.set_nodelay(true);
        }
        crowd.has_come(tasks.len());
        let peer = Peer(address.ip());
        match context.connections.admit(peer) {
            Some(permit) => {
                let stream = move |socket| Stream::new(socket, peer, permit, context.limits, first_request);
                begin(&mut tasks, socket, stream, &connection, &context);
            }
            None if refusal == Refusal::Answer => refuse(&mut tasks, &refusals, socket, &context),
            None => {}
        }
    }
    drop(listener);
    let _ = timeout(context.limits.shutdown, async { while tasks.join_next().await.is_some() {} }).await;
    tasks.shutdown().await;
}

/// Runs `connection` for an accepted socket in a task of its own, behind the tap where that is on.
fn begin<F, C>(
    tasks: &mut JoinSet<()>,
    socket: TcpStream,
    stream: impl FnOnce(TcpStream) -> Stream + Send + 'static,
    connection: &Arc<C>,
    context: &Context,
) where
    F: Future<Output = ()> + Send + 'static,
    C: Fn(Stream) -> F + Send + Sync + 'static,
{
    match context.tap.as_ref().filter(|tap| tap.is_on()) {
        None => tasks.spawn(connection(stream(socket))),
        Some(tap) => {
            let relayed = tapped::relay(tap.clone(), socket, stream, context.clone());
            let connection = Arc::clone(connection);
            tasks.spawn(async move {
                if let Some(stream) = relayed.await {
                    connection(stream).await;
                }
            })
        }
    };
}

/// Answers `503` to a connection too many in a task of its own, if there is a place among those that do so.
fn refuse(tasks: &mut JoinSet<()>, places: &Arc<Semaphore>, socket: TcpStream, context: &Context) {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        let linger = context.limits.linger;
        tasks.spawn(async move {
            answer_refused(socket, linger).await;
            drop(place);
        });
    }
}

/// Lets go of the tasks that have ended. They are looked for now and then: to be woken for each would cost more.
fn reap(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.try_join_next() {
        if ended.is_err_and(|error| error.is_panic()) {
            tracing::error!("a connection's task panicked; the others go on");
        }
    }
}

/// Answers `503` without reading: nothing is spent on a connection too many.
async fn answer_refused(mut socket: TcpStream, linger: Duration) {
    let answer = Problem::too_many_connections().to_http1();
    if let Ok(Ok(())) = timeout(linger, socket.write_all(&answer)).await {
        stream::close(&mut socket, linger).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_may_come_at_once() {
        let listener = Listener::bind(None, 0).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..400 {
            // None is accepted; without room for it a connection would never be there.
            let connecting = TcpStream::connect(listener.local_addr());
            waiting.push(timeout(Duration::from_secs(30), connecting).await.unwrap().unwrap());
        }
    }

    #[tokio::test]
    async fn small_messages_leave_at_once() {
        let listener = Listener::bind(None, 0).await.unwrap();
        let (connected, accepted) =
            tokio::join!(TcpStream::connect(listener.local_addr()), listener.accept());
        connected.unwrap();
        assert!(accepted.unwrap().0.nodelay().unwrap() || cfg!(not(target_os = "linux")));
    }
}
