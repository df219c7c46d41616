//! Requests that are refused for their head alone, and the paths that every server has.

use server::Options;

use crate::{
    Client, Family, Http1, Lost, Request, Response, Setup, Subject, Target, draft, next, raw_request, soon,
};

/// The status of a request to follow that is taken.
fn taken<S: Subject>() -> u16 {
    if S::Client::FAMILY == Family::WebSocket { 101 } else { 200 }
}

/// A request to follow the log.
fn follow<S: Subject>(query: &str) -> Request {
    S::Client::following(query)
}

/// A cursor that is none, empty or given twice is `400`.
pub async fn a_cursor_that_is_none_is_refused_with_400<S: Subject>() {
    let target = Target::<S>::start().await;
    let long = format!("{}-1", "a".repeat(63));
    for cursor in [
        "",
        "x",
        "7",
        "-7",
        "x-",
        "x-y",
        "-",
        "x_1-1",
        "x.1-1",
        "x-%20",
        "x-1%00",
        "x-1%0a",
        "x-+1",
        "%c3%a9-1",
        "%ff-1",
        "x-1/..",
        "%22x-1%22",
        "x-0x1",
        "x-1e9",
        &long,
    ] {
        target.refusal(400, &follow::<S>(&format!("after={cursor}"))).await;
    }
    for twice in ["after=x-1&after=x-1", "after=x-1&wait=1&after=x-2", "after&after=x-1", "after"] {
        target.refusal(400, &follow::<S>(twice)).await;
    }
    let longest = format!("{}-1", "a".repeat(62));
    for query in
        [format!("after={longest}"), "more=1&after=A-b-1&x".to_owned(), "before=&beforeafter=".to_owned()]
    {
        let response = target.request(&follow::<S>(&query)).await;
        assert_eq!(response.status, taken::<S>(), "the answer to ?{query}: {response}");
    }
    target.stop().await;
}

/// A page of another origin gets `403`, whatever it asks for; `null` is another origin.
pub async fn a_foreign_origin_is_refused_with_403<S: Subject>() {
    let target = Target::<S>::start().await;
    let own = target.authority();
    let foreign = [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("http://{own}.evil.example"),
        format!("http://evil{own}"),
        format!("http://{own}0"),
        format!("http://{own}/"),
        format!("http://{own}@evil.example"),
        format!("ws://{own}"),
        format!("http://127.0.0.1:{}", target.address.port()),
        "http://localhost".to_owned(),
        own.clone(),
    ];
    for origin in &foreign {
        for request in
            [follow::<S>(""), Request::get("/"), Request::get("/healthz"), Request::new("HEAD", "/messages")]
        {
            let request = request.with("origin", origin);
            let response = target.request(&request).await;
            assert_eq!(response.status, 403, "the answer to {request:?} is {response}");
            assert_eq!(response.field("access-control-allow-origin"), None, "to a foreign page: {response}");
            if request.method != "HEAD" {
                response.problem();
            }
        }
        target.refusal(403, &Request::post(draft("evil", "hi", None)).with("origin", origin)).await;
    }
    let twice =
        follow::<S>("").with("origin", format!("http://{own}")).with("origin", "https://evil.example");
    target.refusal(403, &twice).await;
    let log = next(&mut target.connect(None).await).await;
    assert!(log.messages.is_empty(), "nothing was taken from foreign pages: {log:?}");
    target.stop().await;
}

