//! A client of HTTP/1.1 that keeps its connection: one request at a time.

use std::{io, sync::Arc};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;

use super::connect::Target;
use crate::{counted::Counts, layers::Speaks};

/// An open connection. Dropping it closes it.
pub(super) struct Http1 {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

/// A whole response.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content: Bytes,
}

impl Http1 {
    pub(super) async fn connect(target: &Target, counts: Option<&Arc<Counts>>) -> io::Result<Self> {
        let stream = target.connect(Speaks::Http1, counts).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // It ends when the sender is dropped; its errors are the sender's too.
        tokio::spawn(connection);
        Ok(Self { sender, host: target.host() })
    }

    /// `tag`: the field `if-none-match`.
    pub(super) async fn get(&mut self, path: &str, tag: Option<&str>) -> io::Result<Answer> {
        let mut request = Request::builder().uri(path).header(header::HOST, &self.host);
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        self.send(request.body(Full::default()).map_err(io::Error::other)?).await
    }

    pub(super) async fn post(
        &mut self,
        path: &str,
        kind: &'static str,
        content: Bytes,
    ) -> io::Result<Answer> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, kind);
        self.send(request.body(Full::new(content)).map_err(io::Error::other)?).await
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> io::Result<Answer> {
        self.sender.ready().await.map_err(io::Error::other)?;
        let response = self.sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status();
        let content = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Answer { status, content })
    }
}

impl Answer {
    /// Itself, if its status is one of success or 304.
    pub(super) fn expect(self, what: &str) -> io::Result<Self> {
        if self.status.is_success() || self.status == StatusCode::NOT_MODIFIED {
            return Ok(self);
        }
        let content = String::from_utf8_lossy(self.content.get(..200).unwrap_or(&self.content)).into_owned();
        Err(io::Error::other(format!("{what} was answered with {}: {content}", self.status)))
    }
}
