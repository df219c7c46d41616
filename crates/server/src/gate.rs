//! Who may connect: which `Host` a request may name, and which `Origin` a page may have.

use std::str::FromStr;

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, uri::Authority};

use crate::{
    Context, Options, Problem, limits,
    options::{Origin, without_default_port},
};

/// What a cross-origin page may ask for.
const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST");
const ALLOWED_FIELDS: HeaderValue = HeaderValue::from_static("content-type, if-none-match");
const EXPOSED_FIELDS: HeaderValue = HeaderValue::from_static("etag, retry-after");

/// Put into an answer's extensions by a handler that has read the request's content to its end. Where it is
/// absent and there was content, an answer of refusal ends an HTTP/1.1 connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContentRead;

/// The rules on `Host` and `Origin`.
#[derive(Debug)]
pub struct Gate {
    hosts: Vec<String>,
    origins: Vec<Origin>,
}

impl Gate {
    pub(crate) fn new(options: &Options) -> Self {
        let mut hosts = options.host.clone();
        if let Some(address) = options.listen
            && !address.is_unspecified()
        {
            hosts.push(if address.is_ipv6() { format!("[{address}]") } else { address.to_string() });
        }
        Self { hosts, origins: options.allow_origin.clone() }
    }

    /// The names by which this server is reached, beside those of loopback.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Judges a request by its head alone. Gives the origin, where it is a listed one of another host.
    ///
    /// # Errors
    ///
    /// The first that applies of: `400` `Host` or target, `431` too large a head, `421` a host that is not
    /// ours, `403` an origin that is not allowed.
    pub fn admit<B>(&self, request: &http::Request<B>) -> Result<Option<&Origin>, Problem> {
        let host = host(request)?;
        fits(request)?;
        for authority in [request_authority(request), host.as_ref()].into_iter().flatten() {
            if !self.is_ours(authority.host()) {
                let detail = format!(
                    "`Host` is neither loopback nor a name given with --host: {:?}",
                    quoted(authority.as_str())
                );
                return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
            }
        }
        let own = request_authority(request).or(host.as_ref());
        self.origin(request.headers(), own.map_or("", Authority::as_str))
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = host.strip_suffix('.').unwrap_or(host);
        let is_loopback = name.eq_ignore_ascii_case("localhost")
            || name == "[::1]"
            || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        is_loopback || self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(name))
    }

    /// A request without `Origin` is a native client's and passes; so does the server's own page, under either
    /// scheme, since TLS may end before it comes here; so does a listed origin.
    fn origin(&self, fields: &HeaderMap, own: &str) -> Result<Option<&Origin>, Problem> {
        let mut values = fields.get_all(header::ORIGIN).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().unwrap_or("");
        let refused = || {
            let detail = format!(
                "`Origin` is neither this server's own nor given with --allow-origin: {:?}",
                quoted(text)
            );
            Problem::new(StatusCode::FORBIDDEN, detail)
        };
        if values.next().is_some() {
            return Err(refused());
        }
        if let Some((scheme, authority)) = text.split_once("://")
            && (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
            && without_default_port(scheme, authority).eq_ignore_ascii_case(without_default_port(scheme, own))
        {
            return Ok(None);
        }
        let listed = |origin: &&Origin| origin.as_str().eq_ignore_ascii_case(text);
        self.origins.iter().find(listed).map(Some).ok_or_else(refused)
    }
}

/// The authority of the target: `:authority` in HTTP/2, the absolute form's in HTTP/1.1. That of `CONNECT` is
/// where the tunnel shall lead, not who is asked.
fn request_authority<B>(request: &http::Request<B>) -> Option<&Authority> {
    if request.method() == Method::CONNECT { None } else { request.uri().authority() }
}

