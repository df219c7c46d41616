//! Posting: `POST /messages` over HTTP, and drafts over a WebSocket.

use std::time::Instant;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use message_store::{Appended, Draft, MessageStore};
use tokio::time::timeout;

use crate::{
    Chat, Context, Peer, Problem,
    gate::ContentRead,
    limits, problem,
    rate::{Rate, Refusals},
};

/// Answers `POST /messages`: `201` and the message, `200` and the first message for a repeated nonce, or a
/// problem.
///
/// # Errors
///
/// The first that applies of: `415` another content type, `413` too large, `429` too fast, `408` too slow,
/// `400` what cannot be parsed, `422` what breaks a rule. Those before `408` are given without reading.
pub async fn post(
    State(chat): State<Chat>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Result<Response, Problem> {
    let context = &chat.context;
    // Every attempt counts, also one that is refused for another reason.
    let in_time = context.posts.take(peer);
    is_json(request.headers())?;
    if announced(request.headers()).is_some_and(|octets| octets > limits::MAX_BODY_BYTES as u64) {
        return Err(problem::content_too_large());
    }
    in_time.map_err(|wait| Problem::too_many_posts(context.post_rate(), wait))?;
    let content = timeout(context.limits.body, read(request.into_body())).await.map_err(|_| {
        let detail = format!("the content must be complete within {} s", context.limits.body.as_secs_f32());
        Problem::new(StatusCode::REQUEST_TIMEOUT, detail).ending_connection()
    })??;
    let mut response = match Draft::from_json(&content) {
        Err(rejected) => Problem::from(rejected).into_response(),
        Ok(draft) => {
            let appended = chat.store.append(draft).await;
            let status = match appended {
                Appended::New(_) => StatusCode::CREATED,
                Appended::Repeated(_) => StatusCode::OK,
            };
            let json = appended.message().json().clone();
            (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
        }
    };
    response.extensions_mut().insert(ContentRead);
    Ok(response)
}

fn is_json(fields: &HeaderMap) -> Result<(), Problem> {
    let mut values = fields.get_all(header::CONTENT_TYPE).iter();
    let essence = |value: &http::HeaderValue| {
        value
            .to_str()
            .ok()
            .and_then(|text| text.split(';').next())
            .map(|essence| essence.trim().to_ascii_lowercase())
    };
    match (values.next().and_then(essence).as_deref(), values.next()) {
        (Some("application/json"), None) => Ok(()),
        _ => {
            let detail = "`content-type` must be application/json";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
        }
    }
}

/// The length of the content, where the head says it. hyper and h2 have judged it.
fn announced(fields: &HeaderMap) -> Option<u64> {
    fields.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    match Limited::new(body, limits::MAX_BODY_BYTES).collect().await {
        Ok(content) => Ok(content.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(problem::content_too_large()),
        Err(error) => {
            Err(Problem::bad_request(format!("the content is broken (RFC 9112 §6): {error}"))
                .ending_connection())
        }
    }
}

/// What one WebSocket posts: its rate, and how often it was refused.
#[derive(Debug)]
pub struct SocketPosts {
    store: MessageStore,
    per_second: u32,
    rate: Rate,
    refusals: Refusals,
}

/// What becomes of a draft that came over a WebSocket.
#[derive(Debug)]
pub enum SocketAnswer {
    /// It is in the log; its poster gets it in a batch, as everyone.
    InLog,
    /// A text for this poster alone: a batch without a cursor for a repeated nonce, or a problem.
    Say(Bytes),
    /// As [`Say`](Self::Say), and the last one: the client keeps breaking the rules, close with 1008.
    SayAndClose(Bytes),
}

impl SocketPosts {
    /// The posts of a new connection.
    pub fn new(store: MessageStore, context: &Context) -> Self {
        let per_second = context.post_rate();
        Self { store, per_second, rate: Rate::new(per_second), refusals: Refusals::default() }
    }

    /// Posts the draft in `text`.
    pub async fn post(&mut self, text: &[u8]) -> SocketAnswer {
        let in_time = self.rate.take();
        let problem = match (in_time, Draft::from_json(text)) {
            (Err(wait), draft) => {
                let nonce =
                    draft.map_or_else(|rejected| rejected.nonce, |draft| draft.nonce().map(str::to_owned));
                Problem::too_many_posts(self.per_second, wait).with_nonce(nonce)
            }
            (Ok(()), Err(rejected)) => rejected.into(),
            (Ok(()), Ok(draft)) => match self.store.append(draft).await {
                Appended::New(_) => return SocketAnswer::InLog,
                Appended::Repeated(first) => return SocketAnswer::Say(first.batch_without_cursor()),
            },
        };
        let problem = Bytes::from(problem.to_json());
        if self.refusals.count(Instant::now()) {
            SocketAnswer::SayAndClose(problem)
        } else {
            SocketAnswer::Say(problem)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_may_have_parameters() {
        let judged = |value: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, http::HeaderValue::from_static(value))]))
                .is_ok()
        };
        assert!(judged("application/json") && judged("Application/JSON; charset=utf-8"));
        assert!(!judged("text/plain") && !judged("application/jsonx") && !judged(""));
        assert!(is_json(&HeaderMap::new()).is_err());
    }
}
