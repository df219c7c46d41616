//! The routes that all servers share: the page and its files, readiness, and what answers when nothing else does.

use std::{borrow::Cow, convert::Infallible, fs, path::Path, sync::Arc};

use axum::{
    Router,
    extract::Request,
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use message_store::MessageStore;
use rust_embed::{Embed, EmbeddedFile};
use tower::ServiceExt;

use crate::{Context, Problem, gate, tapped};

/// The frontend, as it lies in `web/`; read from there in debug builds.
#[derive(Embed)]
#[folder = "../../web"]
#[include = "*.html"]
#[include = "*.css"]
#[include = "*.js"]
#[include = "*.svg"]
struct Web;

/// What handlers of a transport's routes work on.
#[derive(Clone, Debug)]
pub struct Chat {
    /// The log.
    pub store: MessageStore,
    /// What the server was told.
    pub context: Context,
}

/// A transport's routes: its own for `/messages`, beside the chat page and what all servers have.
pub fn routes(store: MessageStore, context: &Context, messages: MethodRouter<Chat>) -> Router {
    let ancestors =
        if context.framed_by.is_empty() { "'none'".to_owned() } else { context.framed_by.join(" ") };
    let policy = format!("{POLICY}; frame-ancestors {ancestors}");
    let transport = context.transport;
    // Only the program with all transports has the walkthrough.
    let walkthrough = context.framed_by.first();
    let walkthrough =
        walkthrough.map_or_else(String::new, |page| format!("{page}/walkthrough/{}", transport.name));
    let page = move |html: &str| {
        html.replace("{{transport}}", transport.name)
            .replace("{{title}}", transport.title)
            .replace("{{walkthrough}}", &walkthrough)
    };
    let chat = Chat { store, context: context.clone() };
    let mut routes = page_routes("index.html", &policy, page);
    if let Some(folder) = context.web.clone() {
        routes = routes.fallback(move |request: Request| module_or_file(Arc::clone(&folder), request));
    }
    guarded(context, routes.route("/messages", messages).with_state(chat))
}

/// What a page may load and do: what its own server gives, and nothing else.
pub const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'";

/// The routes of the page `file` of `web/`, which `page` completes: `/`, `/healthz` and the files it needs.
///
/// `policy` is its content security policy.
pub fn page_routes<S>(
    file: &'static str,
    policy: &str,
    page: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let page = Arc::new(page);
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static(POLICY));
    let index = move || {
        let html = Web::get(file).map(|file| page(&String::from_utf8_lossy(&file.data)));
        let fields = [
            (header::CONTENT_SECURITY_POLICY, policy.clone()),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        async move { html.map(|html| (fields, Html(html))).ok_or(StatusCode::NOT_FOUND) }
    };
    Router::new().route("/", get(index)).route("/healthz", get(async || "ready\n")).fallback(file_of_web)
}

/// `routes` behind the gate, and with the fields that every answer carries.
pub fn guarded(context: &Context, routes: Router) -> Router {
    let mut routes = routes.method_not_allowed_fallback(async || method_not_allowed());
    if let Some(tap) = &context.tap {
        routes = routes.layer(middleware::from_fn_with_state(tap.clone(), tapped::fail_share));
    }
    routes.layer(middleware::from_fn_with_state(context.clone(), gate::guard))
}

/// What `routes` answer.
pub async fn answer(routes: Router, request: Request) -> Response {
    let mut response = routes.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        // axum states a length of 0, which for 204 no server may, and which 304 would say of the content that
        // is not sent (RFC 9110 §8.6).
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// The answer to a method that a path does not have; the router adds `allow`.
fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path has other methods; see the field `allow`")
}

/// The name of a file that a request asks for. A debug build looks for files as they lie, and would resolve what is no
/// name.
fn name_of(request: &Request) -> Option<&str> {
    let path = request.uri().path().strip_prefix('/')?;
    let is_name = path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.ends_with(".html");
    is_name.then_some(path)
}

/// The JavaScript module in `folder`, or else the file of the page. For who writes a module and looks at it: it is read
/// anew, and waited for, at each request.
async fn module_or_file(folder: Arc<Path>, request: Request) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-_./".contains(&octet);
    let name = name_of(&request).filter(|name| name.ends_with(".js") && name.bytes().all(is_plain));
    match name.filter(|_| is_read).and_then(|name| fs::read(folder.join(name)).ok()) {
        Some(module) => ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], module).into_response(),
        None => file_of_web(request).await,
    }
}

async fn file_of_web(request: Request) -> Response {
    let file = name_of(&request).and_then(Web::get);
    match (file, request.method()) {
        // The target of these is no path, so there is none to lack (RFC 9112 §3.2.3, §3.2.4).
        (None, method) if method == Method::CONNECT || request.uri().path() == "*" => {
            method_not_allowed().with_field(header::ALLOW, "GET,HEAD").into_response()
        }
        (None, _) => Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path").into_response(),
        (Some(file), &Method::GET | &Method::HEAD) => answer_file(file, request.headers()),
        (Some(_), _) => method_not_allowed().with_field(header::ALLOW, "GET,HEAD").into_response(),
    }
}

/// A file with a validator: kept by the browser, and asked for again each time, so that nobody sees an old one.
fn answer_file(file: EmbeddedFile, request: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let etag: String = hash.iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    let etag = format!("\"{etag}\"");
    let content_type = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let is_known = none_match(request, &etag);
    let fields = [(header::ETAG, etag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if is_known {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    let data = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    };
    (fields, [(header::CONTENT_TYPE, content_type)], data).into_response()
}

/// Whether `if-none-match` names `etag` (RFC 9110 §13.1.2): a list, compared weakly, or `*`.
///
/// An entity tag of ours has neither comma nor quote inside, so a list may be taken apart at its commas.
pub fn none_match(request: &HeaderMap, etag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_is_a_list_compared_weakly() {
        let judged = |value: &'static str| {
            none_match(
                &HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]),
                "\"a-1\"",
            )
        };
        for matching in ["\"a-1\"", "W/\"a-1\"", "\"b\", W/\"a-1\" , \"c\"", "*"] {
            assert!(judged(matching), "{matching}");
        }
        for other in ["\"a-2\"", "a-1", "\"b\",\"c\"", ""] {
            assert!(!judged(other), "{other}");
        }
    }
}
