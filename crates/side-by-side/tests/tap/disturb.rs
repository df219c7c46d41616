//! Each disturbance has its effect, for what is open and what comes, and ends.

use std::time::{Duration, Instant};

use conformance::{
    Client, Http2Streaming, Ledger, Link, LongPolling, Lost, OverWebSocket, Polling, Request, draft, next,
    post, soon,
};
use message_store::Draft;
use server::Transport;
use tokio::time::{sleep, timeout};
use wire::Disturbances;

use crate::Tapped;

async fn follow<C: Client>(tapped: &Tapped) -> C {
    let mut client =
        soon("a connection", C::connect(&Link::to(tapped.address), None)).await.expect("it is taken");
    next(&mut client).await;
    client
}

async fn say(tapped: &Tapped, text: &str) {
    tapped.store.append(Draft::new("ada", text, None).expect("a draft")).await;
}

/// How long a message takes to a follower.
async fn delivery(tapped: &Tapped, client: &mut impl Client) -> Duration {
    let said = Instant::now();
    say(tapped, "hello").await;
    while next(client).await.messages.is_empty() {}
    said.elapsed()
}

fn undisturbed() -> Disturbances {
    Disturbances::default()
}

#[tokio::test]
async fn delay_is_each_way_and_at_once() {
    let tapped = Tapped::start(raw_websocket::TRANSPORT, "delay").await;
    let mut client: OverWebSocket = follow(&tapped).await;
    tapped.tap.disturb(Disturbances { delay_ms: 200, ..undisturbed() });
    let took = delivery(&tapped, &mut client).await;
    assert!((200..400).contains(&took.as_millis()), "one way: {took:?}");
    let asked = Instant::now();
    post(&mut client, &draft("ada", "there and back", Some("n"))).await;
    let took = asked.elapsed();
    assert!((400..700).contains(&took.as_millis()), "both ways: {took:?}");
    tapped.tap.disturb(undisturbed());
    let took = delivery(&tapped, &mut client).await;
    assert!(took.as_millis() < 150, "put back: {took:?}");
    tapped.stop().await;
}

/// In TLS too: the request that the tap tells lasts as long as the client waits.
#[tokio::test]
async fn what_is_told_is_what_the_client_sees() {
    let tapped = Tapped::start(http2_streaming::TRANSPORT, "told").await;
    tapped.tap.disturb(Disturbances { delay_ms: 150, ..undisturbed() });
    let mut http = soon("a connection", conformance::Http2::connect_tls(&Link::to(tapped.address)))
        .await
        .expect("it is taken");
    let request = Request::post(draft("ada", "hello", None));
    let asked = Instant::now();
    soon("an answer", http.start(&request)).await.expect("an answer");
    let took = asked.elapsed().as_secs_f64() * 1e3;
    let events = tapped.tap.read(1).events;
    let of = |kind: &str, from| {
        events.iter().find(|event| event.kind == kind && event.from == Some(from)).expect("an event").at
    };
    let told = of("HEADERS", wire::explain::Side::Server) - of("HEADERS", wire::explain::Side::Client);
    assert!((told - took).abs() < 100.0 && told >= 300.0, "{told} ms told, {took} ms taken");
    drop(http);
    tapped.stop().await;
}

#[tokio::test]
async fn jitter_keeps_the_order() {
    let tapped = Tapped::start(tungstenite_websocket::TRANSPORT, "jitter").await;
    let mut client: OverWebSocket = follow(&tapped).await;
    tapped.tap.disturb(Disturbances { delay_ms: 50, jitter_ms: 50, ..undisturbed() });
    let mut ledger = Ledger::after(0);
    for number in 0..20 {
        say(&tapped, &format!("message {number}")).await;
        sleep(Duration::from_millis(5)).await;
    }
    while ledger.last() < 20 {
        ledger.add(next(&mut client).await);
    }
    tapped.stop().await;
}

/// Follows from message to message over as many connections as it takes; gives how many.
async fn follow_on<C: Client>(
    tapped: &Tapped,
    ledger: &mut Ledger,
    last: u64,
    client: &mut Option<C>,
) -> usize {
    let mut connections = 0;
    while ledger.last() < last {
        let step: Result<_, Lost> = soon("what follows", async {
            let client = match &mut *client {
                Some(client) => client,
                none => {
                    connections += 1;
                    none.insert(C::connect(&Link::to(tapped.address), ledger.cursor.as_deref()).await?)
                }
            };
            client.next_batch().await
        })
        .await;
        match step {
            Ok(batch) => ledger.add(batch),
            Err(_) => *client = None,
        }
    }
    connections
}

