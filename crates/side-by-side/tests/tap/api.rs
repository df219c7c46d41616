//! The wire and its disturbances over HTTP, on the page's port of the whole program.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::{Duration, Instant},
};

use conformance::{
    Client, Http1, Http2Streaming, Ledger, Link, LongPolling, OverWebSocket, Polling, Request, Response,
    draft, next, post, soon,
};
use message_store::MessageStore;
use serde_json::{Value, json};
use server::{Context, Options};
use side_by_side::{SideBySide, TRANSPORTS, upstream::Panel};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpStream,
    task::JoinHandle,
    time::sleep,
};

pub(super) struct Running {
    pub(super) page: SocketAddr,
    pub(super) transports: Vec<SocketAddr>,
    contexts: Vec<Context>,
    serving: JoinHandle<std::io::Result<()>>,
    data: PathBuf,
}

impl Running {
    pub(super) async fn start(name: &str) -> Self {
        Self::start_with(name, None).await
    }

    /// With another program behind a panel.
    pub(super) async fn start_with(name: &str, panel: Option<Panel>) -> Self {
        let data = std::env::temp_dir().join(format!("crosstalk-tap-api-{}-{name}", std::process::id()));
        let listen = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let options = Options { listen, data: data.clone(), post_rate: 0, ..Options::default() };
        let mut bound = SideBySide::bind(&options).await.expect("free ports");
        if let Some(panel) = panel {
            bound = bound.with_panel(panel);
        }
        let page = bound.page.listener.local_addr();
        let transports = bound.transports.iter().map(|bound| bound.listener.local_addr()).collect();
        let contexts = bound.contexts();
        let serving = tokio::spawn(bound.serve(MessageStore::in_memory(256)));
        Self { page, transports, contexts, serving, data }
    }

    pub(super) async fn ask(&self, request: &Request) -> Response {
        let mut http = Http1::connect(&Link::to(self.page)).await.expect("the server accepts");
        soon("an answer", http.exchange(request)).await.expect("an answer")
    }

    /// Asks for an action or a change, and gives the status.
    pub(super) async fn tell(&self, method: &str, target: &str, content: &Value) -> Response {
        self.ask(&telling(method, target, content.to_string())).await
    }

    /// The stream of events, from its head on.
    pub(super) async fn events(&self) -> Events {
        let mut tcp = TcpStream::connect(self.page).await.expect("the server accepts");
        let request = Request::get("/wire/events").to_http1(&Link::to(self.page).authority());
        tokio::io::AsyncWriteExt::write_all(&mut tcp, &request).await.expect("a request is sent");
        Events(BufReader::new(tcp).lines())
    }

    pub(super) async fn stop(self) {
        self.contexts.iter().for_each(Context::stop);
        soon("the stop of all", self.serving).await.expect("no panic").expect("an end in order");
        std::fs::remove_dir_all(self.data).expect("the data folder is there");
    }
}

fn telling(method: &str, target: &str, content: impl Into<Vec<u8>>) -> Request {
    Request { content: Some(content.into()), ..Request::new(method, target) }
}

pub(super) struct Events(Lines<BufReader<TcpStream>>);

impl Events {
    /// The data of the next event.
    pub(super) async fn next(&mut self) -> Value {
        soon("an event", async {
            loop {
                let line = self.0.next_line().await.expect("text").expect("a stream without end");
                if let Some(json) = line.strip_prefix("data: ") {
                    return serde_json::from_str(json).expect("JSON");
                }
            }
        })
        .await
    }

    /// The next event for which this is so.
    pub(super) async fn until(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().await;
            if is_so(&event) {
                return event;
            }
        }
    }
}

