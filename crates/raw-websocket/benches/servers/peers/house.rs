//! The servers of this workspace, and an echo by this crate's core.

use std::net::{IpAddr, Ipv4Addr};

use bytes::BytesMut;
use http::Request;
use message_store::MessageStore;
use raw_websocket::{
    connection::{Connection, Event, State},
    frame::Role,
    handshake,
    message::MessageLimits,
};
use server::{Context, Listener, Options, Transport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::announce;
use crate::Outcome;

/// What the chat's server is told: the limit of posts is lifted.
async fn chat(transport: Transport) -> Outcome<(Listener, MessageStore, Context)> {
    let options = Options { post_rate: 0, ..Options::default() };
    let listener = Listener::bind(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0).await?;
    announce(listener.local_addr());
    Ok((listener, MessageStore::in_memory(options.history), Context::new(transport, &options)))
}

pub(super) async fn raw_websocket() -> Outcome<()> {
    let (listener, store, context) = chat(raw_websocket::TRANSPORT).await?;
    Ok(raw_websocket::serve(listener, store, context).await?)
}

pub(super) async fn tungstenite_websocket() -> Outcome<()> {
    let (listener, store, context) = chat(tungstenite_websocket::TRANSPORT).await?;
    Ok(tungstenite_websocket::serve(listener, store, context).await?)
}

/// The core without the chat: each message back, as long as it likes.
pub(super) async fn raw_websocket_echo(listener: TcpListener) -> Outcome<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        // An error is that of one client, who is gone.
        tokio::spawn(echo(tcp));
    }
}

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

async fn echo(mut tcp: TcpStream) -> Outcome<()> {
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    open(&mut tcp, &mut input).await?;
    let limits = MessageLimits { max_message_bytes: 1 << 20, ..MessageLimits::default() };
    let mut connection = Connection::new(Role::Server, limits);
    while connection.state() != State::Closed {
        input.reserve(READ_BYTES);
        if tcp.read_buf(&mut input).await? == 0 {
            break;
        }
        while let Some(event) = connection.receive(&mut input)? {
            match event {
                Event::Text(text) => connection.send_text(&text, &mut output)?,
                other => connection.answer(&other, &mut output),
            }
        }
        tcp.write_all_buf(&mut output).await?;
    }
    Ok(())
}

/// The opening handshake by the core.
async fn open(tcp: &mut TcpStream, input: &mut BytesMut) -> Outcome<()> {
    loop {
        if tcp.read_buf(input).await? == 0 {
            return Err("it ended within its request".into());
        }
        if let Some((request, head_len)) = request(input)? {
            let accepted = handshake::judge(&request, None)?;
            let _ = input.split_to(head_len);
            tcp.write_all(&accepted.encode(&[])).await?;
            return Ok(());
        }
    }
}

/// The request and the octets of its head, if that has come whole.
fn request(input: &[u8]) -> Outcome<Option<(Request<()>, usize)>> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(len) = head.parse(input)? else { return Ok(None) };
    let mut request =
        Request::builder().method(head.method.unwrap_or_default()).uri(head.path.unwrap_or_default());
    for field in head.headers.iter() {
        request = request.header(field.name, field.value);
    }
    Ok(Some((request.body(())?, len)))
}
