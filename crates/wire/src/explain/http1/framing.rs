//! What follows a head: a content and its length, RFC 9112 §6, or another protocol, RFC 9110 §7.8.

use super::{
    super::{
        lane::{Answer, Next},
        limits::MAX_KEY_BYTES,
        span::{Rule, Stop},
        websocket::Extensions,
    },
    Request,
    head::{Head, Start},
};

/// How long a content is, RFC 9112 §6.3.
#[derive(Debug)]
pub(super) enum Content {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

/// What follows a head, and what it tells the other side.
#[derive(Debug)]
pub(super) struct Follows {
    pub(super) content: Content,
    pub(super) next: Option<Next>,
    /// Behind the content, the answer decides what follows.
    pub(super) waits: bool,
    /// What came of a request to upgrade.
    pub(super) answer: Option<Answer>,
    /// What the answer must know.
    pub(super) request: Option<Request>,
    /// The answer is the last to its request.
    pub(super) is_last: bool,
}

/// What follows a request's head.
pub(super) fn after_request(head: &Head) -> Result<Follows, Stop> {
    let content = match coded_length(head)? {
        Some(content) => content,
        None => Content::None,
    };
    if matches!(content, Content::UntilClose) {
        // RFC 9112 §6.3: the length cannot be known, and the server must refuse.
        return Rule::broken("the last transfer coding of a request must be chunked", "RFC 9112 §6.3");
    }
    let Start::Request { method, .. } = &head.start else {
        return Rule::broken("a client must send requests", "RFC 9112 §3");
    };
    let asks_upgrade = head.has("connection", "upgrade") && head.values("upgrade").next().is_some();
    let is_connect = method == "CONNECT";
    let request = Request {
        is_head: method == "HEAD",
        is_connect,
        asks_upgrade,
        // A key has 24 octets; what is much longer is not kept.
        key: head
            .values("sec-websocket-key")
            .next()
            .filter(|key| key.len() <= MAX_KEY_BYTES)
            .map(ToOwned::to_owned),
    };
    let waits = asks_upgrade || is_connect;
    Ok(Follows { content, next: None, waits, answer: None, request: Some(request), is_last: false })
}

/// What follows an answer's head. Without a request it is taken for the answer to a GET.
pub(super) fn after_response(head: &Head, request: Option<&Request>) -> Result<Follows, Stop> {
    let Start::Response { status, .. } = &head.start else {
        return Rule::broken("a server must send answers", "RFC 9112 §4");
    };
    let waits = request.is_some_and(|request| request.asks_upgrade || request.is_connect);
    let done = |content| Follows {
        content,
        next: None,
        waits: false,
        answer: waits.then_some(Answer::Refused),
        request: None,
        is_last: true,
    };
    if *status == 101 {
        let (next, answer) = switched(head);
        return Ok(Follows { next: Some(next), answer: Some(answer), ..done(Content::None) });
    }
    if *status < 200 {
        return Ok(Follows { answer: None, is_last: false, ..done(Content::None) });
    }
    if request.is_some_and(|request| request.is_connect) && *status < 300 {
        let rule = || Rule::new("what passes a tunnel is no HTTP and is not read here", "RFC 9110 §9.3.6");
        let (next, answer) = (Some(Next::Unexplained(rule())), Some(Answer::Unexplained(rule())));
        return Ok(Follows { next, answer, ..done(Content::None) });
    }
    if request.is_some_and(|request| request.is_head) || matches!(status, 204 | 304) {
        return Ok(done(Content::None));
    }
    Ok(done(coded_length(head)?.unwrap_or(Content::UntilClose)))
}

/// The protocol that a 101 switches to, for the server's side and for the client's.
fn switched(head: &Head) -> (Next, Answer) {
    if head.has("upgrade", "websocket") {
        let agreed: Vec<_> = head.values("sec-websocket-extensions").collect();
        let extensions = Extensions::agreed(&agreed.join(","));
        return (Next::WebSocket(extensions.clone()), Answer::Accepted(extensions));
    }
    let upgrade = head.values("upgrade").next().unwrap_or("an unnamed protocol");
    let rule = Rule::new(format!("the protocol switched to, {upgrade}, is not read here"), "RFC 9110 §7.8");
    (Next::Unexplained(rule.clone()), Answer::Unexplained(rule))
}

/// What transfer-encoding and content-length say; `None` if there is neither.
fn coded_length(head: &Head) -> Result<Option<Content>, Stop> {
    // RFC 9112 §6.3: transfer-encoding overrides content-length.
    if let Some(last) = head.list("transfer-encoding").last() {
        let is_chunked = last.eq_ignore_ascii_case("chunked");
        return Ok(Some(if is_chunked { Content::Chunked } else { Content::UntilClose }));
    }
    let mut length = None;
    for value in head.list("content-length") {
        let is_number = value.bytes().all(|octet| octet.is_ascii_digit());
        let Some(octets) = value.parse::<u64>().ok().filter(|_| is_number) else {
            return Rule::broken("content-length must be a decimal number below 2^64", "RFC 9112 §6.3");
        };
        if length.is_some_and(|length| length != octets) {
            return Rule::broken("a message must not have two content-lengths that differ", "RFC 9112 §6.3");
        }
        length = Some(octets);
    }
    if length.is_none() && head.values("content-length").next().is_some() {
        return Rule::broken("content-length must be a decimal number below 2^64", "RFC 9112 §6.3");
    }
    Ok(length.map(Content::Length))
}
