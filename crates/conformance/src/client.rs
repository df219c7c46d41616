//! What a client of any transport can do.

use std::future::Future;

use crate::{
    Batch, Link, Lost, Posted,
    http1::{Request, Response},
};

/// The wire that a transport runs over, for promises that differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Requests and answers in HTTP/1.1.
    Http1,
    /// Streams of one HTTP/2 connection.
    Http2,
    /// An HTTP/1.1 upgrade, then frames.
    WebSocket,
}

/// A black-box client: follows the log from a cursor and posts drafts, over one transport.
///
/// None of its futures is cancel safe: a client whose future was dropped is good for [`cut`](Self::cut) only.
pub trait Client: Send + Sized + 'static {
    /// What it speaks.
    const FAMILY: Family;

    /// Connects, to follow the log after this cursor, or from the oldest retained message.
    ///
    /// # Errors
    ///
    /// The connection fails, or the server refuses.
    fn connect(link: &Link, after: Option<&str>) -> impl Future<Output = Result<Self, Lost>> + Send;

    /// The next batch, for the first call what is there now (perhaps nothing), then what comes; asks again as
    /// often as the transport needs it.
    ///
    /// # Errors
    ///
    /// Whatever ended the connection.
    fn next_batch(&mut self) -> impl Future<Output = Result<Batch, Lost>> + Send;

    /// Sends a draft and leaves the answer to [`answer`](Self::answer).
    ///
    /// # Errors
    ///
    /// Whatever ended the connection.
    fn send_draft(&mut self, draft: &[u8]) -> impl Future<Output = Result<(), Lost>> + Send;

    /// The answer to the draft that was sent last. Batches that come first are kept for
    /// [`next_batch`](Self::next_batch).
    ///
    /// Over a WebSocket the answer is known by its nonce; without one, it is taken to be the next message, so
    /// nobody else may post then.
    ///
    /// # Errors
    ///
    /// Whatever ended the connection.
    fn answer(&mut self) -> impl Future<Output = Result<Posted, Lost>> + Send;

    /// Posts a draft.
    ///
    /// # Errors
    ///
    /// Whatever ended the connection.
    fn post(&mut self, draft: &[u8]) -> impl Future<Output = Result<Posted, Lost>> + Send {
        async {
            self.send_draft(draft).await?;
            self.answer().await
        }
    }

    /// Asks for what comes next, if the transport needs it to, and does not read it.
    ///
    /// # Errors
    ///
    /// Whatever ended the connection.
    fn ask_and_not_read(&mut self) -> impl Future<Output = Result<(), Lost>> + Send;

    /// Reads on until the server has ended what it follows, and checks that it did so as the protocol says for
    /// a server that stops.
    ///
    /// # Errors
    ///
    /// How it ended instead.
    fn graceful_end(self) -> impl Future<Output = Result<(), String>> + Send;

    /// Resets its connections.
    fn cut(self);

    /// Closes its connections in good order.
    ///
    /// # Errors
    ///
    /// The order was not good.
    fn close(self) -> impl Future<Output = Result<(), Lost>> + Send;

    /// One request over a connection of its own, and the whole response. For targets that follow the log by a
    /// response without end, only its head.
    ///
    /// # Errors
    ///
    /// No whole response comes.
    fn request(link: &Link, request: &Request) -> impl Future<Output = Result<Response, Lost>> + Send;

    /// The request that follows `/messages` with this query, such as `after=k3f9-7`, or none.
    fn following(query: &str) -> Request;
}

/// The target `/messages` with this query.
pub(crate) fn messages(query: &str) -> String {
    if query.is_empty() { "/messages".to_owned() } else { format!("/messages?{query}") }
}

/// The query that names this cursor.
pub(crate) fn after(cursor: Option<&str>) -> String {
    cursor.map(|cursor| format!("after={cursor}")).unwrap_or_default()
}
