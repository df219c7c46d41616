//! The page's own port, and the five beside it over one log.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use conformance::{
    Client, Http1, Http2Streaming, Link, LongPolling, OverWebSocket, Polling, Request, Response, draft, next,
    post, soon,
};
use message_store::MessageStore;
use server::{Context, Options};
use side_by_side::SideBySide;
use tokio::task::JoinHandle;

/// The page and the transports, running.
struct Running {
    page: SocketAddr,
    transports: Vec<SocketAddr>,
    contexts: Vec<Context>,
    serving: JoinHandle<std::io::Result<()>>,
    data: PathBuf,
}

impl Running {
    /// On free ports of 127.0.0.1. `name` is that of the test, for a data folder of its own.
    async fn start(name: &str, options: Options) -> Self {
        let data = std::env::temp_dir().join(format!("crosstalk-side-by-side-{}-{name}", std::process::id()));
        let listen = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let bound =
            SideBySide::bind(&Options { listen, data: data.clone(), ..options }).await.expect("free ports");
        let page = bound.page.listener.local_addr();
        let transports = bound.transports.iter().map(|bound| bound.listener.local_addr()).collect();
        let contexts = bound.contexts();
        let serving = tokio::spawn(bound.serve(MessageStore::in_memory(256)));
        Self { page, transports, contexts, serving, data }
    }

    /// An answer on the page's port.
    async fn request(&self, request: &Request) -> Response {
        answer(self.page, request).await
    }

    async fn stop(self) {
        self.contexts.iter().for_each(Context::stop);
        let stopped = soon("the stop of all", self.serving).await;
        stopped.expect("no server panics").expect("all servers stop without an error");
        // The folder has a certificate in it.
        std::fs::remove_dir_all(self.data).expect("the data folder is there");
    }
}

async fn answer(address: SocketAddr, request: &Request) -> Response {
    let mut http = Http1::connect(&Link::to(address)).await.expect("the server accepts");
    soon("an answer", http.exchange(request)).await.expect("an answer")
}

/// The origins in a directive of a policy, sorted.
fn origins(response: &Response, directive: &str) -> Vec<String> {
    let policy = response.field("content-security-policy").expect("a content security policy");
    let mut parts = policy.split("; ").filter_map(|part| part.strip_prefix(directive)?.strip_prefix(' '));
    let mut origins: Vec<_> = parts.next().unwrap_or_default().split(' ').map(str::to_owned).collect();
    assert_eq!(parts.next(), None, "{directive} is there twice: {policy}");
    origins.sort_unstable();
    // 127.0.0.1 is named as an address of loopback and as the one that is listened on.
    origins.dedup();
    origins
}

