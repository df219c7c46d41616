//! Says back what it hears: what a conformance suite and a load generator talk to, and the core in use without
//! the chat around it.
//!
//! ```text
//! cargo run --release -p raw-websocket --example echo -- --port 9001 --deflate
//! ```

use std::{convert::Infallible, io, net::Ipv4Addr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use clap::Parser;
use http::{HeaderMap, Request, Response};
use http_body_util::Empty;
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade};
use hyper_util::rt::TokioIo;
use raw_websocket::{
    connection::{Connection, Event, State},
    deflate::{Parameters, Preferences},
    frame::Role,
    handshake,
    message::MessageLimits,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// A suite sends up to 16 MiB, and 65,536 fragments.
const LIMITS: MessageLimits =
    MessageLimits { max_message_bytes: 64 << 20, max_fragments: 1 << 20, accept_binary: true };

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// How long the client may take to close TCP after the closing handshake.
const LINGER: Duration = Duration::from_secs(1);

/// Says back what it hears over WebSockets, on 127.0.0.1.
#[derive(Parser)]
struct Options {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 9001)]
    port: u16,
    /// Take up permessage-deflate where it is offered, with context takeover.
    #[arg(long)]
    deflate: bool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
pub(crate) async fn main() -> io::Result<()> {
    let options = Options::parse();
    let takeover = Preferences {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        ..Preferences::default()
    };
    let preferences = Arc::new(options.deflate.then_some(takeover));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let preferences = Arc::clone(&preferences);
        let service = service_fn(move |request| {
            let response = open(request, preferences.as_ref().as_ref());
            async { Ok::<_, Infallible>(response) }
        });
        // An error is that of one client, who is gone.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(tcp), service).with_upgrades());
    }
}

/// The opening handshake, RFC 6455 §4.2: on any path, with no subprotocol.
fn open(mut request: Request<Incoming>, preferences: Option<&Preferences>) -> Response<Empty<Bytes>> {
    match handshake::judge(&request, preferences) {
        Ok(accepted) => {
            let deflate = accepted.deflate.as_ref().map(|agreement| agreement.parameters);
            let upgraded = upgrade::on(&mut request);
            tokio::spawn(async move {
                if let Ok(upgraded) = upgraded.await
                    && let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>()
                {
                    // An error is that of one client, who is gone.
                    let _ = echo(parts.io.into_inner(), parts.read_buf.into(), deflate).await;
                }
            });
            accepted.response().map(|()| Empty::new())
        }
        Err(refusal) => {
            let mut response = Response::new(Empty::new());
            *response.status_mut() = refusal.status();
            let fields = refusal.fields().into_iter();
            let fields = fields.map(|(name, value)| (name, http::HeaderValue::from_static(value)));
            response.headers_mut().extend(fields.collect::<HeaderMap>());
            response
        }
    }
}

/// One connection from its first frame to the end of TCP. `input` came with the opening handshake.
async fn echo(mut tcp: TcpStream, mut input: BytesMut, deflate: Option<Parameters>) -> io::Result<()> {
    let mut connection = Connection::new(Role::Server, LIMITS).with_deflate(deflate);
    let mut output = BytesMut::new();
    loop {
        answer(&mut connection, &mut input, &mut output);
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
    // RFC 6455 §7.1.1: the server closes TCP first; what the client still sends must not reset its reading.
    tcp.shutdown().await?;
    let _ = timeout(LINGER, tokio::io::copy(&mut tcp, &mut tokio::io::sink())).await;
    Ok(())
}

/// Answers all that has come.
fn answer(connection: &mut Connection, input: &mut BytesMut, output: &mut BytesMut) {
    loop {
        // The closing handshake cannot have begun on our side, so nothing is sent in vain.
        let _ = match connection.receive(input) {
            Ok(Some(Event::Text(text))) => connection.send_text(&text, output),
            Ok(Some(Event::Binary(data))) => connection.send_binary(&data, output),
            Ok(Some(event)) => {
                connection.answer(&event, output);
                Ok(())
            }
            Ok(None) => return,
            Err(failure) => return connection.fail(&failure, output),
        };
    }
}
