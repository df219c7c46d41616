//! A WebSocket: batches come, drafts go, and the answer to a draft is a message in a batch.

use std::collections::VecDeque;

use crate::{
    Batch, Client, Family, Incoming, Link, Lost, Message, Posted, Problem, Request, Response, WebSocket,
    client::{after, messages},
    clients::http1_request,
    websocket,
};

/// A client that follows and posts over one WebSocket.
#[derive(Debug)]
pub struct OverWebSocket {
    /// The WebSocket itself.
    pub socket: WebSocket,
    unread: VecDeque<Batch>,
    began: bool,
    /// User and nonce of the draft that was sent last.
    sent: (Option<String>, Option<String>),
    /// Drafts whose message came in a batch. If that was there before, an answer of their own is still to come.
    answered_by_batch: usize,
}

enum Said {
    Batch(Batch),
    Repeated(Message),
    Problem(Problem),
}

impl OverWebSocket {
    async fn read(&mut self) -> Result<Said, Lost> {
        match self.socket.read().await? {
            Incoming::Text(text) if text.starts_with("{\"messages\":") => {
                let mut batch = Batch::parse(&text);
                if batch.cursor.is_some() {
                    return Ok(Said::Batch(batch));
                }
                let message = batch.messages.pop();
                let alone = batch.messages.is_empty() && batch.missed.is_none() && !batch.reset;
                assert!(alone, "an answer to a repeated nonce is one message and nothing else: {text}");
                Ok(Said::Repeated(message.unwrap_or_else(|| panic!("an answer without a message: {text}"))))
            }
            Incoming::Text(text) => Ok(Said::Problem(Problem::parse(&text))),
            Incoming::Close { code, reason } => Err(Lost::Closed { code, reason }),
            Incoming::Ended => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
        }
    }
}

impl Client for OverWebSocket {
    const FAMILY: Family = Family::WebSocket;

    async fn connect(link: &Link, cursor: Option<&str>) -> Result<Self, Lost> {
        let socket = WebSocket::connect(link, &messages(&after(cursor))).await?;
        Ok(Self { socket, unread: VecDeque::new(), began: false, sent: (None, None), answered_by_batch: 0 })
    }

    async fn next_batch(&mut self) -> Result<Batch, Lost> {
        if let Some(batch) = self.unread.pop_front() {
            return Ok(batch);
        }
        loop {
            match self.read().await? {
                Said::Batch(batch) => {
                    assert!(batch.has_news() || !self.began, "an empty batch that is not the first");
                    self.began = true;
                    return Ok(batch);
                }
                Said::Repeated(_) if self.answered_by_batch > 0 => self.answered_by_batch -= 1,
                Said::Repeated(message) => panic!("an answer that nobody asked for: {message:?}"),
                Said::Problem(problem) => panic!("a problem that nobody asked for: {problem:?}"),
            }
        }
    }

    async fn send_draft(&mut self, draft: &[u8]) -> Result<(), Lost> {
        // What is retained comes first; after it, a message with this nonce is the answer.
        if !self.began {
            let first = self.next_batch().await?;
            self.unread.push_back(first);
        }
        let json: Option<serde_json::Value> = serde_json::from_slice(draft).ok();
        let member = |name| json.as_ref().and_then(|json| Some(json.get(name)?.as_str()?.trim().to_owned()));
        self.sent = (member("user"), member("nonce"));
        Ok(self.socket.send_text(draft).await?)
    }

    async fn answer(&mut self) -> Result<Posted, Lost> {
        loop {
            match self.read().await? {
                Said::Repeated(message) if message.nonce == self.sent.1 => {
                    return Ok(Posted::Repeated(message));
                }
                Said::Repeated(_) if self.answered_by_batch > 0 => self.answered_by_batch -= 1,
                Said::Repeated(message) => panic!("an answer to {:?}: {message:?}", self.sent),
                Said::Problem(problem) => return Ok(Posted::Refused(problem)),
                Said::Batch(batch) => {
                    let (user, nonce) = &self.sent;
                    let is_mine = |message: &&Message| {
                        nonce.is_none() || (message.nonce == *nonce && Some(&message.user) == user.as_ref())
                    };
                    let mine = batch.messages.iter().find(is_mine).cloned();
                    self.unread.push_back(batch);
                    if let Some(message) = mine {
                        self.answered_by_batch += usize::from(message.nonce.is_some());
                        return Ok(Posted::New(message));
                    }
                }
            }
        }
    }

    async fn ask_and_not_read(&mut self) -> Result<(), Lost> {
        Ok(())
    }

    async fn graceful_end(mut self) -> Result<(), String> {
        match self.socket.close_code().await {
            Ok(Some(1001)) => Ok(()),
            ended => Err(format!("{ended:?}, where the close code 1001 is due")),
        }
    }

    fn cut(self) {
        self.socket.cut();
    }

    async fn close(mut self) -> Result<(), Lost> {
        match self.socket.close(1000).await? {
            Some(1000) => Ok(()),
            code => Err(Lost::Closed { code, reason: "where 1000 is due".to_owned() }),
        }
    }

    async fn request(link: &Link, request: &Request) -> Result<Response, Lost> {
        http1_request(link, request).await
    }

    fn following(query: &str) -> Request {
        websocket::handshake(messages(query))
    }
}