/// Who is there before anybody looks is asked to come again, where that costs nobody anything.
#[tokio::test]
async fn what_came_before_anybody_looked_comes_again() {
    let running = Running::start("before").await;
    let polling = Link::to(running.transports[0]);
    let request = Request::get("/messages");
    let mut http = Http1::connect(&polling).await.expect("the server accepts");
    let answer = soon("an answer", http.exchange(&request)).await.expect("an answer");
    assert_eq!(answer.field("connection"), None, "nobody looks");

    let mut events = running.events().await;
    let first = events.next().await;
    assert_eq!(first["transports"]["polling"]["counts"]["connections"], 0, "it is not relayed");
    let answer = soon("an answer", http.exchange(&request)).await.expect("an answer");
    assert_eq!(answer.field("connection"), Some("close"));

    let mut again = Http1::connect(&polling).await.expect("the server accepts");
    let answer = soon("an answer", again.exchange(&request)).await.expect("an answer");
    assert_eq!(answer.field("connection"), None, "it is relayed");
    events.until(|told| told["transports"]["polling"]["counts"]["requests"] == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn events_tell_what_passes() {
    let running = Running::start("events").await;
    let mut events = running.events().await;
    let first = events.next().await;
    for transport in TRANSPORTS {
        assert_eq!(
            first["disturbances"][transport.name],
            json!({"delay_ms": 0, "jitter_ms": 0, "bandwidth": 0, "slow_reader": 0, "fail_share": 0.0})
        );
        assert_eq!(first["transports"][transport.name]["connections"], 0, "{first}");
        assert_eq!(first["transports"][transport.name]["missed"], 0, "{first}");
    }
    assert_eq!(first["speaker"], 0, "{first}");

    let began = Instant::now();
    let silent = events.next().await;
    assert!((500..1_500).contains(&began.elapsed().as_millis()), "at least one a second");
    assert_eq!(silent.get("disturbances"), None, "only when they change: {silent}");

    let link = Link::to(running.transports[3]);
    let mut client = soon("a connection", OverWebSocket::connect(&link, None)).await.expect("taken");
    post(&mut client, &draft("ada", "hello", Some("n-1"))).await;
    let is_message = |event: &Value| event["kind"] == "text" && event["message"] == json!([1]);
    let told = events
        .until(|told| {
            told["transports"]["raw-websocket"]["events"].as_array().expect("events").iter().any(is_message)
        })
        .await;
    let of = &told["transports"]["raw-websocket"];
    assert_eq!(of["connections"], 1, "{told}");
    assert_eq!(of["counts"]["octets"]["server"]["payload"], 5, "{told}");
    let event = of["events"].as_array().expect("events").iter().find(|event| is_message(event)).expect("it");
    assert!(event["at"].as_f64() <= told["now"].as_f64(), "{told}");
    assert_eq!((&event["from"], &event["nonce"]), (&json!("server"), &json!(["n-1"])), "{event}");

    let unit = running.ask(&Request::get(format!("/wire/units/raw-websocket/{}", event["id"]))).await;
    assert_eq!(unit.status, 200, "{unit}");
    let unit: Value = serde_json::from_str(unit.text()).expect("JSON");
    assert_eq!((&unit["id"], &unit["connection"], &unit["kind"]), (&event["id"], &json!(1), &json!("text")));
    assert_eq!(unit["spans"][0]["name"], "FIN, RSV, opcode", "{unit}");
    assert_eq!(unit["spans"][0]["start"], 0, "{unit}");
    assert_eq!(unit["expected"]["octets"], event["octets"], "{unit}");
    let spans = unit["spans"].as_array().expect("spans");
    assert_eq!(spans.last().expect("a span")["end"], event["octets"], "{unit}");

    let capture = running.ask(&Request::get("/wire/capture/raw-websocket.pcapng")).await;
    assert_eq!((capture.status, capture.field("content-type")), (200, Some("application/x-pcapng")));
    for missing in [
        "/wire/units/raw-websocket/999999",
        "/wire/units/all/1",
        "/wire/units/x/1",
        "/wire/capture/x.pcapng",
        "/wire/capture/all.pcapng",
        "/wire/capture/polling",
    ] {
        assert_eq!(running.ask(&Request::get(missing)).await.status, 404, "{missing}");
    }
    running.stop().await;
}

#[tokio::test]
async fn disturbances_are_told_and_put_back() {
    let running = Running::start("disturb").await;
    let mut events = running.events().await;
    events.next().await;
    let answer = running.tell("PUT", "/wire/disturbances/polling", &json!({"delay_ms": 100})).await;
    assert_eq!(answer.status, 200, "{answer}");
    let state: Value = serde_json::from_str(answer.text()).expect("JSON");
    assert_eq!((&state["polling"]["delay_ms"], &state["long-polling"]["delay_ms"]), (&json!(100), &json!(0)));
    let told = events.until(|told| told.get("disturbances").is_some()).await;
    assert_eq!(told["disturbances"], state);
    assert_eq!(told["transports"]["polling"]["events"][0]["kind"], "disturbed", "{told}");
    assert_eq!(told["transports"]["polling"]["events"][0]["name"], "delay 100 ms", "{told}");

    let all = running.tell("PUT", "/wire/disturbances/all", &json!({"jitter_ms": 5})).await;
    let state: Value = serde_json::from_str(all.text()).expect("JSON");
    assert_eq!(state["polling"]["delay_ms"], 100, "the other fields stay");
    assert!(TRANSPORTS.iter().all(|transport| state[transport.name]["jitter_ms"] == 5), "{state}");
    assert_eq!(running.tell("POST", "/wire/blackhole/all", &json!({"seconds": 1})).await.status, 204);
    assert_eq!(running.ask(&Request::new("POST", "/wire/cut/all")).await.status, 204);
    running.stop().await;
}

#[tokio::test]
async fn wrong_values_name_the_field_and_the_rule() {
    let running = Running::start("wrong").await;
    for (status, method, target, content, named) in [
        (
            422,
            "PUT",
            "/wire/disturbances/polling",
            r#"{"delay_ms":1001}"#,
            "`delay_ms` must be a whole number from 0 to 1000",
        ),
        (
            422,
            "PUT",
            "/wire/disturbances/all",
            r#"{"jitter_ms":-1}"#,
            "`jitter_ms` must be a whole number from 0 to 500",
        ),
        (
            422,
            "PUT",
            "/wire/disturbances/all",
            r#"{"fail_share":2}"#,
            "`fail_share` must be a number from 0 to 1",
        ),
        (422, "PUT", "/wire/disturbances/all", r#"{"delay":1}"#, "`delay`"),
        (422, "PUT", "/wire/disturbances/all", "[]", "JSON object"),
        (400, "PUT", "/wire/disturbances/all", "{", "not JSON"),
        (404, "PUT", "/wire/disturbances/x", "{}", "no such transport"),
        (
            422,
            "POST",
            "/wire/blackhole/all",
            r#"{"seconds":61}"#,
            "`seconds` must be a whole number from 1 to 60",
        ),
        (422, "POST", "/wire/blackhole/all", "", "`seconds`"),
        (
            422,
            "POST",
            "/wire/restart/all",
            r#"{"seconds":31}"#,
            "`seconds` must be a whole number from 0 to 30",
        ),
        (404, "POST", "/wire/cut/x", "", "no such transport"),
        (
            422,
            "PUT",
            "/wire/speaker",
            r#"{"per_second":51}"#,
            "`per_second` must be a whole number from 0 to 50",
        ),
    ] {
        let answer = running.ask(&telling(method, target, content)).await;
        assert_eq!(answer.status, status, "{method} {target} {content}: {answer}");
        assert!(answer.problem().detail.contains(named), "{named}: {answer}");
    }
    let large = running.ask(&telling("PUT", "/wire/speaker", " ".repeat(5_000))).await;
    assert_eq!(large.status, 413, "{large}");
    running.stop().await;
}

/// What everybody types is shown to the page itself only.
#[tokio::test]
async fn other_origins_are_refused() {
    let running = Running::start("origins").await;
    let port = running.page.port();
    let own = format!("http://localhost:{port}");
    let panel = format!("http://localhost:{}", running.transports[0].port());
    for (status, field, value) in [
        (204, "origin", &*own),
        (403, "origin", &*panel),
        (403, "origin", "https://evil.example"),
        (403, "origin", "null"),
        (204, "sec-fetch-site", "same-origin"),
        (204, "sec-fetch-site", "none"),
        (403, "sec-fetch-site", "same-site"),
        (403, "sec-fetch-site", "cross-site"),
        (421, "host", "evil.example"),
    ] {
        let request = Request::new("POST", "/wire/cut/all").with(field, value);
        let answer = running.ask(&request).await;
        assert_eq!(answer.status, status, "{field}: {value}: {answer}");
        let request = Request::get("/wire/capture/polling.pcapng").with(field, value);
        let status = if status == 204 { 200 } else { status };
        assert_eq!(running.ask(&request).await.status, status, "{field}: {value}");
    }
    running.stop().await;
}

/// A stopped server's port refuses; then it answers again, over the same log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_the_log() {
    let running = Running::start("restart").await;
    let links: Vec<_> = running.transports.iter().map(|address| Link::to(*address)).collect();
    let mut client = soon("a connection", Polling::connect(&links[0], None)).await.expect("taken");
    post(&mut client, &draft("ada", "before", None)).await;
    let mut events = running.events().await;
    assert_eq!(running.tell("POST", "/wire/restart/all", &json!({"seconds": 2})).await.status, 204);
    soon("the ports to close", async {
        for address in &running.transports {
            while TcpStream::connect(address).await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
        }
    })
    .await;
    soon("the ports to open", async {
        for address in &running.transports {
            while TcpStream::connect(address).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        }
    })
    .await;
    assert_log::<Polling>(&links[0]).await;
    assert_log::<LongPolling>(&links[1]).await;
    assert_log::<Http2Streaming>(&links[2]).await;
    assert_log::<OverWebSocket>(&links[3]).await;
    assert_log::<OverWebSocket>(&links[4]).await;
    let names = |told: &Value| told["transports"]["polling"]["events"].to_string();
    events.until(|told| names(told).contains("served again")).await;
    assert_eq!(running.tell("POST", "/wire/restart/polling", &json!({"seconds": 30})).await.status, 204);
    running.stop().await;
}

async fn assert_log<C: Client>(link: &Link) {
    let mut client: C = soon("a connection", C::connect(link, None)).await.expect("it is taken");
    assert_eq!(next(&mut client).await.ids(), [1]);
}

#[tokio::test]
async fn the_speaker_speaks_as_often_as_told() {
    let running = Running::start("speaker").await;
    let link = Link::to(running.transports[3]);
    let mut client = soon("a connection", OverWebSocket::connect(&link, None)).await.expect("taken");
    let answer = running.tell("PUT", "/wire/speaker", &json!({"per_second": 50})).await;
    assert_eq!((answer.status, answer.text()), (200, r#"{"per_second":50}"#));
    let (began, mut ledger) = (Instant::now(), Ledger::after(0));
    while ledger.last() < 100 {
        ledger.add(next(&mut client).await);
    }
    let took = began.elapsed();
    // A Poisson process takes 1.98 s for these on average, and its standard deviation is 0.2 s.
    assert!((1_000..3_500).contains(&took.as_millis()), "100 messages at 50 a second: {took:?}");
    assert!(ledger.messages.iter().all(|message| message.user == "speaker"));
    assert_eq!(ledger.messages[1].text, "message 2");
    assert_eq!(running.tell("PUT", "/wire/speaker", &json!({"per_second": 0})).await.status, 200);
    running.stop().await;
}
