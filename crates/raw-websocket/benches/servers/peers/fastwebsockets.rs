//! fastwebsockets: hyper answers the handshake; a client's task reads and writes by turns, and writes a message as a
//! frame as it comes, since the library has no way to gather them.

use bytes::Bytes;
use fastwebsockets::{
    FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError,
    upgrade::{UpgradeFut, upgrade},
};
use http::HeaderValue;
use http_body_util::Empty;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io,
    net::TcpListener,
    sync::{
        broadcast::{self, Sender},
        mpsc,
    },
};

use super::{QUEUED, message};
use crate::Outcome;

pub(super) async fn serve(listener: TcpListener, echoes: bool) -> Outcome<()> {
    let (messages, _) = broadcast::channel::<Bytes>(QUEUED);
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let messages = messages.clone();
        let service = service_fn(move |request| {
            let response = open(request, messages.clone(), echoes);
            async { response }
        });
        // An error is that of one client, who is gone.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(tcp), service).with_upgrades());
    }
}

fn open(
    mut request: Request<Incoming>,
    messages: Sender<Bytes>,
    echoes: bool,
) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (mut response, upgrading) = upgrade(&mut request)?;
    response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("json"));
    if echoes {
        tokio::spawn(echo(upgrading));
    } else {
        tokio::spawn(converse(upgrading, messages));
    }
    Ok(response)
}

async fn echo(upgrading: UpgradeFut) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(upgrading.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}

async fn converse(upgrading: UpgradeFut, messages: Sender<Bytes>) -> Result<(), WebSocketError> {
    let (reader, mut writer) = upgrading.await?.split(io::split);
    let mut reader = FragmentCollectorRead::new(reader);
    let mut news = messages.subscribe();
    // Pongs, and the answer to a Close.
    let (answers, mut answered) = mpsc::channel::<(OpCode, Vec<u8>)>(1);
    let read = async {
        loop {
            let answer = &mut async |frame: Frame<'_>| {
                let _ = answers.send((frame.opcode, frame.payload.to_vec())).await;
                Ok::<_, WebSocketError>(())
            };
            let frame = reader.read_frame(answer).await?;
            if frame.opcode == OpCode::Close {
                // The answer to it is the writer's to send, and ends both.
                std::future::pending::<()>().await;
            }
            if frame.opcode == OpCode::Text
                && let Some(message) = std::str::from_utf8(&frame.payload).ok().and_then(message)
            {
                // Somebody listens: this client does.
                let _ = messages.send(message.into());
            }
        }
    };
    let write = async {
        loop {
            tokio::select! {
                Ok(message) = news.recv() => {
                    writer.write_frame(Frame::text(Payload::Borrowed(&message))).await?;
                }
                Some((opcode, payload)) = answered.recv() => {
                    writer.write_frame(Frame::new(true, opcode, None, payload.into())).await?;
                    if opcode == OpCode::Close {
                        return Ok(());
                    }
                }
                else => return Ok(()),
            }
        }
    };
    tokio::select! {
        ended = read => ended,
        ended = write => ended,
    }
}
