//! The relay: a process between load and server that delays what passes, the same both ways and for all.
//!
//! It works above TCP: it ends the client's connection and opens one to the server. So the handshake of TCP, which takes
//! a round trip over a network and nothing here, is put in: what a client sends first is taken for sent when that round
//! trip would have been over. Nothing is lost, and segments are those of loopback.
//!
//! Its standard input takes a command a line, each answered with one: `cut` resets all connections; `hold` lets nothing
//! pass, new connections included; `pass` lets everything pass again.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use socket2::SockRef;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::{mpsc, watch},
};

use crate::clock::Clock;

/// What is read at once (octets).
const READ_BYTES: usize = 16 * 1024;

/// How late a piece may be so that it leaves together with others: 0.1 ms, of delays of 20 ms and more. A fan-out is so many
/// pieces within some ms, and a timer for each would take the relay longer than passing them on.
const GRAIN: Duration = Duration::from_micros(100);

/// Pieces on their way in one direction of a connection, at most; more wait in the kernel, as they would before a
/// network that is full.
const PIECES: usize = 1_024;

/// What passes, at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weather {
    /// Nothing passes.
    holds: bool,
    /// How often connections were cut; those from before the last time are.
    cuts: u32,
}

/// A piece of one direction: when it is to arrive, and what it is; nothing for the end.
type Piece = (Instant, Option<Bytes>);

/// Relays to `server`, from a free port of loopback that it says on standard output, until standard input ends.
///
/// # Errors
///
/// No port is free, or the listener fails.
#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
pub async fn serve(server: SocketAddr, delay: Duration) -> io::Result<()> {
    let clock = Clock::with_grain(GRAIN)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let (weather, watch) = watch::channel(Weather::default());
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let relaying = relay(accepted?.0, server, delay, clock.clone(), watch.clone());
                // A connection that fails has failed for both its ends.
                tokio::task::spawn_local(relaying);
            }
            command = commands.next_line() => {
                let Some(command) = command? else { return Ok(()) };
                match command.as_str() {
                    "cut" => weather.send_modify(|weather| weather.cuts += 1),
                    "hold" => weather.send_modify(|weather| weather.holds = true),
                    "pass" => weather.send_modify(|weather| weather.holds = false),
                    other => return Err(io::Error::other(format!("{other:?} is no command: cut, hold, pass"))),
                }
                println!("done");
            }
        }
    }
}

async fn relay(
    client: TcpStream,
    server: SocketAddr,
    delay: Duration,
    clock: Clock,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let accepted = Instant::now();
    let cuts = weather.borrow().cuts;
    // An error means that the relay ends.
    let _ = weather.wait_for(|weather| !weather.holds).await;
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    // A connection that is dropped is reset, whatever lies in it: who wants to end one in order says so.
    SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
    SockRef::from(&server).set_linger(Some(Duration::ZERO))?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = pass(from_client, to_server, accepted + 2 * delay, delay, &clock, weather.clone());
    let down = pass(from_server, to_client, accepted, delay, &clock, weather.clone());
    tokio::select! {
        both = async { tokio::try_join!(up, down) } => both.map(|_| ()),
        _ = weather.wait_for(|weather| weather.cuts > cuts) => Ok(()),
    }
}

/// Passes one direction on; what comes before `open` is taken for sent then.
async fn pass(
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    open: Instant,
    delay: Duration,
    clock: &Clock,
    weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let (under_way, arriving) = mpsc::channel(PIECES);
    tokio::try_join!(take(reader, under_way, open, delay), give(writer, arriving, clock, weather),)?;
    Ok(())
}

async fn take(
    mut reader: OwnedReadHalf,
    under_way: mpsc::Sender<Piece>,
    open: Instant,
    delay: Duration,
) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ_BYTES);
        let length = reader.read_buf(&mut buffer).await?;
        let piece = (length > 0).then(|| buffer.split().freeze());
        let arrives = Instant::now().max(open) + delay;
        if under_way.send((arrives, piece)).await.is_err() || length == 0 {
            return Ok(());
        }
    }
}

async fn give(
    mut writer: OwnedWriteHalf,
    mut arriving: mpsc::Receiver<Piece>,
    clock: &Clock,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    while let Some((arrives, piece)) = arriving.recv().await {
        clock.sleep_until(arrives).await;
        let _ = weather.wait_for(|weather| !weather.holds).await;
        match piece {
            Some(piece) => writer.write_all(&piece).await?,
            None => writer.shutdown().await?,
        }
    }
    Ok(())
}
