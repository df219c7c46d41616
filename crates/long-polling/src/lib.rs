//! The chat over long polling: `GET /messages` answers when there is something to say.
//!
//! The server holds the request until a message comes or the client's wait is over; the client asks again at
//! once (RFC 6202 §2). What a follower does here: it waits for the next batch, once.

use std::{io, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{Method, StatusCode, Uri, header};
use message_store::{Batch, Follower, MessageStore};
use server::{Chat, Context, Listener, Problem, Transport, http1, posts, query, stream::Phase};
use tokio::time::sleep;

/// Long polling, as people and pages name it.
pub const TRANSPORT: Transport =
    Transport { name: "long-polling", title: "Long polling", scheme: "http", port: 8082 };

/// How long an answer is held where the client does not say. Under the 30 s after which many proxies give up
/// (RFC 6202 §5.5).
const DEFAULT_WAIT: Duration = Duration::from_secs(25);

/// The longest that a client may ask for; less than an idle connection is kept.
const MAX_WAIT_SECONDS: u64 = 50;

/// Serves the chat over long polling until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    let routes = server::routes(store, &context, get(follow).post(posts::post));
    http1::serve(listener, routes, context).await
}

/// Answers with the messages after the client's cursor as soon as there is one, or with `204` after its wait.
///
/// A client that resets its connection drops this future, and with it all that waits.
///
/// # Errors
///
/// `400`: `after` is no cursor, or `wait` no number of seconds.
pub async fn follow(
    State(chat): State<Chat>,
    Extension(phase): Extension<Phase>,
    method: Method,
    uri: Uri,
) -> Result<Response, Problem> {
    let after = query::after(&uri)?;
    let wait = wait(&uri)?;
    // region: answer
    let asks_for_all = after.is_none();
    let mut follower = chat.store.follow(after);
    let batch = if asks_for_all {
        Some(follower.read())
    } else {
        let wait = if method == Method::HEAD { Duration::ZERO } else { wait };
        held(&mut follower, wait, &phase, &chat.context).await
    };
    Ok(match batch {
        Some(batch) => ([(header::CONTENT_TYPE, "application/json")], batch.json().clone()).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
    // endregion: answer
}

/// The next batch, or `None` where the wait is over before there is one, or nobody waits any more.
async fn held(follower: &mut Follower, wait: Duration, phase: &Phase, context: &Context) -> Option<Batch> {
    // In this order: what is there already goes before a wait of 0.
    tokio::select! {
        biased;
        batch = follower.next() => Some(batch),
        // region: time-limit
        () = sleep(wait) => None,
        // endregion: time-limit
        // region: leaving
        // It will not ask again, and may have gone.
        () = phase.half_closed() => None,
        () = context.stopping() => None,
        // endregion: leaving
    }
}

/// The client's `wait`, in whole seconds.
fn wait(uri: &Uri) -> Result<Duration, Problem> {
    // region: read-wait
    let Some(text) = query::parameter(uri, "wait")? else { return Ok(DEFAULT_WAIT) };
    let is_number = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if is_number && seconds <= MAX_WAIT_SECONDS => Ok(Duration::from_secs(seconds)),
        _ => {
            let detail = format!("`wait` must be a whole number of seconds from 0 to {MAX_WAIT_SECONDS}");
            Err(Problem::bad_request(detail))
        }
    }
    // endregion: read-wait
}