/// The server's own page, native clients and listed origins pass; only for listed ones there are the fields of CORS.
pub async fn own_and_listed_origins_pass<S: Subject>() {
    let listed = "https://pages.example";
    let options = Options {
        post_rate: 0,
        allow_origin: vec![listed.parse().expect("an origin")],
        host: vec!["chat.example".to_owned()],
        ..Options::default()
    };
    let target = Target::<S>::with(Setup { options, ..Setup::default() }).await;
    let own = target.authority();
    let upper = own.to_ascii_uppercase();
    let loopback = format!("127.0.0.1:{}", target.address.port());
    for (host, origin) in [
        (own.as_str(), format!("http://{own}")),
        (&own, format!("https://{own}")),
        (&own, format!("HTTP://{upper}")),
        (&upper, format!("http://{own}")),
        (&loopback, format!("http://{loopback}")),
        ("chat.example", "https://chat.example".to_owned()),
    ] {
        let response = target.request(&follow::<S>("").with("host", host).with("origin", &origin)).await;
        assert_eq!(response.status, taken::<S>(), "of {origin}, to {host}: {response}");
        assert_eq!(
            response.field("access-control-allow-origin"),
            None,
            "CORS is for listed origins: {response}"
        );
    }
    let response = target.request(&follow::<S>("").with("origin", listed)).await;
    assert_eq!(response.status, taken::<S>(), "of a listed origin: {response}");
    for near in [
        "https://pages.example.evil.example",
        "http://pages.example",
        "https://x.pages.example",
        "https://pages.example:8443",
    ] {
        target.refusal(403, &follow::<S>("").with("origin", near)).await;
    }
    if S::Client::FAMILY == Family::WebSocket {
        target.stop().await;
        return;
    }
    expect_cors(&response, listed);
    let posted = target.request(&Request::post(draft("brian", "hi", None)).with("origin", listed)).await;
    assert_eq!(posted.status, 201, "a post of a listed origin: {posted}");
    expect_cors(&posted, listed);
    let refused = target.request(&Request::post("").with("origin", listed)).await;
    assert_eq!(refused.status, 400, "a post of a listed origin, of nothing: {refused}");
    expect_cors(&refused, listed);
    let preflight = Request::new("OPTIONS", "/messages")
        .with("origin", listed)
        .with("access-control-request-method", "POST")
        .with("access-control-request-headers", "content-type");
    let response = target.request(&preflight).await;
    assert!(matches!(response.status, 200 | 204), "a preflight: {response}");
    expect_cors(&response, listed);
    let allowed = |field| response.field(field).unwrap_or("").to_ascii_lowercase().replace(' ', "");
    assert!(allowed("access-control-allow-methods").split(',').any(|method| method == "post"), "{response}");
    let mut fields: Vec<_> = allowed("access-control-allow-headers").split(',').map(str::to_owned).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["content-type", "if-none-match"], "access-control-allow-headers of {response}");
    target
        .refusal(403, &Request { fields: vec![("origin".to_owned(), "null".to_owned())], ..preflight })
        .await;
    target.refusal(405, &Request::new("OPTIONS", "/messages")).await;
    target.stop().await;
}

fn expect_cors(response: &Response, origin: &str) {
    assert_eq!(response.field("access-control-allow-origin"), Some(origin), "of a listed origin: {response}");
    let vary = response
        .fields
        .iter()
        .filter(|(name, _)| name == "vary")
        .map(|(_, value)| value.to_ascii_lowercase());
    assert!(
        vary.into_iter().any(|value| value.split(',').any(|name| name.trim() == "origin")),
        "vary of {response}"
    );
    if response.field("access-control-allow-methods").is_none() {
        let exposed = response.field("access-control-expose-headers").unwrap_or("").to_ascii_lowercase();
        let mut exposed: Vec<_> = exposed.split(',').map(str::trim).collect();
        exposed.sort_unstable();
        assert_eq!(exposed, ["etag", "retry-after"], "access-control-expose-headers of {response}");
    }
}

