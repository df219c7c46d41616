//! The client role, for Autobahn's fuzzing server to judge: asks how many cases there are, says back what it hears
//! in each of them, one connection after the other, and asks for the reports.
//!
//! ```text
//! cargo run --release -p raw-websocket --example autobahn_client -- --deflate ws://127.0.0.1:9001
//! ```

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use clap::Parser;
use http::{Request, Uri, header::HOST};
use http_body_util::Empty;
use hyper::{client::conn::http1, upgrade};
use hyper_util::rt::TokioIo;
use raw_websocket::{
    connection::{Connection, Event, State},
    deflate::{Offer, Parameters, WindowBits},
    frame::Role,
    handshake::client::ClientHandshake,
    message::MessageLimits,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The suite sends up to 16 MiB, and 65,536 fragments.
const LIMITS: MessageLimits =
    MessageLimits { max_message_bytes: 64 << 20, max_fragments: 1 << 20, accept_binary: true };

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// How long the server may take to close TCP after the closing handshake.
const LINGER: Duration = Duration::from_secs(2);

/// The client role of raw-websocket, for Autobahn's fuzzing server to judge.
#[derive(Parser)]
struct Options {
    /// The fuzzing server, such as ws://127.0.0.1:9001.
    url: Uri,
    /// What the reports call this client.
    #[arg(long, default_value = "raw-websocket")]
    agent: String,
    /// Offer permessage-deflate, with context takeover and any window.
    #[arg(long)]
    deflate: bool,
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the program's own output, not a log")]
async fn main() -> io::Result<()> {
    let Options { url, agent, deflate } = Options::parse();
    let mut count = String::new();
    converse(&url, "/getCaseCount", false, |_, event, _| {
        if let Event::Text(text) = event {
            count.clone_from(&text.to_string());
        }
    })
    .await?;
    let count: u32 = count.parse().map_err(|_| invalid("the number of cases must be a text of digits"))?;
    for case in 1..=count {
        // What is wrong with one connection is the report's to tell.
        if let Err(error) =
            converse(&url, &format!("/runCase?case={case}&agent={agent}"), deflate, say_back).await
        {
            eprintln!("case {case} of {count}: {error}");
        }
    }
    converse(&url, &format!("/updateReports?agent={agent}"), false, |_, _, _| {}).await?;
    println!("{count} cases");
    Ok(())
}

/// Sends back a message; what the RFC demands in answer to an event is sent before.
fn say_back(connection: &mut Connection, event: &Event, output: &mut BytesMut) {
    // Nothing is sent in vain: the closing handshake begins with the server, or with a failure.
    let _ = match event {
        Event::Text(text) => connection.send_text(text, output),
        Event::Binary(data) => connection.send_binary(data, output),
        _ => Ok(()),
    };
}

/// One connection, from its opening handshake to the end of TCP; `hear` is told each event.
async fn converse(
    url: &Uri,
    target: &str,
    deflate: bool,
    mut hear: impl FnMut(&mut Connection, &Event, &mut BytesMut),
) -> io::Result<()> {
    let (mut tcp, mut input, agreed) = open(url, target, deflate).await?;
    let mut connection = Connection::new(Role::Client { masking_key: random }, LIMITS).with_deflate(agreed);
    let mut output = BytesMut::new();
    loop {
        loop {
            match connection.receive(&mut input) {
                Ok(Some(event)) => {
                    connection.answer(&event, &mut output);
                    hear(&mut connection, &event, &mut output);
                }
                Ok(None) => break,
                Err(failure) => connection.fail(&failure, &mut output),
            }
        }
        tcp.write_all_buf(&mut output).await?;
        if connection.state() == State::Closed {
            break;
        }
        connection.release();
        input.reserve(READ_BYTES);
        if tcp.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
    // RFC 6455 §7.1.1: the server closes TCP first, and the client waits for that.
    let _ = timeout(LINGER, tokio::io::copy(&mut tcp, &mut tokio::io::sink())).await;
    Ok(())
}

/// The opening handshake, RFC 6455 §4.1. Gives the connection, what came of it behind the answer, and how messages
/// are compressed.
async fn open(
    url: &Uri,
    target: &str,
    deflate: bool,
) -> io::Result<(TcpStream, BytesMut, Option<Parameters>)> {
    let authority = url.authority().ok_or_else(|| invalid("the URL must have a host and a port"))?.as_str();
    let tcp = TcpStream::connect(authority).await?;
    tcp.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.map_err(io::Error::other)?;
    tokio::spawn(connection.with_upgrades());

    let mut handshake = ClientHandshake::new(random(), Vec::new());
    if deflate {
        handshake = handshake
            .with_deflate(Offer { client_max_window_bits: Some(WindowBits::MAX), ..Offer::default() });
    }
    let mut request =
        Request::get(target).header(HOST, authority).body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    request.headers_mut().extend(handshake.fields());
    let mut response = sender.send_request(request).await.map_err(io::Error::other)?;
    let agreed = handshake.judge(&response).map_err(io::Error::other)?.deflate;

    let upgraded = upgrade::on(&mut response).await.map_err(io::Error::other)?;
    let parts =
        upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| invalid("the connection must be TCP"))?;
    Ok((parts.io.into_inner(), parts.read_buf.into(), agreed))
}

/// Octets that nobody can foresee, for the nonce and the masking keys (RFC 6455 §4.1, §5.3).
fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut octets = [0; BYTES];
    getrandom::fill(&mut octets).expect("the system gives random octets");
    octets
}

fn invalid(rule: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, rule)
}
