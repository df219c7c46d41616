//! Wrong on purpose: long polling that forgets on write, as most tutorials have it.
//!
//! The server keeps a list of requests that wait. A write answers them all and forgets them. The client asks again at
//! once, but at once is not now: what is written until its next request has come is told to nobody. The client's
//! cursor would name it; this server does not look at it. `crates/long-polling` does, and is shorter.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{StatusCode, Uri, header};
use message_store::{Follower, MessageStore};
use server::{Chat, Context, Listener, Problem, http1, posts, query, stream::Phase};
use tokio::{sync::oneshot, time::sleep};

/// Requests that may wait at the same time.
const MAX_WAITING: usize = 1_024;

/// The longest that a client may ask for.
const MAX_WAIT_SECONDS: u64 = 50;

/// The requests that wait, each with where its answer goes.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<Vec<oneshot::Sender<Bytes>>>>);

impl Waiting {
    fn list(&self) -> MutexGuard<'_, Vec<oneshot::Sender<Bytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next write; `None` where [`MAX_WAITING`] do already.
    fn add(&self) -> Option<oneshot::Receiver<Bytes>> {
        let mut list = self.list();
        if list.len() >= MAX_WAITING {
            list.retain(|answer| !answer.is_closed());
        }
        let (answer, answered) = oneshot::channel();
        (list.len() < MAX_WAITING).then(|| list.push(answer)).map(|()| answered)
    }
}

/// Serves the chat over long polling, and loses messages, until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub(super) async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let waiting = Waiting::default();
    let writes = answer_and_forget(store.follow(None), waiting.clone());
    let messages = get(follow).post(posts::post).layer(Extension(waiting));
    let routes = server::routes(store, &context, messages);
    tokio::select! {
        ended = http1::serve(listener, routes, context) => ended,
        never = writes => match never {},
    }
}

/// At each write: answers all who wait, and forgets them. Who is between two requests is not among them.
async fn answer_and_forget(mut follower: Follower, waiting: Waiting) -> Infallible {
    while !follower.read().is_empty() {}
    loop {
        let batch = follower.next().await;
        for answer in std::mem::take(&mut *waiting.list()) {
            // Some have gone meanwhile.
            let _ = answer.send(batch.json().clone());
        }
    }
}

/// Answers with what is written next, or with `204` after the client's wait.
async fn follow(
    State(chat): State<Chat>,
    Extension(phase): Extension<Phase>,
    Extension(waiting): Extension<Waiting>,
    uri: Uri,
) -> Result<Response, Problem> {
    // The mistake: what the client has is only looked at to see whether it is new here.
    let is_new = query::after(&uri)?.is_none();
    let wait = wait(&uri)?;
    let json = if is_new {
        chat.store.follow(None).read().into_json()
    } else {
        let full =
            || Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("{MAX_WAITING} requests wait already"));
        let answered = waiting.add().ok_or_else(full)?;
        tokio::select! {
            Ok(json) = answered => json,
            () = sleep(wait) => return Ok(StatusCode::NO_CONTENT.into_response()),
            () = phase.half_closed() => return Ok(StatusCode::NO_CONTENT.into_response()),
            () = chat.context.stopping() => return Ok(StatusCode::NO_CONTENT.into_response()),
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

/// The client's `wait`, in whole seconds; none is the longest.
fn wait(uri: &Uri) -> Result<Duration, Problem> {
    let asked = query::parameter(uri, "wait")?.map_or(Ok(MAX_WAIT_SECONDS), |text| text.parse());
    match asked {
        Ok(seconds) if seconds <= MAX_WAIT_SECONDS => Ok(Duration::from_secs(seconds)),
        _ => Err(Problem::bad_request(format!(
            "`wait` must be a whole number of seconds from 0 to {MAX_WAIT_SECONDS}"
        ))),
    }
}
