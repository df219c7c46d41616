//! Polling: asks every few milliseconds, over one connection.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    Batch, Client, Family, Http1, Link, Lost, Posted, Request, Response,
    client::{after, messages},
    clients::{batch, http1_request, is_closed_between, posted, refused},
};

/// How long it waits before it asks again.
const INTERVAL: Duration = Duration::from_millis(5);

/// A client that polls.
#[derive(Debug)]
pub struct Polling {
    link: Link,
    http: Http1,
    cursor: Option<String>,
    asked: bool,
}

impl Polling {
    /// Asks once; `None` is `304`.
    async fn poll(&mut self, with_etag: bool) -> Result<Option<Batch>, Lost> {
        let mut request = Self::following(&after(self.cursor.as_deref()));
        let etag = self.cursor.as_ref().map(|cursor| format!("\"{cursor}\""));
        if let Some(etag) = etag.as_ref().filter(|_| with_etag) {
            request = request.with("if-none-match", etag);
        }
        let response = self.http.exchange(&request).await?;
        match response.status {
            200 => {
                let batch = batch(&response);
                let etag = batch.cursor.as_ref().map(|cursor| format!("\"{cursor}\""));
                assert_eq!(response.field("etag"), etag.as_deref(), "the etag of {response}");
                self.cursor.clone_from(&batch.cursor);
                Ok(Some(batch))
            }
            304 if with_etag => {
                response.expect_common_fields("a 304");
                assert_eq!(response.field("etag"), etag.as_deref(), "the etag of {response}");
                Ok(None)
            }
            _ => Err(refused(response)),
        }
    }
}

impl Client for Polling {
    const FAMILY: Family = Family::Http1;

    async fn connect(link: &Link, after: Option<&str>) -> Result<Self, Lost> {
        Ok(Self {
            link: *link,
            http: Http1::connect(link).await?,
            cursor: after.map(str::to_owned),
            asked: false,
        })
    }

    async fn next_batch(&mut self) -> Result<Batch, Lost> {
        if !self.asked {
            self.asked = true;
            let first = self.poll(false).await?;
            return Ok(first.unwrap_or_else(|| unreachable!("304 is refused without an etag")));
        }
        loop {
            match self.poll(true).await? {
                Some(batch) if batch.has_news() => return Ok(batch),
                Some(batch) => panic!("nothing new, and yet no 304: {batch:?}"),
                None => sleep(INTERVAL).await,
            }
        }
    }

    async fn send_draft(&mut self, draft: &[u8]) -> Result<(), Lost> {
        Ok(self.http.send(&Request::post(draft)).await?)
    }

    async fn answer(&mut self) -> Result<Posted, Lost> {
        let response = self.http.response_to("POST").await?;
        // A refusal that leaves content unread ends the connection.
        if response.field("connection") == Some("close") {
            self.http = Http1::connect(&self.link).await?;
        }
        Ok(posted(&response))
    }

    async fn ask_and_not_read(&mut self) -> Result<(), Lost> {
        Ok(self.http.send(&Self::following(&after(self.cursor.as_deref()))).await?)
    }

    async fn graceful_end(mut self) -> Result<(), String> {
        loop {
            match self.poll(true).await {
                Ok(_) => sleep(INTERVAL).await,
                Err(lost) if is_closed_between(&lost) => return Ok(()),
                Err(lost) => return Err(lost.to_string()),
            }
        }
    }

    fn cut(self) {
        self.http.cut();
    }

    async fn close(mut self) -> Result<(), Lost> {
        self.http.finish().await?;
        let rest = self.http.rest().await?;
        assert!(rest.is_empty(), "the server sent unasked {:?}", String::from_utf8_lossy(&rest));
        Ok(())
    }

    async fn request(link: &Link, request: &Request) -> Result<Response, Lost> {
        http1_request(link, request).await
    }

    fn following(query: &str) -> Request {
        Request::get(messages(query))
    }
}
