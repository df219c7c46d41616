//! An error as the peer sees it: problem details for HTTP APIs, RFC 9457.

use std::time::{Duration, SystemTime};

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use message_store::Rejected;
use serde::Serialize;

use crate::limits;

/// A problem: `{"type":"about:blank","status":422,"title":"…","detail":"…"}`, with `nonce` where the rejected
/// draft had a valid one and `retryAfter` where it may be tried again.
///
/// Over HTTP it is the answer's content, as text over a WebSocket. The one place that turns an error into what
/// the peer sees.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    nonce: Option<String>,
    /// In seconds.
    retry_after: Option<u64>,
    fields: Vec<(HeaderName, &'static str)>,
    ends_connection: bool,
}

/// The members of its JSON (RFC 9457 §3.1), and ours.
#[derive(Serialize)]
struct Members<'a> {
    r#type: &'static str,
    status: u16,
    title: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem of this status; `detail` names what was wrong and the rule.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            nonce: None,
            retry_after: None,
            fields: Vec::new(),
            ends_connection: false,
        }
    }

    /// `400` with this detail.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// `429`: posts come too fast.
    pub fn too_many_posts(rate: u32, retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let seconds = seconds.max(1);
        let detail = format!(
            "posts come too fast; at most {rate} a second are taken, {} at once",
            rate.saturating_mul(2)
        );
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// `503`: there are as many connections as the server, or this address, may have.
    pub(crate) fn too_many_connections() -> Self {
        let detail = "there are too many connections; try again later";
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
            .ending_connection()
    }

    /// `408`: the rest of a head did not come.
    pub(crate) fn slow_head(limit: Duration) -> Self {
        let detail = format!(
            "the request's head must be complete within {} s of its first octet",
            limit.as_secs_f32()
        );
        Self::new(StatusCode::REQUEST_TIMEOUT, detail).ending_connection()
    }

    /// The same problem with a field in its answer over HTTP.
    pub fn with_field(mut self, name: HeaderName, value: &'static str) -> Self {
        self.fields.push((name, value));
        self
    }

    /// The same problem about the draft with this nonce.
    pub fn with_nonce(self, nonce: Option<String>) -> Self {
        Self { nonce, ..self }
    }

    /// The same problem, after which an HTTP/1.1 connection is closed.
    pub fn ending_connection(self) -> Self {
        Self { ends_connection: true, ..self }
    }

    /// Its status over HTTP.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    /// What was wrong, and the rule.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The problem's JSON.
    pub fn to_json(&self) -> String {
        let members = Members {
            r#type: "about:blank",
            status: self.status.as_u16(),
            title: self.title(),
            detail: &self.detail,
            nonce: self.nonce.as_deref(),
            retry_after: self.retry_after,
        };
        // Strings and numbers always have a JSON.
        serde_json::to_string(&members).unwrap_or_default()
    }

    /// A whole HTTP/1.1 answer, for where nobody is left who would write one.
    pub(crate) fn to_http1(&self) -> Vec<u8> {
        let json = self.to_json();
        let date = httpdate::fmt_http_date(SystemTime::now());
        let retry_after =
            self.retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
        format!(
            "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n\
             x-content-type-options: nosniff\r\ndate: {date}\r\n{retry_after}content-length: {}\r\n\
             connection: close\r\n\r\n{json}",
            self.status.as_u16(),
            self.title(),
            json.len(),
        )
        .into_bytes()
    }
}

/// A draft that could not be parsed is `400`, one that breaks a rule `422`.
impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        let status = if rejected.error.is_syntax() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        Self::new(status, rejected.error.to_string()).with_nonce(rejected.nonce)
    }
}

impl From<message_store::CursorError> for Problem {
    fn from(error: message_store::CursorError) -> Self {
        Self::bad_request(format!("`after` is not a cursor: {error}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let json = self.to_json();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, "application/problem+json")], json).into_response();
        let fields = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            fields.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in self.fields {
            fields.insert(name, HeaderValue::from_static(value));
        }
        if self.ends_connection {
            fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The problem of content past [`limits::MAX_BODY_BYTES`].
pub(crate) fn content_too_large() -> Problem {
    let detail = format!("the content is larger than {} octets", limits::MAX_BODY_BYTES);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).ending_connection()
}
