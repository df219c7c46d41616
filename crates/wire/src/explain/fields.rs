//! What methods, status codes and well-known fields mean, each in a sentence.

use http::StatusCode;

/// What a field means, and where that stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) meaning: &'static str,
    pub(super) rfc: &'static str,
}

/// The field of this name, which is in lower case.
pub(super) fn known(name: &str) -> Option<Known> {
    let (_, meaning, rfc) = FIELDS.iter().find(|(known, _, _)| *known == name)?;
    Some(Known { meaning, rfc })
}

/// What a method asks for.
pub(super) fn method(name: &str) -> &'static str {
    match name {
        "GET" => {
            "Asks for what the target is now; it changes nothing (safe) and may be repeated (idempotent)."
        }
        "HEAD" => "As GET, but the answer has no content, only the head that GET would have.",
        "POST" => "Gives the content to the target, to do with as it does; to repeat it may do it twice.",
        "PUT" => "Asks that the target be as the content from now on; it may be repeated (idempotent).",
        "DELETE" => "Asks that the target be no more; it may be repeated (idempotent).",
        "OPTIONS" => {
            "Asks what may be done with the target; browsers ask so before a request to a foreign origin."
        }
        "CONNECT" => "Asks for a tunnel to the target.",
        "TRACE" => "Asks that the request be sent back as it arrived.",
        "PATCH" => "Asks that the target be changed as the content says.",
        _ => "A method without an entry here: its meaning is its users' own.",
    }
}

/// A status code by its registered name, and what its class says.
pub(super) fn status(code: u16) -> String {
    let name = StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
    let class = match code {
        101 => "from here on the connection speaks the protocol named in upgrade",
        100..=199 => "on the way: the final answer follows",
        204 => "done, and the answer has no content",
        200..=299 => "understood, accepted and done",
        304 => "what the client has is still good, so there is no content",
        300..=399 => "the client must look elsewhere",
        400..=499 => "the request is at fault",
        500..=599 => "the server is at fault",
        _ => "a class that is not defined",
    };
    format!("{}: {class}.", name.unwrap_or("A code without a registered name"))
}