/// `GET /transports` lists them in the order of their panels, each by the host that the page was asked by.
#[tokio::test]
async fn the_walkthrough_is_served_under_the_policy_of_the_page() {
    let running = Running::start("walkthrough", Options::default()).await;
    let page = running.request(&Request::get("/")).await;
    let chapters = side_by_side::TRANSPORTS.map(|transport| format!("/walkthrough/{}", transport.name));
    for path in
        ["/walkthrough", "/walkthrough/opening"].into_iter().chain(chapters.iter().map(String::as_str))
    {
        let answer = running.request(&Request::get(path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.field("content-security-policy"), page.field("content-security-policy"), "{path}");
        assert!(answer.text().contains("<h1>"), "{path}");
    }
    for (path, status) in [("/walkthrough/", 308), ("/walkthrough/x", 404)] {
        assert_eq!(running.request(&Request::get(path)).await.status, status, "{path}");
    }
    running.stop().await;
}

#[tokio::test]
async fn the_transports_are_listed_by_the_host_of_the_request() {
    let options = Options { host: vec!["chat.example".to_owned()], ..Options::default() };
    let running = Running::start("list", options).await;
    let page = running.page.port();
    for (host, name) in [
        (format!("localhost:{page}"), "localhost"),
        (format!("127.0.0.1:{page}"), "127.0.0.1"),
        (format!("[::1]:{page}"), "[::1]"),
        ("chat.example".to_owned(), "chat.example"),
        ("localhost".to_owned(), "localhost"),
    ] {
        let response = running.request(&Request::get("/transports").with("host", &host)).await;
        assert_eq!(response.status, 200, "{response}");
        assert_eq!(response.field("content-type"), Some("application/json"), "{response}");
        response.expect_common_fields("/transports");
        let expected: Vec<_> = [
            ("polling", "Polling", "http"),
            ("long-polling", "Long polling", "http"),
            ("http2-streaming", "HTTP/2 streaming", "https"),
            ("raw-websocket", "Raw WebSocket", "ws"),
            ("tungstenite-websocket", "tungstenite WebSocket", "ws"),
        ]
        .iter()
        .zip(&running.transports)
        .map(|((id, title, scheme), address)| {
            let title =
                side_by_side::TRANSPORTS.iter().find(|one| one.name == *id).map_or(*title, |one| one.title);
            format!(
                r#"{{"name":"{id}","title":"{title}","url":"{scheme}://{name}:{}/messages"}}"#,
                address.port()
            )
        })
        .collect();
        assert_eq!(response.text(), format!("[{}]", expected.join(",")), "by {host}");
    }
    running.stop().await;
}

/// The page may show and ask its five panels and nothing else, and nobody may frame it; a panel may be framed by the page
/// and by nobody else.
#[tokio::test]
async fn the_page_frames_its_panels_and_nobody_frames_the_page() {
    let options = Options { host: vec!["chat.example".to_owned()], ..Options::default() };
    let running = Running::start("frames", options).await;
    let page = running.request(&Request::get("/")).await;
    assert_eq!(page.status, 200, "{page}");
    page.expect_common_fields("the page");
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"), "{page}");
    assert_eq!(page.field("referrer-policy"), Some("no-referrer"), "{page}");
    let hosts = ["localhost", "127.0.0.1", "chat.example"];
    let mut panels: Vec<_> = side_by_side::TRANSPORTS
        .iter()
        .zip(&running.transports)
        .flat_map(|(transport, address)| {
            hosts.map(|host| format!("{}://{host}:{}", transport.page_scheme(), address.port()))
        })
        .collect();
    panels.sort_unstable();
    assert_eq!(origins(&page, "frame-src"), panels);
    assert_eq!(origins(&page, "frame-ancestors"), ["'none'"]);
    assert_eq!(origins(&page, "default-src"), ["'self'"]);
    panels.insert(0, "'self'".to_owned());
    assert_eq!(origins(&page, "connect-src"), panels);

    let mut pages = hosts.map(|host| format!("http://{host}:{}", running.page.port()));
    pages.sort_unstable();
    for (transport, address) in side_by_side::TRANSPORTS.iter().zip(&running.transports) {
        let panel = if transport.scheme == "https" {
            Http2Streaming::request(&Link::to(*address), &Request::get("/")).await.expect("an answer")
        } else {
            answer(*address, &Request::get("/")).await
        };
        assert_eq!(panel.status, 200, "{}: {panel}", transport.name);
        assert_eq!(origins(&panel, "frame-ancestors"), pages, "{}", transport.name);
        assert!(panel.text().contains(transport.name), "the page of {}: {}", transport.name, panel.text());
        assert!(!panel.text().contains("{{"), "a placeholder is left: {}", panel.text());
    }
    running.stop().await;
}

/// A content security policy cannot name an IPv6 address: who comes by one is led to a name.
#[tokio::test]
async fn who_comes_by_an_ipv6_address_is_led_to_a_name() {
    let running = Running::start("ipv6", Options::default()).await;
    let port = running.page.port();
    let response = running.request(&Request::get("/").with("host", format!("[::1]:{port}"))).await;
    assert_eq!(response.status, 307, "{response}");
    assert_eq!(response.field("location"), Some(format!("http://localhost:{port}/").as_str()), "{response}");
    running.stop().await;
}

/// The page's port has no messages, but the files of the frontend, the rules on `Host` and `Origin`, and `/healthz`.
#[tokio::test]
async fn the_page_has_no_messages() {
    let running = Running::start("paths", Options::default()).await;
    for (status, request) in [
        (404, Request::get("/messages")),
        (404, Request::post(draft("brian", "hi", None))),
        (404, Request::get("/index.html")),
        (404, Request::get("/transports/")),
        (405, Request::new("POST", "/transports")),
        (405, Request::new("OPTIONS", "/transports")),
        (200, Request::get("/healthz")),
        (200, Request::new("HEAD", "/transports")),
        (200, Request::get("/side-by-side.js")),
        (421, Request::get("/transports").with("host", "evil.example")),
        (403, Request::get("/transports").with("origin", "https://evil.example")),
    ] {
        let response = running.request(&request).await;
        assert_eq!(response.status, status, "the answer to {request:?}: {response}");
        assert_eq!(response.field("allow").is_some(), status == 405, "{response}");
        assert_eq!(response.field("access-control-allow-origin"), None, "{response}");
    }
    running.stop().await;
}

/// What is posted over any transport is what all five give, octet by octet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_transports_are_over_one_log() {
    let running = Running::start("log", Options::default()).await;
    let links: Vec<_> = running.transports.iter().map(|address| Link::to(*address)).collect();
    let mut polling = follow::<Polling>(&links[0]).await;
    let mut long_polling = follow::<LongPolling>(&links[1]).await;
    let mut streaming = follow::<Http2Streaming>(&links[2]).await;
    let mut raw = follow::<OverWebSocket>(&links[3]).await;
    let mut tungstenite = follow::<OverWebSocket>(&links[4]).await;
    let text = "<img src=x onerror=alert(1)> \u{1f600}";
    let mut posted = Vec::new();
    for number in 0..5 {
        let json = draft("brian", &format!("{text} {number}"), Some(&format!("n-{number}")));
        let message = match number {
            0 => post(&mut polling, &json).await,
            1 => post(&mut long_polling, &json).await,
            2 => post(&mut streaming, &json).await,
            3 => post(&mut raw, &json).await,
            _ => post(&mut tungstenite, &json).await,
        };
        posted.push(message.message().json);
    }
    for got in [
        all(&mut polling).await,
        all(&mut long_polling).await,
        all(&mut streaming).await,
        all(&mut raw).await,
        all(&mut tungstenite).await,
    ] {
        assert_eq!(got, posted);
    }
    drop((polling, long_polling, streaming, raw, tungstenite));
    running.stop().await;
}

async fn follow<C: Client>(link: &Link) -> C {
    let mut client = soon("a connection", C::connect(link, None)).await.expect("it is taken");
    assert!(next(&mut client).await.messages.is_empty(), "nothing was said yet");
    client
}

/// The JSON of the next five messages.
async fn all(client: &mut impl Client) -> Vec<String> {
    let mut got = Vec::new();
    while got.len() < 5 {
        got.extend(next(client).await.messages.into_iter().map(|message| message.json));
    }
    got
}