/// All connections are reset; who comes again with its cursor loses nothing and gets nothing twice.
async fn cut<C: Client>(transport: Transport) {
    let tapped = Tapped::start(transport, "cut").await;
    let (mut ledger, mut client) = (Ledger::after(0), None::<C>);
    say(&tapped, "before").await;
    assert_eq!(follow_on(&tapped, &mut ledger, 1, &mut client).await, 1);
    for last in 2..6 {
        tapped.tap.cut();
        tapped.quiet().await;
        say(&tapped, "after").await;
        assert_eq!(follow_on(&tapped, &mut ledger, last, &mut client).await, 1, "a new connection");
    }
    let closed = tapped.tap.read(1).events.iter().filter(|event| event.name == "cut").count();
    assert!(closed >= 8, "four cuts, and the connections that they ended");
    tapped.stop().await;
}

#[tokio::test]
async fn cut_polling() {
    cut::<Polling>(polling::TRANSPORT).await;
}

#[tokio::test]
async fn cut_long_polling() {
    cut::<LongPolling>(long_polling::TRANSPORT).await;
}

#[tokio::test]
async fn cut_http2() {
    cut::<Http2Streaming>(http2_streaming::TRANSPORT).await;
}

#[tokio::test]
async fn cut_raw_websocket() {
    cut::<OverWebSocket>(raw_websocket::TRANSPORT).await;
}

#[tokio::test]
async fn cut_tungstenite() {
    cut::<OverWebSocket>(tungstenite_websocket::TRANSPORT).await;
}

/// What is open and what comes hangs; then all goes on.
#[tokio::test]
async fn a_blackhole_holds_and_then_delivers() {
    let tapped = Tapped::start(raw_websocket::TRANSPORT, "blackhole").await;
    let mut client: OverWebSocket = follow(&tapped).await;
    let began = Instant::now();
    tapped.tap.blackhole(Duration::from_secs(1));
    let (late, new) = tokio::join!(delivery(&tapped, &mut client), async {
        follow::<OverWebSocket>(&tapped).await;
        began.elapsed()
    });
    for took in [late, new] {
        assert!((950..1_500).contains(&took.as_millis()), "{took:?}");
    }
    assert!(delivery(&tapped, &mut client).await.as_millis() < 150, "over");
    tapped.stop().await;
}

/// A client in a blackhole that is cut does not wait for its end.
#[tokio::test]
async fn a_cut_reaches_into_a_blackhole() {
    let tapped = Tapped::start(raw_websocket::TRANSPORT, "both").await;
    let mut client: OverWebSocket = follow(&tapped).await;
    tapped.tap.blackhole(Duration::from_secs(60));
    tapped.tap.cut();
    assert!(soon("the cut", client.next_batch()).await.is_err());
    tapped.tap.blackhole(Duration::ZERO);
    delivery(&tapped, &mut follow::<OverWebSocket>(&tapped).await).await;
    tapped.stop().await;
}

/// A slow reader's server is held up: it gathers what comes meanwhile into batches, and nothing is lost.
async fn slow(transport: Transport, disturbances: Disturbances) {
    let tapped =
        Tapped::start(transport, if disturbances.bandwidth > 0 { "bandwidth" } else { "slow" }).await;
    let mut client: OverWebSocket = follow(&tapped).await;
    tapped.tap.disturb(disturbances);
    let began = Instant::now();
    // 250 messages of 8 KiB in batches of their own: more than the buffers on the way hold.
    let text = "\u{1f600}".repeat(2_000);
    for _ in 0..250 {
        say(&tapped, &text).await;
        tokio::task::yield_now().await;
    }
    let mut ledger = Ledger::after(0);
    ledger.add(next(&mut client).await);
    let took = began.elapsed();
    assert!((150..1_500).contains(&took.as_millis()), "8 KiB at 40,000 octets a second: {took:?}");
    let come_early = timeout(Duration::from_millis(500), async {
        while ledger.last() < 250 {
            ledger.add(next(&mut client).await);
        }
    })
    .await;
    assert!(come_early.is_err(), "2 MB at 40,000 octets a second take 50 s");
    tapped.stop().await;
}

#[tokio::test]
async fn a_slow_reader_is_slow() {
    slow(raw_websocket::TRANSPORT, Disturbances { slow_reader: 40_000, ..undisturbed() }).await;
}