/// A `Host` that is neither loopback nor given with `--host` is `421`.
pub async fn another_host_is_refused_with_421<S: Subject>() {
    let options = Options { host: vec!["chat.example".to_owned()], ..Options::default() };
    let target = Target::<S>::with(Setup { options, ..Setup::default() }).await;
    for host in [
        "evil.example",
        "localhost.evil.example:80",
        "192.0.2.1",
        "chat.example.evil.example",
        "xchat.example",
        "0.0.0.0",
    ] {
        for request in
            [follow::<S>(""), Request::get("/"), Request::get("/healthz"), Request::get("/nothing")]
        {
            target.refusal(421, &request.with("host", host)).await;
        }
    }
    for host in [
        "localhost",
        "LocalHost:1",
        "127.0.0.1",
        "127.0.0.9:80",
        "[::1]:8081",
        "chat.example",
        "Chat.Example:99",
    ] {
        let response = target.request(&follow::<S>("").with("host", host)).await;
        assert_eq!(response.status, taken::<S>(), "to {host}: {response}");
    }
    target.stop().await;
}

/// `Host` is there exactly once (RFC 9112 §3.2), and a second name beside HTTP/2's `:authority` is not let in.
pub async fn there_is_exactly_one_host<S: Subject>() {
    let target = Target::<S>::start().await;
    let own = target.authority();
    if S::Client::FAMILY == Family::Http2 {
        let both = |host: &str| follow::<S>("").with("host", &own).with("host", host);
        let response = target.request(&both("evil.example")).await;
        assert!(matches!(response.status, 400 | 421), "another host beside `:authority`: {response}");
        target.refusal(400, &both(&own).with("host", &own)).await;
    } else {
        let octets = String::from_utf8(follow::<S>("").to_http1("HOST")).expect("a head in ASCII");
        let line = "host: HOST\r\n";
        for hosts in [
            String::new(),
            format!("host: {own}\r\nhost: {own}\r\n"),
            format!("host: {own}\r\nHost: evil.example\r\n"),
            "host: a b\r\n".to_owned(),
            "host: \r\n".to_owned(),
            format!("host: user@{own}\r\n"),
            format!("host: http://{own}\r\n"),
        ] {
            let sent = octets.replace(line, &hosts);
            let response = raw_request(target.address, sent.as_bytes()).await;
            assert_eq!(response.problem().status, 400, "the answer to {sent:?}: {response}");
        }
        let absolute = octets.replace("/messages", "http://evil.example/messages").replace("HOST", &own);
        let response = raw_request(target.address, absolute.as_bytes()).await;
        assert_eq!(response.problem().status, 421, "the answer to {absolute:?}: {response}");
    }
    target.stop().await;
}

/// A path that the server does not have is `404`.
pub async fn another_path_is_refused_with_404<S: Subject>() {
    let target = Target::<S>::start().await;
    for path in [
        "/nothing",
        "/messages/",
        "/messages/1",
        "/Messages",
        "//",
        "/healthz/",
        "/../Cargo.toml",
        "/%2e%2e/x",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            target.refusal(404, &Request::new(method, path)).await;
        }
    }
    target.stop().await;
}

/// A method that a path does not have is `405`, with those that it has in `allow`.
pub async fn another_method_is_refused_with_405<S: Subject>() {
    let target = Target::<S>::start().await;
    let (messages, others): (&[&str], &[&str]) = match S::Client::FAMILY {
        Family::WebSocket => {
            (&["GET", "HEAD"], &["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"])
        }
        _ => (&["GET", "HEAD", "POST"], &["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"]),
    };
    let page = ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"];
    let pages: &[&str] = &["GET", "HEAD"];
    for (path, has, others) in
        [("/messages", messages, others), ("/", pages, &page), ("/healthz", pages, &page)]
    {
        for method in others {
            let request = Request::new(method, path).with("x-secret", "not echoed");
            let response = target.request(&request).await;
            assert_eq!(response.status, 405, "{method} {path}: {response}");
            response.problem();
            assert!(!response.text().contains("not echoed"), "{method} {path} echoes: {response}");
            let mut allow: Vec<_> = response.field("allow").unwrap_or("").split(',').map(str::trim).collect();
            allow.sort_unstable();
            assert_eq!(allow, has, "allow of {method} {path}: {response}");
        }
    }
    target.stop().await;
}

