//! A client of RFC 6455, by fastwebsockets; and of Socket.IO over it.

use std::{future::Future, io, sync::Arc};

use bytes::Bytes;
use fastwebsockets::{
    FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, WebSocket, WebSocketError,
    WebSocketWrite, handshake,
};
use http::{Request, header};
use http_body_util::Empty;
use hyper::{rt::Executor, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{io as tokio_io, sync::mpsc};

use super::{audience::Hearer, connect::Target, engine_io};
use crate::{counted::Counts, layers::Speaks};

/// Posts and answers that wait for the socket, at most.
const OUTPUT_MESSAGES: usize = 4_096;

type Socket = TokioIo<Upgraded>;

/// What a conversing client has to say: a text, or the answer to a ping.
pub(super) type Output = (OpCode, Bytes);

struct Spawn;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawn {
    fn execute(&self, connection: F) {
        tokio::spawn(connection);
    }
}

fn error(error: WebSocketError) -> io::Error {
    io::Error::other(error)
}

/// Opens one.
async fn open(target: &Target, path: &str, counts: Option<&Arc<Counts>>) -> io::Result<WebSocket<Socket>> {
    let stream = target.connect(Speaks::WebSocket, counts).await?;
    let request = Request::builder()
        .uri(path)
        .header(header::HOST, target.host())
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "upgrade")
        .header(header::SEC_WEBSOCKET_KEY, handshake::generate_key())
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_PROTOCOL, "json")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let (socket, _) = handshake::client(&Spawn, request, stream).await.map_err(error)?;
    Ok(socket)
}

/// Follows until the connection ends.
pub(super) async fn follow(
    target: &Target,
    is_socket_io: bool,
    hearer: &mut Hearer,
    counts: Option<&Arc<Counts>>,
) -> io::Result<()> {
    hearer.asked();
    let path = if is_socket_io { engine_io::WEBSOCKET_PATH.to_owned() } else { hearer.path("/messages") };
    let mut socket = FragmentCollector::new(open(target, &path, counts).await?);
    if !is_socket_io {
        hearer.ready();
    }
    loop {
        let frame = socket.read_frame().await.map_err(error)?;
        match frame.opcode {
            OpCode::Close => return Err(closed()),
            OpCode::Text if is_socket_io => {
                let answer = engine_io::heard(&frame.payload, hearer)?;
                if let Some(answer) = answer {
                    socket.write_frame(Frame::text(Payload::Borrowed(answer))).await.map_err(error)?;
                }
            }
            OpCode::Text => hearer.message(&frame.payload),
            _ => {}
        }
    }
}

/// Opens one that nobody reads from; a Socket.IO one has connected.
pub(super) async fn hold(target: &Target, is_socket_io: bool) -> io::Result<WebSocket<Socket>> {
    if !is_socket_io {
        return open(target, "/messages", None).await;
    }
    let mut socket = open(target, engine_io::WEBSOCKET_PATH, None).await?;
    socket.read_frame().await.map_err(error)?;
    socket.write_frame(Frame::text(Payload::Borrowed(engine_io::CONNECT))).await.map_err(error)?;
    Ok(socket)
}

/// A follower that posts too: gives where posts go in, and follows until the connection ends.
pub(super) async fn converse(
    target: &Target,
    is_socket_io: bool,
) -> io::Result<(mpsc::Sender<Output>, impl Future<Output = io::Result<()>> + use<>, FromSocket)> {
    let path = if is_socket_io { engine_io::WEBSOCKET_PATH } else { "/messages" };
    let (reader, writer) = open(target, path, None).await?.split(tokio_io::split);
    let (output, queued) = mpsc::channel(OUTPUT_MESSAGES);
    let from =
        FromSocket { reader: FragmentCollectorRead::new(reader), is_socket_io, output: output.clone() };
    Ok((output, write(writer, queued), from))
}

async fn write(
    mut writer: WebSocketWrite<tokio_io::WriteHalf<Socket>>,
    mut queued: mpsc::Receiver<Output>,
) -> io::Result<()> {
    while let Some((opcode, message)) = queued.recv().await {
        writer
            .write_frame(Frame::new(true, opcode, None, Payload::Borrowed(&message)))
            .await
            .map_err(error)?;
    }
    Ok(())
}

/// What a conversing client hears.
pub(super) struct FromSocket {
    reader: FragmentCollectorRead<tokio_io::ReadHalf<Socket>>,
    is_socket_io: bool,
    output: mpsc::Sender<Output>,
}

impl FromSocket {
    /// Hears until the connection ends.
    pub(super) async fn hear(mut self, hearer: &mut Hearer) -> io::Result<()> {
        if !self.is_socket_io {
            hearer.ready();
        }
        loop {
            let output = self.output.clone();
            let answer = &mut async |frame: Frame<'_>| {
                // The writer has gone only if the connection has.
                let _ = output.send((frame.opcode, frame.payload.to_vec().into())).await;
                Ok::<_, WebSocketError>(())
            };
            let frame = self.reader.read_frame(answer).await.map_err(error)?;
            match frame.opcode {
                OpCode::Close => return Err(closed()),
                OpCode::Text if self.is_socket_io => {
                    if let Some(answer) = engine_io::heard(&frame.payload, hearer)? {
                        let _ = self.output.send((OpCode::Text, Bytes::from_static(answer))).await;
                    }
                }
                OpCode::Text => hearer.message(&frame.payload),
                _ => {}
            }
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the server closed the WebSocket")
}