#[tokio::test]
async fn bandwidth_is_limited() {
    slow(tungstenite_websocket::TRANSPORT, Disturbances { bandwidth: 40_000, ..undisturbed() }).await;
}

/// The transport itself feels the slow reader: it reads the log on when there is room, several messages at once.
async fn pressed_back<C: Client>(transport: Transport) {
    let tapped = Tapped::start(transport, "pressure").await;
    let mut client: C = follow(&tapped).await;
    tapped.tap.disturb(Disturbances { slow_reader: 1_000, ..undisturbed() });
    let text = "\u{1f600}".repeat(2_000);
    for _ in 0..250 {
        say(&tapped, &text).await;
        sleep(Duration::from_millis(1)).await;
    }
    tapped.tap.disturb(undisturbed());
    let (mut ledger, mut largest) = (Ledger::after(0), 0);
    while ledger.last() < 250 {
        let batch = next(&mut client).await;
        largest = largest.max(batch.messages.len());
        ledger.add(batch);
    }
    assert!(largest > 10, "the largest batch has {largest} messages");
    assert_eq!(ledger.missed, 0);
    tapped.stop().await;
}

#[tokio::test]
async fn a_slow_reader_presses_back_on_raw_websocket() {
    pressed_back::<OverWebSocket>(raw_websocket::TRANSPORT).await;
}

#[tokio::test]
async fn a_slow_reader_presses_back_on_http2() {
    pressed_back::<Http2Streaming>(http2_streaming::TRANSPORT).await;
}

/// All requests for messages fail, opening handshakes too; the page and readiness do not.
async fn failing<C: Client>(transport: Transport) {
    let tapped = Tapped::start(transport, "fail").await;
    let link = Link::to(tapped.address);
    let ask =
        async |request: Request| soon("an answer", C::request(&link, &request)).await.expect("an answer");
    tapped.tap.disturb(Disturbances { fail_share: 1.0, ..undisturbed() });
    for _ in 0..5 {
        let refused = ask(C::following("")).await;
        assert_eq!(refused.status, 500, "{}: {refused}", transport.name);
        refused.expect_common_fields("a failure");
        assert_eq!(refused.problem().status, 500);
    }
    if transport.scheme != "ws" {
        assert_eq!(ask(Request::post(draft("ada", "hello", None))).await.status, 500);
    }
    assert_eq!(ask(Request::get("/healthz")).await.status, 200);
    assert_eq!(ask(Request::get("/")).await.status, 200);
    tapped.tap.disturb(undisturbed());
    delivery(&tapped, &mut follow::<C>(&tapped).await).await;
    tapped.stop().await;
}

#[tokio::test]
async fn failures_of_polling() {
    failing::<Polling>(polling::TRANSPORT).await;
}

#[tokio::test]
async fn failures_of_long_polling() {
    failing::<LongPolling>(long_polling::TRANSPORT).await;
}

#[tokio::test]
async fn failures_of_http2() {
    failing::<Http2Streaming>(http2_streaming::TRANSPORT).await;
}

#[tokio::test]
async fn failures_of_raw_websocket() {
    failing::<OverWebSocket>(raw_websocket::TRANSPORT).await;
}

#[tokio::test]
async fn failures_of_tungstenite() {
    failing::<OverWebSocket>(tungstenite_websocket::TRANSPORT).await;
}

/// An open WebSocket has no requests that could fail: it is cut at a message from the client, which is not taken.
#[tokio::test]
async fn an_open_websocket_is_cut_at_its_next_message() {
    for transport in [raw_websocket::TRANSPORT, tungstenite_websocket::TRANSPORT] {
        let tapped = Tapped::start(transport, "fail-open").await;
        let mut client: OverWebSocket = follow(&tapped).await;
        tapped.tap.disturb(Disturbances { fail_share: 1.0, ..undisturbed() });
        delivery(&tapped, &mut client).await;
        let posted = soon("the cut", client.post(&draft("bob", "not taken", Some("n")))).await;
        assert!(posted.is_err(), "{posted:?}");
        tapped.tap.disturb(undisturbed());
        let mut client = soon("a connection", OverWebSocket::connect(&Link::to(tapped.address), None))
            .await
            .expect("it is taken");
        assert_eq!(next(&mut client).await.ids(), [1], "what was cut was not taken");
        let posted = post(&mut client, &draft("bob", "again", Some("n"))).await.message();
        assert_eq!(posted.id, 2);
        tapped.stop().await;
    }
}