/// `HEAD` has the status and the fields of `GET`, at once and without content.
pub async fn head_has_the_fields_of_get<S: Subject>() {
    let target = Target::<S>::start().await;
    target.fill(["one".to_owned()]).await;
    let newest = next(&mut target.connect(None).await).await.cursor.expect("the cursor of a batch");
    for path in
        ["/", "/healthz", "/messages", &format!("/messages?after={newest}&wait=0"), "/messages?after="]
    {
        let get = target.request(&Request::get(path)).await;
        let head = target.request(&Request::new("HEAD", path)).await;
        let fields = |response: &Response| {
            let mut fields = response.fields.clone();
            fields.retain(|(name, _)| name != "date");
            fields.sort_unstable();
            (response.status, fields)
        };
        assert_eq!(fields(&head), fields(&get), "status and fields of HEAD {path}, and of GET");
        assert!(head.content.is_empty(), "HEAD {path} has no content: {head}");
    }
    // It does not wait.
    let waits = Request::new("HEAD", format!("/messages?after={newest}"));
    let asked = std::time::Instant::now();
    target.request(&waits).await;
    assert!(asked.elapsed().as_secs() < 5, "HEAD waited {:?}", asked.elapsed());
    target.stop().await;
}

/// `GET /healthz` is `200`, and `GET /` the chat page, which loads nothing from elsewhere.
pub async fn every_server_has_the_page_and_tells_that_it_is_ready<S: Subject>() {
    let target = Target::<S>::start().await;
    let ready = target.request(&Request::get("/healthz")).await;
    assert_eq!(ready.status, 200, "GET /healthz: {ready}");
    ready.expect_common_fields("GET /healthz");
    let page = target.request(&Request::get("/")).await;
    assert_eq!(page.status, 200, "GET /: {page}");
    page.expect_common_fields("GET /");
    let content_type = page.field("content-type").unwrap_or("");
    assert!(content_type.starts_with("text/html"), "content-type of {page}");
    let policy = page.field("content-security-policy").unwrap_or("");
    let says = |directive| policy.split(';').any(|part| part.trim() == directive);
    assert!(
        says("default-src 'self'") && says("frame-ancestors 'none'"),
        "content-security-policy of {page}"
    );
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "content-security-policy of {page}");
    target.stop().await;
}

/// A head of more than 64 fields or 16 KiB is `431`.
pub async fn a_head_that_is_too_large_is_refused_with_431<S: Subject>() {
    let target = Target::<S>::start().await;
    let with = |count: usize| {
        let begin = follow::<S>("");
        // HTTP/1.1 counts `host`, HTTP/2 has `:authority` for it.
        let there = begin.fields.len() + usize::from(S::Client::FAMILY != Family::Http2);
        (there..count).fold(begin, |request, at| request.with(&format!("x-{at}"), "1"))
    };
    let most = target.request(&with(64)).await;
    assert_eq!(most.status, taken::<S>(), "64 fields: {most}");
    for (what, request) in [
        ("65 fields", with(65)),
        ("100 fields", with(100)),
        ("a field of 17,000 octets", follow::<S>("").with("x", "y".repeat(17_000))),
        ("200,000 octets", follow::<S>("").with("x", "y".repeat(200_000))),
    ] {
        let answered = soon(what, S::Client::request(&target.link(), &request)).await;
        match answered {
            Ok(response) => assert_eq!(response.status, 431, "{what}: {response}"),
            // In HTTP/2, so much more than is allowed is a flood: the connection ends, and whether its GOAWAY can be
            // read depends on how much of the flood was under way.
            Err(Lost::Http2(_)) if what == "200,000 octets" => {}
            Err(lost) => panic!("{what}: no answer ({lost}), where 431 is due"),
        }
    }
    if S::Client::FAMILY != Family::Http2 {
        let long = target.request(&follow::<S>(&format!("after={}", "x".repeat(17_000)))).await;
        assert!(matches!(long.status, 414 | 431), "a target of 17,000 octets: {long}");
    }
    let others = target.request(&Request::get("/healthz")).await;
    assert_eq!(others.status, 200, "the server goes on: {others}");
    target.stop().await;
}

