//! Wrong on purpose: long polling that forgets on write, the mistake that the side-by-side page can turn on too.
//!
//! A write answers all requests that wait, and forgets them. What is written until a client has asked again is told to
//! nobody, for its cursor is not looked at. The comparison must find that out.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::StatusCode,
    routing::get,
};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

use crate::load::WAIT_S;

/// Requests that may wait at the same time; one more is answered as if it had waited.
const MAX_WAITING: usize = 16 * 1024;

/// The requests that wait.
type Waiting = Arc<Mutex<Vec<oneshot::Sender<String>>>>;

/// Serves on a port of loopback, 0 being any, which it says on standard output, until the process ends.
///
/// # Errors
///
/// The port is taken, or the listener fails.
#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
pub async fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let routes = Router::new().route("/messages", get(follow).post(answer_and_forget));
    axum::serve(listener, routes.with_state(Waiting::default())).await
}

/// At each write: answers all who wait, and forgets them. Who is between two requests is not among them.
async fn answer_and_forget(State(waiting): State<Waiting>, draft: String) -> StatusCode {
    let all = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
    for one in all {
        // Some have gone meanwhile.
        let _ = one.send(batch(&draft));
    }
    StatusCode::CREATED
}

/// Answers a newcomer at once, and others with what is written next.
async fn follow(State(waiting): State<Waiting>, RawQuery(query): RawQuery) -> Result<String, StatusCode> {
    if !query.is_some_and(|query| query.contains("after=")) {
        return Ok(batch(""));
    }
    let (answer, answered) = oneshot::channel();
    {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.push(answer);
        }
    }
    let waited = timeout(Duration::from_secs(WAIT_S), answered).await;
    waited.ok().and_then(Result::ok).ok_or(StatusCode::NO_CONTENT)
}

fn batch(message: &str) -> String {
    format!(r#"{{"messages":[{message}],"cursor":"forgets-0"}}"#)
}
