//! Says back what it hears: what a conformance suite and a load generator talk to.
//!
//! ```text
//! cargo run --release -p tungstenite-websocket --example echo -- --port 9001
//! ```

use std::{io, net::Ipv4Addr, time::Duration};

use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async_with_config,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// A suite sends up to 16 MiB.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// What the library reads at once, and zeroes before each read.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// How long the client may take to close TCP after the closing handshake.
const LINGER: Duration = Duration::from_secs(1);

/// Says back what it hears over WebSockets, on 127.0.0.1.
#[derive(Parser)]
struct Options {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 9001)]
    port: u16,
    /// Refused: the library has no permessage-deflate.
    #[arg(long)]
    deflate: bool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
pub(crate) async fn main() -> io::Result<()> {
    let options = Options::parse();
    if options.deflate {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "tokio-tungstenite has no permessage-deflate",
        ));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        tokio::spawn(serve(tcp));
    }
}

/// One connection from its opening handshake to the end of TCP. An error is that of one client, who is gone.
async fn serve(tcp: TcpStream) -> Result<(), Error> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let mut socket = accept_async_with_config(tcp, Some(config)).await?;
    if let Err(error) = echo(&mut socket).await {
        // The library only drops the connection upon a violation; its status code is ours to send.
        let code = close_code(&error).ok_or(error)?;
        socket.flush().await?;
        socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await?;
    }
    // RFC 6455 §7.1.1: the server closes TCP first; what the client still sends must not reset its reading.
    let mut tcp = socket.into_inner();
    tcp.shutdown().await?;
    let _ = timeout(LINGER, tokio::io::copy(&mut tcp, &mut tokio::io::sink())).await;
    Ok(())
}

/// Says back messages until the closing handshake is over. The library answers pings and the Close.
async fn echo(socket: &mut WebSocketStream<TcpStream>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// The status code for what the library found wrong (RFC 6455 §7.4.1); `None` where there is nobody to tell.
fn close_code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Capacity(_) => Some(CloseCode::Size),
        _ => None,
    }
}
