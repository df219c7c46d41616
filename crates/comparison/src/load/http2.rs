//! A client of HTTP/2: any number of requests on one connection, responses that do not end.

use std::{future::poll_fn, io, sync::Arc};

use bytes::Bytes;
use h2::{
    RecvStream,
    client::{Builder, SendRequest},
};
use http::{Method, Request, header};

use super::connect::Target;
use crate::{counted::Counts, layers::Speaks};

/// How much the server may send ahead, on a stream and on the connection (octets). Browsers allow some MiB.
const WINDOW_BYTES: u32 = 1024 * 1024;

/// An open connection. It closes when the last clone and all its streams are dropped.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
    origin: String,
}

/// The content of a response, as it comes.
pub(super) struct Content(RecvStream);

impl Http2 {
    pub(super) async fn connect(target: &Target, counts: Option<&Arc<Counts>>) -> io::Result<Self> {
        Self::with_window(target, counts, WINDOW_BYTES).await
    }

    /// A connection that allows no more than every client must: 65,535 octets (RFC 9113 §6.9.2).
    pub(super) async fn connect_slow(target: &Target) -> io::Result<Self> {
        Self::with_window(target, None, 65_535).await
    }

    async fn with_window(target: &Target, counts: Option<&Arc<Counts>>, window: u32) -> io::Result<Self> {
        let stream = target.connect(Speaks::Http2, counts).await?;
        let mut builder = Builder::new();
        builder.initial_window_size(window).initial_connection_window_size(window).enable_push(false);
        let (sender, connection) = builder.handshake(stream).await.map_err(io::Error::other)?;
        // Its errors are the streams' too.
        tokio::spawn(connection);
        let scheme = if target.tls.is_some() { "https" } else { "http" };
        Ok(Self { sender, origin: format!("{scheme}://{}", target.host()) })
    }

    /// The content of `GET path`.
    pub(super) async fn get(&self, path: &str) -> io::Result<Content> {
        self.send(Request::builder().uri(format!("{}{path}", self.origin)), None).await
    }

    /// Done when the answer has come whole.
    pub(super) async fn post(&self, path: &str, content: Bytes) -> io::Result<()> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.origin))
            .header(header::CONTENT_TYPE, "application/json");
        let mut content = self.send(request, Some(content)).await?;
        while content.next().await?.is_some() {}
        Ok(())
    }

    async fn send(&self, request: http::request::Builder, content: Option<Bytes>) -> io::Result<Content> {
        let request = request.body(()).map_err(io::Error::other)?;
        let what = format!("{} {}", request.method(), request.uri().path());
        let mut sender = self.sender.clone().ready().await.map_err(io::Error::other)?;
        let (response, mut stream) =
            sender.send_request(request, content.is_none()).map_err(io::Error::other)?;
        if let Some(content) = content {
            stream.send_data(content, true).map_err(io::Error::other)?;
        }
        let response = response.await.map_err(io::Error::other)?;
        if !response.status().is_success() {
            return Err(io::Error::other(format!("{what} was answered with {}", response.status())));
        }
        Ok(Content(response.into_body()))
    }
}

impl Content {
    /// The next piece; `None` at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some(piece) = poll_fn(|context| self.0.poll_data(context)).await else { return Ok(None) };
        let piece = piece.map_err(io::Error::other)?;
        self.0.flow_control().release_capacity(piece.len()).map_err(io::Error::other)?;
        Ok(Some(piece))
    }
}