/// The one `Host` of the request; in HTTP/2 `:authority` may stand for it.
///
/// RFC 9112 §3.2: a server must answer 400 to a request that lacks it, has two, or an invalid one.
fn host<B>(request: &http::Request<B>) -> Result<Option<Authority>, Problem> {
    let invalid = |detail: &str| Err(Problem::bad_request(detail).ending_connection());
    if request.uri().path() == "*" && request.method() != Method::OPTIONS {
        return invalid("the target `*` is for OPTIONS only (RFC 9112 §3.2.4)");
    }
    if request_authority(request).is_some_and(|authority| authority.as_str().contains('@')) {
        return invalid("the target has userinfo (RFC 9110 §4.2.4)");
    }
    let mut values = request.headers().get_all(header::HOST).iter();
    let Some(value) = values.next() else {
        let stands_for_it = request.version() == Version::HTTP_2 && request_authority(request).is_some();
        return if stands_for_it { Ok(None) } else { invalid("`Host` is missing (RFC 9112 §3.2)") };
    };
    if values.next().is_some() {
        return invalid("`Host` is there twice (RFC 9112 §3.2)");
    }
    match value.to_str().ok().and_then(|text| Authority::from_str(text).ok()) {
        Some(authority) if !authority.as_str().contains('@') => Ok(Some(authority)),
        _ => invalid("`Host` is not a host and port (RFC 9110 §7.2)"),
    }
}

/// The head's size, as it would be on the wire in HTTP/1.1 with the least white space.
///
/// hyper judges what it has buffered, which may be more than one head; h2 judges before decoding.
fn fits<B>(request: &http::Request<B>) -> Result<(), Problem> {
    let too_large = |detail: String| {
        Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail).ending_connection())
    };
    if request.headers().len() > limits::MAX_FIELDS {
        return too_large(format!("the head has more than {} fields", limits::MAX_FIELDS));
    }
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n ".len();
    let fields: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if line + fields + 2 > limits::MAX_HEAD_BYTES {
        return too_large(format!("the head is larger than {} octets", limits::MAX_HEAD_BYTES));
    }
    Ok(())
}

