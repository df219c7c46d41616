//! What only long polling puts on the wire: answers that are held, until there is news or the wait is over.

use std::time::{Duration, Instant};

use conformance::{Batch, Http1, Link, Request, Response, Setup, Target, draft, soon};
use server::{Limits, Options};

conformance::subject!(long_polling::TRANSPORT, long_polling::serve, conformance::LongPolling);

type Server = Target<Subject>;

/// Shorter than any wait in these tests, longer than a slow machine needs to answer.
const AT_ONCE: Duration = Duration::from_secs(10);

/// The batch of a `200`.
fn batch(response: &Response) -> Batch {
    assert_eq!(response.status, 200, "{response}");
    assert_eq!(response.field("content-type"), Some("application/json"), "{response}");
    response.expect_common_fields("a batch");
    Batch::parse(response.text())
}

/// The newest cursor.
async fn newest(server: &Server) -> String {
    let response = server.request(&Request::get("/messages")).await;
    batch(&response).cursor.expect("a cursor")
}

async fn connect(link: &Link) -> Http1 {
    soon("a connection", Http1::connect(link)).await.expect("the server accepts")
}

async fn ask(http: &mut Http1, query: &str) -> Response {
    let request = Request::get(format!("/messages?{query}"));
    soon(format!("the answer to ?{query}"), http.exchange(&request)).await.expect("an answer")
}

/// An answer is held for as long as the client waits, then it is 204, without content, and the connection is good for
/// the next request.
#[tokio::test]
async fn an_answer_is_held_until_the_wait_is_over() {
    let server = Server::start().await;
    let cursor = newest(&server).await;
    let mut http = connect(&server.link()).await;
    let asked = Instant::now();
    let response = ask(&mut http, &format!("after={cursor}&wait=1")).await;
    assert_eq!(response.status, 204, "{response}");
    assert!(asked.elapsed() >= Duration::from_secs(1), "answered after {:?}", asked.elapsed());
    response.expect_common_fields("a 204");
    assert_eq!(response.field("content-length"), None, "RFC 9110 §8.6: a 204 states no length: {response}");
    assert_eq!(response.field("content-type"), None, "{response}");
    let next = ask(&mut http, &format!("after={cursor}&wait=0")).await;
    assert_eq!(next.status, 204, "on the same connection: {next}");
    server.stop().await;
}

/// An answer that is held comes when a message does, long before the wait is over, to all who wait, with the same
/// octets.
#[tokio::test]
async fn a_message_answers_all_who_wait() {
    let server = Server::start().await;
    let cursor = newest(&server).await;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        let mut http = connect(&server.link()).await;
        http.send(&Request::get(format!("/messages?after={cursor}&wait=50")))
            .await
            .expect("a request is sent");
        waiting.push(http);
    }
    let asked = Instant::now();
    let posted = server.request(&Request::post(draft("brian", "hi", Some("n")))).await;
    assert_eq!(posted.status, 201, "{posted}");
    let mut contents = Vec::new();
    for http in &mut waiting {
        let response = soon("the answer that was held", http.response_to("GET")).await.expect("an answer");
        assert_eq!(batch(&response).messages[0].json, posted.text(), "{response}");
        contents.push(response.content);
    }
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    contents.dedup();
    assert_eq!(contents.len(), 1, "all get the same octets");
    server.stop().await;
}

/// What there is to tell is told at once: without a cursor all that is retained, be it nothing; after one what is new,
/// `missed` or `reset`.
#[tokio::test]
async fn news_are_not_waited_for() {
    let server = Server::with(Setup::with_history(2)).await;
    let mut http = connect(&server.link()).await;
    let asked = Instant::now();
    let first = batch(&ask(&mut http, "wait=50").await);
    assert!(!first.has_news(), "{first:?}");
    let cursor = first.cursor.expect("a cursor");
    server.fill((1..=5).map(|number| number.to_string())).await;
    let all = batch(&ask(&mut http, "wait=50").await);
    assert_eq!(all.ids(), [4, 5]);
    let missed = batch(&ask(&mut http, &format!("after={cursor}&wait=50")).await);
    assert_eq!((missed.ids(), missed.missed), (vec![4, 5], Some(3)));
    let reset = batch(&ask(&mut http, "after=other-5&wait=50").await);
    assert_eq!((reset.ids(), reset.reset), (vec![4, 5], true));
    for wait in ["", "&wait=50", "&wait=1", "&wait=0"] {
        let epoch = cursor.split_once('-').expect("an epoch").0;
        let new = batch(&ask(&mut http, &format!("after={epoch}-4{wait}")).await);
        assert_eq!(new.ids(), [5], "with {wait:?}");
    }
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    server.stop().await;
}