/// Where several rules are broken, the first in the protocol's order answers.
pub async fn the_first_rule_that_is_broken_answers<S: Subject>() {
    let options = Options { post_rate: 1, ..Options::default() };
    let target = Target::<S>::with(Setup { options, ..Setup::default() }).await;
    let foreign_host = |request: Request| request.with("host", "evil.example");
    let foreign_origin = |request: Request| request.with("origin", "null");
    let many_fields =
        |request: Request| (0..65).fold(request, |request, at| request.with(&format!("x-{at}"), "1"));
    for (status, what, request) in [
        (431, "431 before 421", many_fields(foreign_host(Request::get("/nothing")))),
        (421, "421 before 403", foreign_host(foreign_origin(Request::get("/nothing")))),
        (421, "421 before 400", foreign_host(follow::<S>("after="))),
        (403, "403 before 404", foreign_origin(Request::get("/nothing"))),
        (403, "403 before 405", foreign_origin(Request::new("PUT", "/messages"))),
        (403, "403 before 400", foreign_origin(follow::<S>("after="))),
        (404, "404 before 405", Request::new("PUT", "/nothing")),
        (405, "405 before 400", Request::new("PUT", "/messages?after=")),
    ] {
        let response = target.request(&request).await;
        assert_eq!(response.status, status, "{what}: {response}");
    }
    if S::Client::FAMILY == Family::WebSocket {
        let version =
            follow::<S>("after=").without("sec-websocket-version").with("sec-websocket-version", "8");
        target.refusal(426, &version).await;
        target.refusal(426, &Request::get("/messages?after=")).await;
        target.refusal(400, &follow::<S>("after=").without("sec-websocket-key")).await;
        target.stop().await;
        return;
    }
    let large = || Request::post("x".repeat(32 * 1024 + 1));
    let text = |request: Request| request.without("content-type").with("content-type", "text/plain");
    target.refusal(403, &foreign_origin(text(large()))).await;
    target.refusal(415, &text(large())).await;
    // Every attempt counts, so the rate is soon used up; what is refused before it is still refused so.
    let mut is_used_up = false;
    for _ in 0..20 {
        is_used_up = target.request(&Request::post("{")).await.status == 429;
        if is_used_up {
            break;
        }
    }
    assert!(is_used_up, "429 before 400: 20 posts at once, where 1 a second is taken");
    target.refusal(415, &text(large())).await;
    target.refusal(413, &large()).await;
    target.stop().await;
}

/// On one HTTP/1.1 connection, a refusal by path, method or cursor leaves the connection open for the next request.
pub async fn a_refusal_leaves_the_connection_open<S: Subject>() {
    let target = Target::<S>::start().await;
    let requests = [
        (404, Request::get("/nothing")),
        (405, Request::new("PUT", "/messages")),
        (403, Request::get("/").with("origin", "null")),
        (200, Request::get("/healthz")),
    ];
    if S::Client::FAMILY == Family::Http2 {
        let mut http = crate::Http2::connect(&target.link()).await.expect("an HTTP/2 connection");
        for (status, request) in requests {
            let response = soon("an answer", http.exchange(&request)).await.expect("the connection goes on");
            assert_eq!(response.status, status, "the answer to {request:?}: {response}");
        }
    } else {
        let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
        for (status, request) in requests {
            let response = soon("an answer", http.exchange(&request)).await.expect("the connection goes on");
            assert_eq!(response.status, status, "the answer to {request:?}: {response}");
        }
    }
    target.stop().await;
}
