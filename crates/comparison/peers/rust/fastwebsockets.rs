//! fastwebsockets on hyper: a newcomer gets what is kept, everybody each message.

mod log;

use std::convert::Infallible;

use fastwebsockets::{
    FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError,
    upgrade::{UpgradeFut, upgrade},
};
use http::{HeaderValue, Request, Response, StatusCode, header::SEC_WEBSOCKET_PROTOCOL};
use http_body_util::Empty;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use log::Log;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (listener, log) = log::start().await?;
    loop {
        let (socket, _) = listener.accept().await?;
        let log = log.clone();
        tokio::spawn(async move {
            socket.set_nodelay(true)?;
            let service = service_fn(|request| std::future::ready(answer(request, &log)));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
            connection.with_upgrades().await.map_err(std::io::Error::other)
        });
    }
}

fn answer(mut request: Request<Incoming>, log: &Log) -> Result<Response<Empty<Bytes>>, Infallible> {
    let Ok((mut response, upgrading)) = upgrade(&mut request) else {
        let mut refusal = Response::new(Empty::new());
        *refusal.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return Ok(refusal);
    };
    if request.headers().get(SEC_WEBSOCKET_PROTOCOL).is_some_and(|offered| offered == "json") {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("json"));
    }
    tokio::spawn(converse(upgrading, log.clone()));
    Ok(response)
}

/// Ends with the connection, or when the client is too far behind.
async fn converse(upgrading: UpgradeFut, log: Log) -> Result<(), WebSocketError> {
    let (reader, mut writer) = upgrading.await?.split(tokio::io::split);
    let mut reader = FragmentCollectorRead::new(reader);
    // Pongs, and the answer to a Close.
    let (answers, mut answered) = mpsc::channel::<(OpCode, Vec<u8>)>(1);
    let (kept, mut news) = log.follow();
    let read = async {
        loop {
            let answer = &mut async |frame: Frame<'_>| {
                let _ = answers.send((frame.opcode, frame.payload.to_vec())).await;
                Ok::<_, WebSocketError>(())
            };
            let frame = reader.read_frame(answer).await?;
            match frame.opcode {
                OpCode::Text => log.append(&frame.payload),
                // The answer to it is the writer's to send, and ends both.
                OpCode::Close => std::future::pending::<()>().await,
                _ => {}
            }
        }
    };
    let write = async {
        writer.write_frame(Frame::text(Payload::Borrowed(kept.as_bytes()))).await?;
        loop {
            tokio::select! {
                Ok(batch) = news.recv() => {
                    writer.write_frame(Frame::text(Payload::Borrowed(batch.as_bytes()))).await?;
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