/// Name, meaning, RFC section: fields that the chat's clients and servers send, and their kin.
const FIELDS: &[(&str, &str, &str)] = &[
    (":authority", "Host and port of the target, as host is in HTTP/1.1.", "RFC 9113 §8.3.1"),
    (":method", "The method: what is asked for.", "RFC 9113 §8.3.1"),
    (":path", "The target's path and query.", "RFC 9113 §8.3.1"),
    (":protocol", "The protocol that an extended CONNECT asks for.", "RFC 8441 §4"),
    (":scheme", "The target's scheme: http or https.", "RFC 9113 §8.3.1"),
    (":status", "The status code: what came of the request.", "RFC 9113 §8.3.2"),
    (
        "accept",
        "The media types that the client takes, those it likes best with the highest q.",
        "RFC 9110 §12.5.1",
    ),
    ("accept-encoding", "The content codings, such as gzip, that the client takes.", "RFC 9110 §12.5.3"),
    ("accept-language", "The languages that the client's user reads.", "RFC 9110 §12.5.4"),
    ("accept-ranges", "Whether the server gives parts of this content.", "RFC 9110 §14.3"),
    ("access-control-allow-headers", "The fields that a page of another origin may send.", "Fetch §3.3.3"),
    ("access-control-allow-methods", "The methods that a page of another origin may use.", "Fetch §3.3.3"),
    ("access-control-allow-origin", "The origin whose pages may read this answer.", "Fetch §3.3.3"),
    ("access-control-expose-headers", "The fields that a page of another origin may read.", "Fetch §3.3.3"),
    ("access-control-max-age", "Seconds that the answer to this question stays good.", "Fetch §3.3.3"),
    ("access-control-request-headers", "A browser asks: may a page send these fields?", "Fetch §3.3.2"),
    ("access-control-request-method", "A browser asks: may a page use this method?", "Fetch §3.3.2"),
    ("age", "Seconds that the answer has been in caches.", "RFC 9111 §5.1"),
    ("allow", "The methods that the target knows.", "RFC 9110 §10.2.1"),
    ("alt-svc", "Where else the same may be had, such as over HTTP/3.", "RFC 7838 §3"),
    ("authorization", "The client's credentials.", "RFC 9110 §11.6.2"),
    ("cache-control", "Who may keep the message, and for how long; no-store: nobody.", "RFC 9111 §5.2"),
    (
        "connection",
        "Fields and options for this connection alone: close, keep-alive, upgrade.",
        "RFC 9110 §7.6.1",
    ),
    (
        "content-encoding",
        "How the content is coded, such as gzip; it is shown as it is on the wire.",
        "RFC 9110 §8.4",
    ),
    ("content-language", "The language of the content.", "RFC 9110 §8.5"),
    ("content-length", "How many octets of content follow the head.", "RFC 9110 §8.6"),
    ("content-security-policy", "What a page may load, run and be framed by.", "CSP §3.1"),
    ("content-type", "The media type of the content: how to read it.", "RFC 9110 §8.3"),
    ("cookie", "What the server asked the client to remember.", "RFC 6265 §5.4"),
    ("cross-origin-opener-policy", "Whether the page shares its windows with other origins.", "HTML §7.1.3"),
    ("cross-origin-resource-policy", "Which origins may embed this.", "Fetch §3.7"),
    ("date", "When the message was made.", "RFC 9110 §6.6.1"),
    ("dnt", "Do not track: a wish, without a standard.", "Tracking Preference Expression §5"),
    (
        "etag",
        "The version of the content: a client may ask later whether it is still this one.",
        "RFC 9110 §8.8.3",
    ),
    (
        "expect",
        "100-continue: the client sends its content only when the server says so.",
        "RFC 9110 §10.1.1",
    ),
    ("expires", "When the answer stops being good.", "RFC 9111 §5.3"),
    ("host", "Host and port of the target: one address may serve many.", "RFC 9110 §7.2"),
    ("http2-settings", "SETTINGS for an upgrade to HTTP/2, which RFC 9113 has dropped.", "RFC 9113 §3.1"),
    ("if-modified-since", "Answer only if the content changed since then.", "RFC 9110 §13.1.3"),
    (
        "if-none-match",
        "Answer with content only if it is not of this version any more; else 304.",
        "RFC 9110 §13.1.2",
    ),
    ("keep-alive", "How long the connection is kept, an old habit.", "RFC 9112 §C.2.2"),
    ("last-modified", "When the content last changed.", "RFC 9110 §8.8.2"),
    ("link", "What else belongs to this.", "RFC 8288 §3"),
    ("location", "Where to look, or what was made.", "RFC 9110 §10.2.2"),
    (
        "origin",
        "The origin of the page that sends this: browsers add it, pages cannot change it.",
        "RFC 6454 §7",
    ),
    ("pragma", "no-cache, for caches of HTTP/1.0.", "RFC 9111 §5.4"),
    ("priority", "How urgent the answer is, u=0 most, and whether it is of use in parts, i.", "RFC 9218 §4"),
    ("range", "The part of the content that is wanted.", "RFC 9110 §14.2"),
    (
        "referer",
        "The page that the request comes from; the misspelling is the standard's.",
        "RFC 9110 §10.1.3",
    ),
    (
        "referrer-policy",
        "How much the browser tells others about where a request comes from.",
        "Referrer Policy §3",
    ),
    ("retry-after", "Seconds to wait before the next try.", "RFC 9110 §10.2.3"),
    ("sec-ch-ua", "The browser's name and version, in parts.", "User-Agent Client Hints §3"),
    ("sec-ch-ua-mobile", "Whether the browser is a phone's.", "User-Agent Client Hints §3"),
    ("sec-ch-ua-platform", "The system that the browser runs on.", "User-Agent Client Hints §3"),
    (
        "sec-fetch-dest",
        "What the browser wants it for: a document, a script, empty for fetch().",
        "Fetch Metadata §2.1",
    ),
    ("sec-fetch-mode", "How the browser asks: navigate, cors, websocket.", "Fetch Metadata §2.2"),
    ("sec-fetch-site", "Whether page and target are of the same origin or site.", "Fetch Metadata §2.3"),
    ("sec-fetch-user", "The user clicked.", "Fetch Metadata §2.4"),
    (
        "sec-websocket-accept",
        "The server's proof that it read the key and means WebSocket: base64 of SHA-1 of the key and a fixed GUID.",
        "RFC 6455 §4.2.2",
    ),
    (
        "sec-websocket-extensions",
        "Extensions: the client offers, the server picks; permessage-deflate compresses messages.",
        "RFC 6455 §9.1",
    ),
    (
        "sec-websocket-key",
        "16 random octets in base64, new for each connection: the answer must be worked out from them.",
        "RFC 6455 §4.1",
    ),
    ("sec-websocket-protocol", "Subprotocols: the client offers, the server picks one.", "RFC 6455 §1.9"),
    ("sec-websocket-version", "The version of the WebSocket protocol, 13.", "RFC 6455 §4.1"),
    ("server", "The server's program.", "RFC 9110 §10.2.4"),
    ("set-cookie", "What the client shall remember and send back.", "RFC 6265 §4.1"),
    ("strict-transport-security", "From now on come by https only.", "RFC 6797 §6.1"),
    (
        "te",
        "The transfer codings that the client takes; trailers: it reads trailer fields.",
        "RFC 9110 §10.1.4",
    ),
    ("trailer", "The fields that will follow the content.", "RFC 9110 §6.6.2"),
    (
        "transfer-encoding",
        "How the content is coded on this connection; chunked: its length comes in parts.",
        "RFC 9112 §6.1",
    ),
    ("upgrade", "The protocol that the connection shall speak from here on.", "RFC 9110 §7.8"),
    ("upgrade-insecure-requests", "The client would rather have https.", "Upgrade Insecure Requests §3.2.1"),
    ("user-agent", "The client's program.", "RFC 9110 §10.1.5"),
    ("vary", "The request fields that this answer depends on.", "RFC 9110 §12.5.5"),
    ("via", "The proxies that the message came through.", "RFC 9110 §7.6.3"),
    ("www-authenticate", "How the client may prove who it is.", "RFC 9110 §11.6.1"),
    (
        "x-accel-buffering",
        "no: a proxy such as nginx passes the answer on as it comes.",
        "nginx, ngx_http_proxy_module",
    ),
    ("x-content-type-options", "nosniff: content-type holds, the browser must not guess.", "Fetch §3.6"),
    ("x-frame-options", "Which origins may frame the page.", "RFC 7034 §2"),
];
