//! HTTP/2 streaming: a response without end, and posts beside it on the same connection.

use bytes::BytesMut;
use h2::{RecvStream, client::ResponseFuture};

use crate::{
    Batch, Client, Family, Http2, Link, Lost, Posted, Request, Response,
    client::{after, messages},
    clients::{posted, refused},
    http2,
};

/// A client that reads a stream, in cleartext with prior knowledge.
#[derive(Debug)]
pub struct Http2Streaming {
    http: Http2,
    body: RecvStream,
    buffer: BytesMut,
    post: Option<ResponseFuture>,
    /// How many empty lines came.
    pub heartbeats: usize,
}

impl Http2Streaming {
    /// Follows the log over this connection, which may be one of TLS.
    ///
    /// # Errors
    ///
    /// The stream fails, or the server refuses.
    pub async fn over(mut http: Http2, cursor: Option<&str>) -> Result<Self, Lost> {
        let http2::Streamed { head, body } = http.start(&Self::following(&after(cursor))).await?;
        if head.status != 200 {
            return Err(refused(head));
        }
        head.expect_common_fields("a stream");
        assert_eq!(head.field("content-type"), Some("application/x-ndjson"), "content-type of {head}");
        assert_eq!(head.field("cache-control"), Some("no-store, no-transform"), "cache-control of {head}");
        assert_eq!(head.field("x-accel-buffering"), Some("no"), "x-accel-buffering of {head}");
        Ok(Self { http, body, buffer: BytesMut::new(), post: None, heartbeats: 0 })
    }
}

impl Client for Http2Streaming {
    const FAMILY: Family = Family::Http2;

    async fn connect(link: &Link, cursor: Option<&str>) -> Result<Self, Lost> {
        Self::over(Http2::connect(link).await?, cursor).await
    }

    async fn next_batch(&mut self) -> Result<Batch, Lost> {
        loop {
            let line = http2::next_line(&mut self.body, &mut self.buffer).await?;
            if line.is_empty() {
                self.heartbeats += 1;
                continue;
            }
            let batch = Batch::parse(&line);
            assert!(batch.cursor.is_some(), "a batch without a cursor: {line}");
            return Ok(batch);
        }
    }

    async fn send_draft(&mut self, draft: &[u8]) -> Result<(), Lost> {
        self.post = Some(self.http.send(&Request::post(draft)).await?);
        Ok(())
    }

    async fn answer(&mut self) -> Result<Posted, Lost> {
        let response = self.post.take().expect("a draft was sent");
        Ok(posted(&Http2::whole(response).await?))
    }

    /// The stream has been asked for; its flow-control window is what is left shut.
    async fn ask_and_not_read(&mut self) -> Result<(), Lost> {
        Ok(())
    }

    async fn graceful_end(mut self) -> Result<(), String> {
        loop {
            match self.next_batch().await {
                Ok(_) => {}
                Err(Lost::StreamEnded) => break,
                Err(lost) => return Err(format!("{lost}, where END_STREAM is due")),
            }
        }
        self.http.ended().await.map_err(|error| format!("{error}, where GOAWAY(NO_ERROR) is due"))
    }

    fn cut(self) {
        self.http.cut();
    }

    async fn close(self) -> Result<(), Lost> {
        let Self { http, body, post, .. } = self;
        drop((body, post));
        http.close().await
    }

    async fn request(link: &Link, request: &Request) -> Result<Response, Lost> {
        let mut http = Http2::connect(link).await?;
        let http2::Streamed { mut head, mut body } = http.start(request).await?;
        if head.field("content-type") == Some("application/x-ndjson") && request.method == "GET" {
            return Ok(head);
        }
        while let Some(data) = http2::next_data(&mut body).await? {
            head.content.extend_from_slice(&data);
        }
        Ok(head)
    }

    fn following(query: &str) -> Request {
        Request::get(messages(query))
    }
}
