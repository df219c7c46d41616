//! Long polling: one connection that waits for news, another that posts.

use crate::{
    Batch, Client, Family, Http1, Link, Lost, Posted, Request, Response,
    client::messages,
    clients::{batch, http1_request, is_closed_between, posted, refused},
};

/// The longest wait that a client may ask for, in seconds.
const WAIT: u64 = 50;

/// A client that polls and waits.
#[derive(Debug)]
pub struct LongPolling {
    link: Link,
    following: Http1,
    posting: Option<Http1>,
    cursor: Option<String>,
    asked: bool,
}

impl LongPolling {
    fn ask(&self, wait: u64) -> Request {
        let after = self.cursor.as_deref().map(|cursor| format!("after={cursor}&")).unwrap_or_default();
        Self::following(&format!("{after}wait={wait}"))
    }

    /// Asks once; `None` is `204`.
    async fn poll(&mut self, wait: u64) -> Result<Option<Batch>, Lost> {
        let response = self.following.exchange(&self.ask(wait)).await?;
        match response.status {
            200 => {
                let batch = batch(&response);
                assert!(batch.has_news() || self.cursor.is_none(), "an answer without news: {response}");
                self.cursor.clone_from(&batch.cursor);
                Ok(Some(batch))
            }
            204 => {
                response.expect_common_fields("a 204");
                Ok(None)
            }
            _ => Err(refused(response)),
        }
    }
}

impl Client for LongPolling {
    const FAMILY: Family = Family::Http1;

    async fn connect(link: &Link, after: Option<&str>) -> Result<Self, Lost> {
        let following = Http1::connect(link).await?;
        Ok(Self { link: *link, following, posting: None, cursor: after.map(str::to_owned), asked: false })
    }

    async fn next_batch(&mut self) -> Result<Batch, Lost> {
        if !self.asked {
            self.asked = true;
            let first = self.poll(0).await?;
            // RFC 9110 §15.3.5: 204 says that there is nothing; the cursor stands where it stood.
            return Ok(first.unwrap_or_else(|| Batch::empty(self.cursor.as_deref())));
        }
        loop {
            if let Some(batch) = self.poll(WAIT).await? {
                return Ok(batch);
            }
        }
    }

    async fn send_draft(&mut self, draft: &[u8]) -> Result<(), Lost> {
        let posting = match &mut self.posting {
            Some(posting) => posting,
            none => none.insert(Http1::connect(&self.link).await?),
        };
        Ok(posting.send(&Request::post(draft)).await?)
    }

    async fn answer(&mut self) -> Result<Posted, Lost> {
        let posting = self.posting.as_mut().expect("a draft was sent");
        let response = posting.response_to("POST").await?;
        if response.field("connection") == Some("close") {
            self.posting = None;
        }
        Ok(posted(&response))
    }

    async fn ask_and_not_read(&mut self) -> Result<(), Lost> {
        Ok(self.following.send(&self.ask(WAIT)).await?)
    }

    async fn graceful_end(mut self) -> Result<(), String> {
        let mut answered = 0;
        loop {
            match self.poll(WAIT).await {
                Ok(_) => answered += 1,
                Err(lost) if is_closed_between(&lost) && answered > 0 => return Ok(()),
                Err(lost) => {
                    return Err(format!("{lost}, after {answered} answers; the one that waits is answered"));
                }
            }
        }
    }

    fn cut(self) {
        self.following.cut();
        self.posting.into_iter().for_each(Http1::cut);
    }

    async fn close(self) -> Result<(), Lost> {
        for mut http in std::iter::once(self.following).chain(self.posting) {
            http.finish().await?;
            let rest = http.rest().await?;
            assert!(rest.is_empty(), "the server sent unasked {:?}", String::from_utf8_lossy(&rest));
        }
        Ok(())
    }

    async fn request(link: &Link, request: &Request) -> Result<Response, Lost> {
        http1_request(link, request).await
    }

    fn following(query: &str) -> Request {
        Request::get(messages(query))
    }
}