/// As much of a peer's text as an answer or a log line may repeat: its begin, so long that it has at most 128
/// octets when it is escaped.
pub(crate) fn quoted(text: &str) -> &str {
    let mut octets = 0;
    let past = text.char_indices().find(|(_, character)| {
        octets += character.escape_debug().map(char::len_utf8).sum::<usize>();
        octets > 128
    });
    past.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// The fields that every answer carries; of the first, an answer may have its own.
pub const COMMON_FIELDS: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

fn put_common_fields(fields: &mut HeaderMap) {
    for (name, value) in COMMON_FIELDS {
        fields.entry(name).or_insert(value);
    }
}

/// What stands before all routes: judges the request, and puts the fields that every answer carries.
pub(crate) async fn guard(State(context): State<Context>, request: Request, next: Next) -> Response {
    let (method, version) = (request.method().clone(), request.version());
    let target = quoted(request.uri().path()).to_owned();
    let has_content = !HttpBody::is_end_stream(request.body());
    let (mut response, cors) = match context.gate.admit(&request) {
        Err(problem) => (problem.into_response(), None),
        Ok(cors) => {
            let cors = cors.filter(|_| context.transport.scheme != "ws");
            let is_preflight = cors.is_some() && method == Method::OPTIONS && target == "/messages";
            (if is_preflight { preflight() } else { next.run(request).await }, cors)
        }
    };
    let status = response.status();
    tracing::debug!(method = quoted(method.as_str()), ?target, status = status.as_u16(), "answered");

    let content_read = response.extensions_mut().remove::<ContentRead>().is_some();
    let fields = response.headers_mut();
    put_common_fields(fields);
    if let Some(origin) = cors
        && let Ok(origin) = HeaderValue::from_str(origin.as_str())
    {
        fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        fields.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_FIELDS);
        fields.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if version >= Version::HTTP_2 {
        // RFC 9113 §8.2.2: no connection-specific fields.
        fields.remove(header::CONNECTION);
    } else if status.as_u16() >= 400 && has_content && !content_read {
        fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The answer to a CORS preflight of a listed origin.
fn preflight() -> Response {
    let fields = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_FIELDS),
    ];
    (StatusCode::NO_CONTENT, fields, Body::empty()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(&str, &str)]) -> http::Request<()> {
        let mut request = http::Request::builder().uri("/messages");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn gate() -> Gate {
        Gate::new(&Options {
            host: vec!["chat.example".to_owned()],
            allow_origin: vec!["https://pages.example".parse().unwrap()],
            ..Options::default()
        })
    }

    fn status(fields: &[(&str, &str)]) -> u16 {
        gate().admit(&request(fields)).map_or_else(|problem| problem.status().as_u16(), |_| 200)
    }

    #[test]
    fn a_host_is_loopback_or_given() {
        for ours in [
            "localhost:8081",
            "LOCALHOST",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]:8081",
            "localhost.",
            "chat.example",
            "Chat.Example:80",
        ] {
            assert_eq!(status(&[("host", ours)]), 200, "{ours}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example:8081",
            "192.0.2.1",
            "evilchat.example",
            "[::2]",
            "128.0.0.1",
        ] {
            assert_eq!(status(&[("host", foreign)]), 421, "{foreign}");
        }
    }

    #[test]
    fn there_is_exactly_one_host() {
        assert_eq!(status(&[]), 400);
        assert_eq!(status(&[("host", "localhost"), ("host", "localhost")]), 400);
        for invalid in ["a b", "", "user@localhost"] {
            assert_eq!(status(&[("host", invalid)]), 400, "{invalid:?}");
        }
    }

    #[test]
    fn the_target_names_the_host_too() {
        let absolute = |uri: &str| {
            let request = http::Request::builder().uri(uri).header("host", "localhost").body(()).unwrap();
            gate().admit(&request).map_or_else(|problem| problem.status().as_u16(), |_| 200)
        };
        assert_eq!(absolute("http://localhost:8081/messages"), 200);
        assert_eq!(absolute("http://evil.example/messages"), 421);
    }

    #[test]
    fn an_origin_is_compared_whole() {
        let origin = |origin: &str| status(&[("host", "localhost:8081"), ("origin", origin)]);
        for allowed in [
            "http://localhost:8081",
            "https://localhost:8081",
            "HTTP://LOCALHOST:8081",
            "https://pages.example",
        ] {
            assert_eq!(origin(allowed), 200, "{allowed}");
        }
        for foreign in [
            "https://evil.example",
            "null",
            "",
            "http://localhost:8081.evil.example",
            "http://evillocalhost:8081",
            "http://localhost:80810",
            "http://localhost",
            "http://127.0.0.1@evil",
            "http://127.0.0.1:8081",
            "https://pages.example.evil.example",
            "https://sub.pages.example",
            "ftp://localhost:8081",
        ] {
            assert_eq!(origin(foreign), 403, "{foreign}");
        }
        let own = ("origin", "http://localhost:8081");
        assert_eq!(status(&[("host", "localhost:8081"), own, own]), 403, "two of them");
        assert_eq!(
            status(&[("host", "localhost"), ("origin", "http://localhost:80")]),
            200,
            "the scheme's own port"
        );
    }

    #[test]
    fn a_head_has_its_limits() {
        let fields = |count: usize| {
            let mut request = request(&[("host", "localhost")]);
            for at in 1..count {
                let name: http::HeaderName = format!("x-{at}").parse().unwrap();
                request.headers_mut().insert(name, HeaderValue::from_static("1"));
            }
            gate().admit(&request).map_or_else(|problem| problem.status().as_u16(), |_| 200)
        };
        assert_eq!(fields(limits::MAX_FIELDS), 200);
        assert_eq!(fields(limits::MAX_FIELDS + 1), 431);
        assert_eq!(status(&[("host", "localhost"), ("x", &"y".repeat(limits::MAX_HEAD_BYTES))]), 431);
    }

    #[test]
    fn what_is_quoted_is_cut_between_characters() {
        assert_eq!(quoted("short"), "short");
        assert_eq!(quoted(&"a".repeat(200)).len(), 128);
        assert_eq!(quoted(&"€".repeat(100)).len(), 126);
        assert_eq!(quoted(&"\"".repeat(100)).len(), 64, "each takes two octets when it is escaped");
    }
}
