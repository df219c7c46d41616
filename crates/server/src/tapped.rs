//! What a server does that has a tap before it: its connections are relayed, and a share of its requests fails.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use tokio::net::TcpStream;
use wire::Tap;

use crate::{Context, Problem, Stream};

/// Puts the tap before a connection. `None` where that fails, or the server stops meanwhile.
pub(crate) async fn relay(
    tap: Tap,
    socket: TcpStream,
    stream: impl FnOnce(TcpStream) -> Stream,
    context: Context,
) -> Option<Stream> {
    let relayed = tokio::select! {
        relayed = tap.relay(socket) => relayed,
        () = context.stopping() => return None,
    };
    match relayed {
        Ok((socket, recorder)) => Some(stream(socket).recorded(recorder)),
        Err(error) => {
            tracing::debug!("a connection was not relayed: {error}");
            None
        }
    }
}

/// Answers the share of requests for `/messages` that is to fail with `500`.
pub(crate) async fn fail_share(State(tap): State<Tap>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/messages" && tap.fails() {
        let detail = "this request fails because a share of them is set to fail";
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response();
    }
    next.run(request).await
}
