//! The chat over polling: `GET /messages` answers at once, with what is new or with nothing.
//!
//! The client asks again when it likes, and pays a request each time (RFC 6202 §2.1, "short polling"). What a
//! follower does here: it reads once.

use std::io;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, Uri, header};
use message_store::MessageStore;
use server::{Chat, Context, Listener, Problem, Transport, http1, posts, query, site};

/// Polling, as people and pages name it.
pub const TRANSPORT: Transport = Transport { name: "polling", title: "Polling", scheme: "http", port: 8081 };

/// Serves the chat over polling until `context` stops.
///
/// # Errors
///
/// The listener fails for good.
pub async fn serve(listener: Listener, store: MessageStore, context: Context) -> io::Result<()> {
    // region: routes
    let routes = server::routes(store, &context, get(follow).post(posts::post));
    // endregion: routes
    http1::serve(listener, routes, context).await
}

/// Answers with the messages after the client's cursor, or with none.
///
/// The entity tag is the cursor that the batch ends at: a client that names it in `if-none-match` has the batch
/// already, and gets `304` and no content (RFC 9110 §13.1.2).
async fn follow(State(chat): State<Chat>, uri: Uri, fields: HeaderMap) -> Result<Response, Problem> {
    // region: conditional
    let after = query::after(&uri)?;
    let asks_for_all = after.is_none();
    let batch = chat.store.follow(after).read();
    let etag = format!("\"{}\"", batch.cursor());
    let is_known = site::none_match(&fields, &etag) && (asks_for_all || !batch.has_news());
    let fields = [(header::ETAG, etag)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
    }
    // endregion: conditional
    // region: answer
    Ok((fields, [(header::CONTENT_TYPE, "application/json")], batch.json().clone()).into_response())
    // endregion: answer
}
