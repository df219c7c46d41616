//! tokio-tungstenite: a task that reads and a task that writes for each client, small buffers, and what waits goes out
//! with one flush.

use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::broadcast::{self, Sender},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::WebSocketConfig,
    },
};

use super::{QUEUED, message};
use crate::Outcome;

/// The read buffer is filled with zeros before each read: as large as messages are.
const READ_BUFFER_BYTES: usize = 4 * 1024;
const ECHO_READ_BUFFER_BYTES: usize = 128 * 1024;

/// Messages that go out with one flush.
const GATHERED: usize = 64;

pub(super) async fn chat(listener: TcpListener) -> Outcome<()> {
    let (messages, _) = broadcast::channel::<Utf8Bytes>(QUEUED);
    loop {
        let (tcp, _) = listener.accept().await?;
        let messages = messages.clone();
        // An error is that of one client, who is gone.
        tokio::spawn(async move {
            let socket = accept(tcp, READ_BUFFER_BYTES).await?;
            converse(socket, messages).await
        });
    }
}

pub(super) async fn echo(listener: TcpListener) -> Outcome<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut socket = accept(tcp, ECHO_READ_BUFFER_BYTES).await?;
            while let Some(heard) = socket.next().await {
                let heard = heard?;
                if heard.is_text() || heard.is_binary() {
                    socket.send(heard).await?;
                }
            }
            Ok::<_, Error>(())
        });
    }
}

async fn accept(tcp: TcpStream, read_buffer: usize) -> Result<WebSocketStream<TcpStream>, Error> {
    tcp.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(read_buffer).write_buffer_size(4 * 1024);
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let subprotocol = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let fields = response.headers_mut();
        fields.insert("sec-websocket-protocol", http::HeaderValue::from_static("json"));
        Ok(response)
    };
    accept_hdr_async_with_config(tcp, subprotocol, Some(config)).await
}

async fn converse(socket: WebSocketStream<TcpStream>, messages: Sender<Utf8Bytes>) -> Result<(), Error> {
    let mut news = messages.subscribe();
    let (mut sink, mut stream) = socket.split();
    let writer = tokio::spawn(async move {
        while let Ok(first) = news.recv().await {
            sink.feed(Message::Text(first)).await?;
            for _ in 1..GATHERED {
                let Ok(next) = news.try_recv() else { break };
                sink.feed(Message::Text(next)).await?;
            }
            sink.flush().await?;
        }
        Ok::<_, Error>(())
    });
    while let Some(Ok(heard)) = stream.next().await {
        if let Message::Text(draft) = heard
            && let Some(message) = message(&draft)
        {
            // Somebody listens: this client does.
            let _ = messages.send(message.into());
        }
    }
    writer.abort();
    Ok(())
}