/// `wait` is a whole number of seconds from 0 to 50, once; else 400, with or without a cursor. Where it is zero, the
/// answer comes at once.
#[tokio::test]
async fn a_wait_is_a_whole_number_up_to_50() {
    let server = Server::start().await;
    let cursor = newest(&server).await;
    let mut http = connect(&server.link()).await;
    for wait in [
        "51",
        "61",
        "100",
        "-1",
        "-0",
        "+1",
        "1.0",
        "1.",
        "1e1",
        "1e9",
        "NaN",
        "inf",
        "0x10",
        "",
        "%20",
        "1%20",
        "1s",
        "%D9%A1",
        "18446744073709551616",
        "99999999999999999999999999",
        "%00",
        "1%00",
    ] {
        for query in [format!("after={cursor}&wait={wait}"), format!("wait={wait}")] {
            let response = ask(&mut http, &query).await;
            assert_eq!(response.status, 400, "?{query}: {response}");
            assert!(
                response.problem().detail.contains("`wait`"),
                "the problem names the parameter: {response}"
            );
        }
    }
    for twice in ["wait=1&wait=1", "wait=0&wait=51", "wait&wait=1", "wait"] {
        let response = ask(&mut http, &format!("after={cursor}&{twice}")).await;
        assert_eq!(response.status, 400, "?{twice}: {response}");
    }
    let wrong = ask(&mut http, "after=x&wait=x").await;
    assert!(wrong.problem().detail.contains("`after`"), "the cursor is judged first: {wrong}");
    for wait in ["0", "00", "000000000000000000000"] {
        let response = ask(&mut http, &format!("after={cursor}&wait={wait}")).await;
        assert_eq!(response.status, 204, "wait={wait}: {response}");
    }
    for wait in ["50", "050", "1&more=2"] {
        let response = ask(&mut http, &format!("wait={wait}")).await;
        assert_eq!(response.status, 200, "wait={wait}: {response}");
    }
    server.stop().await;
}

/// `HEAD` does not wait.
#[tokio::test]
async fn head_does_not_wait() {
    let server = Server::start().await;
    let cursor = newest(&server).await;
    let mut http = connect(&server.link()).await;
    let asked = Instant::now();
    let request = Request::new("HEAD", format!("/messages?after={cursor}&wait=50"));
    let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
    assert_eq!(response.status, 204, "{response}");
    server.fill(["one".to_owned()]).await;
    let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
    assert_eq!(response.status, 200, "{response}");
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    server.stop().await;
}

/// A client that leaves while its answer is held, by RST, by FIN or half-closed, leaves nothing behind: its place among
/// the connections is free long before the wait is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_ends_with_its_client() {
    const ROOM: usize = 60;
    let options = Options { max_connections: ROOM, post_rate: 0, ..Options::default() };
    let limits = Limits { linger: Duration::from_millis(300), ..Limits::default() };
    let server = Server::with(Setup { options, limits, ..Setup::default() }).await;
    let cursor = newest(&server).await;
    let begun = Instant::now();
    let mut half_closed = Vec::new();
    let mut waiting: Vec<Http1> = Vec::new();
    while waiting.len() < ROOM {
        let mut http = connect(&server.link()).await;
        // Answered at once, so that it is known to have a place; then held.
        if ask(&mut http, "wait=50").await.status == 200 {
            http.send(&Request::get(format!("/messages?after={cursor}&wait=50")))
                .await
                .expect("a request is sent");
            waiting.push(http);
        }
    }
    let full = connect(&server.link()).await;
    drop(full);
    for (number, mut http) in waiting.into_iter().enumerate() {
        match number % 3 {
            0 => http.cut(),
            1 => drop(http),
            _ => {
                http.finish().await.expect("the sending side closes");
                half_closed.push(http);
            }
        }
    }
    let mut again = Vec::new();
    let room = async {
        while again.len() < ROOM {
            let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
            // Refused with 503 while there is no room.
            match http.exchange(&Request::get("/healthz")).await {
                Ok(response) if response.status == 200 => again.push(http),
                _ => tokio::task::yield_now().await,
            }
        }
    };
    soon("room for as many again", room).await;
    assert!(
        begun.elapsed() < Duration::from_secs(45),
        "{:?}: the waits may have ended by themselves",
        begun.elapsed()
    );
    for mut http in half_closed {
        let response = soon("the answer to a half-closed wait", http.response_to("GET")).await;
        assert_eq!(response.expect("an answer").status, 204, "who asks nothing more is answered at once");
    }
    server.stop().await;
}

/// A wait longer than any deadline is not cut by one: the client has asked, and it is the server's turn.
#[tokio::test]
async fn a_wait_is_not_idleness() {
    let limit = Duration::from_millis(500);
    let limits = Limits { idle: limit, head: limit, body: limit, stalled: limit, ..Limits::default() };
    let server = Server::with(Setup::with_limits(limits)).await;
    let cursor = newest(&server).await;
    let mut http = connect(&server.link()).await;
    let response = ask(&mut http, &format!("after={cursor}&wait=2")).await;
    assert_eq!(response.status, 204, "four times each deadline later: {response}");
    server.stop().await;
}

/// Requests behind one that is held wait for their turn (RFC 9112 §9.3.2).
#[tokio::test]
async fn what_is_pipelined_behind_a_wait_is_answered_behind_it() {
    let server = Server::start().await;
    let cursor = newest(&server).await;
    let authority = server.authority();
    let mut octets = Request::get(format!("/messages?after={cursor}&wait=50")).to_http1(&authority);
    octets.extend(Request::get("/healthz").to_http1(&authority));
    let mut http = connect(&server.link()).await;
    http.send_raw(&octets).await.expect("two requests are sent");
    server.fill(["one".to_owned()]).await;
    let first = soon("the answer that was held", http.response_to("GET")).await.expect("an answer");
    assert_eq!(batch(&first).ids(), [1]);
    let second = soon("the answer behind it", http.response_to("GET")).await.expect("an answer");
    assert_eq!(second.text(), "ready\n", "{second}");
    server.stop().await;
}
