//! axum's WebSockets: a newcomer gets what is kept, everybody each message.

mod log;

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::get,
    serve::ListenerExt,
};
use log::Log;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (listener, log) = log::start().await?;
    let routes = Router::new().route("/messages", get(upgrade)).with_state(log);
    let listener = listener.tap_io(|socket| {
        // An error shows on the connection itself.
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, routes).await
}

async fn upgrade(upgrade: WebSocketUpgrade, State(log): State<Log>) -> Response {
    upgrade.protocols(["json"]).on_upgrade(|socket| converse(socket, log))
}

/// Ends with the connection, or when the client is too far behind.
async fn converse(mut socket: WebSocket, log: Log) {
    let (kept, mut news) = log.follow();
    if socket.send(Message::text(kept.as_ref())).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            batch = news.recv() => {
                let Ok(batch) = batch else { return };
                if socket.send(Message::text(batch.as_ref())).await.is_err() {
                    return;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(draft))) => log.append(draft.as_bytes()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}
