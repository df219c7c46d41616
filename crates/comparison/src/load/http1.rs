//! A client of HTTP/1.1 that keeps its connection: one request at a time.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;

use super::connect::Target;
use crate::{counted::Counts, layers::Speaks};

/// How long before the end that a server has named an idle connection is given up: a request must not meet the close.
const BEFORE_CLOSE: Duration = Duration::from_secs(1);

/// An open connection. Dropping it closes it.
pub(super) struct Http1 {
    target: Target,
    counts: Option<Arc<Counts>>,
    sender: SendRequest<Full<Bytes>>,
    host: String,
    reopens: bool,
    /// When the last answer came, and how long the server said that it would keep the connection then.
    idle_since: Instant,
    kept: Option<Duration>,
}

/// A whole response.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content: Bytes,
}

impl Http1 {
    pub(super) async fn connect(target: &Target, counts: Option<&Arc<Counts>>) -> io::Result<Self> {
        Ok(Self {
            sender: open(target, counts).await?,
            host: target.host(),
            target: target.clone(),
            counts: counts.cloned(),
            reopens: false,
            idle_since: Instant::now(),
            kept: None,
        })
    }

    /// The same, opened again where the server has closed it for its being idle, or is about to. Who follows does not want
    /// that: it is to notice.
    pub(super) fn reopening(self) -> Self {
        Self { reopens: true, ..self }
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
        let is_ending = self.kept.is_some_and(|kept| self.idle_since.elapsed() + BEFORE_CLOSE >= kept);
        if self.reopens && (is_ending || self.sender.ready().await.is_err()) {
            self.sender = open(&self.target, self.counts.as_ref()).await?;
        }
        self.sender.ready().await.map_err(io::Error::other)?;
        let response = self.sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status();
        self.kept = response.headers().get("keep-alive").and_then(|field| timeout(field.to_str().ok()?));
        let content = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        self.idle_since = Instant::now();
        Ok(Answer { status, content })
    }
}

async fn open(target: &Target, counts: Option<&Arc<Counts>>) -> io::Result<SendRequest<Full<Bytes>>> {
    let stream = target.connect(Speaks::Http1, counts).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // It ends when the sender is dropped; its errors are the sender's too.
    tokio::spawn(connection);
    Ok(sender)
}

/// The parameter `timeout` of the field `keep-alive` (RFC 2068 §19.7.1.1), which Node sends.
fn timeout(field: &str) -> Option<Duration> {
    let value = field.split(',').find_map(|parameter| parameter.trim().strip_prefix("timeout="))?;
    value.parse().ok().map(Duration::from_secs)
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[test]
    fn a_server_may_say_how_long_it_keeps_a_connection() {
        assert_eq!(timeout("timeout=5"), Some(Duration::from_secs(5)));
        assert_eq!(timeout("max=100, timeout=72"), Some(Duration::from_secs(72)));
        assert_eq!(timeout("max=100"), None);
    }

    /// A server of one request a connection, which it says or only does.
    #[tokio::test]
    async fn a_connection_that_the_server_ends_is_opened_again() {
        for said in ["keep-alive: timeout=1\r\n", ""] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let target = Target::new(&[listener.local_addr().unwrap()], false).unwrap();
            let serving = tokio::spawn(async move {
                for _ in 0..2 {
                    let (mut socket, _) = listener.accept().await.unwrap();
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        socket.read_buf(&mut head).await.unwrap();
                    }
                    let answer = format!("HTTP/1.1 200 OK\r\n{said}content-length: 0\r\n\r\n");
                    socket.write_all(answer.as_bytes()).await.unwrap();
                    socket.shutdown().await.unwrap();
                }
            });
            let mut client = Http1::connect(&target, None).await.unwrap().reopening();
            client.get("/", None).await.unwrap();
            if said.is_empty() {
                // Until the end has come: nothing else tells that it has.
                while client.sender.ready().await.is_ok() {
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(client.get("/", None).await.unwrap().status, StatusCode::OK);
            serving.await.unwrap();
        }
    }
}
