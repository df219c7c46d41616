//! Every wait has an end: clients that say nothing, too little or too slowly, and more of them than there is room for.

use std::time::Duration;

use bytes::Bytes;
use server::{Limits, Options};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    Client, Family, Http1, Http2, Link, Lost, Request, Setup, Subject, Target, WebSocket, draft, http2, next,
    soon,
};

/// The waits in these tests, long enough that a slow machine does not end what is well-behaved.
const WAIT: Duration = Duration::from_millis(400);

/// How long after a deadline a connection may still be there.
const LATE: Duration = Duration::from_secs(8);

fn limits() -> Limits {
    Limits { head: WAIT, body: WAIT, idle: WAIT, handshake: WAIT, linger: WAIT, ..Limits::default() }
}

/// Waits until the server closes, and checks that it did so at its deadline. Gives what it said.
async fn closed_at_the_deadline(mut http: Http1, since: Instant, what: &str) -> String {
    let said = match timeout(WAIT + LATE, http.until_closed()).await {
        Ok(said) => String::from_utf8_lossy(&said).into_owned(),
        Err(_) => panic!("{what}: still open {:?} after it began, with a limit of {WAIT:?}", since.elapsed()),
    };
    assert!(
        since.elapsed() > WAIT / 2,
        "{what}: closed after {:?} already, saying {said:?}",
        since.elapsed()
    );
    said
}

/// A connection on which nothing is asked is closed without a word.
pub async fn a_connection_that_asks_nothing_is_closed<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(limits())).await;
    let since = Instant::now();
    let http = Http1::connect(&target.link()).await.expect("the server accepts");
    let said = closed_at_the_deadline(http, since, "a connection that asks nothing").await;
    assert_eq!(said, "", "to nothing there is no answer");
    expect_alive(&target).await;
    target.stop().await;
}

/// A head has to be complete in time, however it trickles.
pub async fn a_head_that_does_not_end_is_refused<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(limits())).await;
    let (begin, goes_on): (&[u8], _) = match S::Client::FAMILY {
        Family::Http2 => (b"PRI * ", b"HTTP/2.0\r\n\r\nSM".as_slice()),
        _ => (b"GET /messages HTTP/1.1\r\nhost: localhost\r\n", b"x: y\r\nz: z\r\n".as_slice()),
    };
    // Stands still.
    let since = Instant::now();
    let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
    http.send_raw(begin).await.expect("half a head is sent");
    expect_408_or_nothing(&closed_at_the_deadline(http, since, "half a head").await);

    // Trickles: each octet comes in time, the head does not.
    let since = Instant::now();
    let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
    http.send_raw(begin).await.expect("half a head is sent");
    for octet in goes_on {
        sleep(WAIT / 8).await;
        // Once the server has closed, the rest cannot be sent.
        if http.send_raw(&[*octet]).await.is_err() {
            break;
        }
    }
    expect_408_or_nothing(&closed_at_the_deadline(http, since, "a head that trickles").await);
    expect_alive(&target).await;
    target.stop().await;
}

/// On an HTTP/2 port, what is said before the end is frames.
fn expect_408_or_nothing(said: &str) {
    assert!(!said.starts_with("HTTP/1.1") || said.starts_with("HTTP/1.1 408 "), "{said}");
}

/// The content of a post has to be complete in time; a WebSocket that stopped within a frame is dropped for its silence.
pub async fn content_that_does_not_end_is_refused<S: Subject>() {
    let limits = Limits { ping_after: WAIT, pong_within: WAIT, ..limits() };
    let target = Target::<S>::with(Setup::with_limits(limits)).await;
    let json = draft("brian", "too slow", None);
    match S::Client::FAMILY {
        Family::Http1 => {
            let since = Instant::now();
            let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
            let whole = Request::post(json).to_http1(&target.authority());
            http.send_raw(&whole[..whole.len() - 5]).await.expect("most of a post is sent");
            expect_408_or_nothing(&closed_at_the_deadline(http, since, "content that stops").await);

            let since = Instant::now();
            let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
            http.send_raw(&whole[..whole.len() - 20]).await.expect("most of a post is sent");
            for octet in &whole[whole.len() - 20..whole.len() - 5] {
                sleep(WAIT / 8).await;
                if http.send_raw(&[*octet]).await.is_err() {
                    break;
                }
            }
            expect_408_or_nothing(&closed_at_the_deadline(http, since, "content that trickles").await);
        }
        Family::Http2 => {
            let mut http = Http2::connect(&target.link()).await.expect("an HTTP/2 connection");
            let (response, mut body) = http.open(&Request::post(json)).await.expect("a stream");
            body.send_data(Bytes::from_static(b"{\"user\""), false).expect("part of a post is sent");
            match soon("the answer to a post that stops", Http2::whole(response)).await {
                Ok(response) => assert_eq!(response.status, 408, "a post that stops: {response}"),
                Err(Lost::Http2(error)) => {
                    assert!(error.is_reset() || error.is_go_away(), "a post that stops: {error}");
                }
                Err(other) => panic!("a post that stops: {other}"),
            }
        }
        Family::WebSocket => {
            let mut socket = WebSocket::connect(&target.link(), "/messages").await.expect("a WebSocket");
            socket.answers_pings = false;
            socket.send_raw(&[0x81, 0xfe, 0x01]).await.expect("part of a frame is sent");
            // Dropped, with or without a Close frame; that it ends is what counts.
            let _ = soon("the end of a WebSocket within a frame", socket.close_code()).await;
        }
    }
    let log = next(&mut target.connect(None).await).await;
    assert!(log.messages.is_empty(), "a post that did not end is not in the log: {log:?}");
    target.stop().await;
}

/// A connection that has its answer and asks nothing more is closed.
pub async fn a_connection_that_asks_nothing_more_is_closed<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(limits())).await;
    let request = Request::get("/healthz");
    if S::Client::FAMILY == Family::Http2 {
        let mut http = Http2::connect(&target.link()).await.expect("an HTTP/2 connection");
        let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
        assert_eq!(response.status, 200, "{response}");
        soon("the end of a connection that asks nothing more", http.ended()).await.expect("GOAWAY(NO_ERROR)");
    } else {
        let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
        let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
        assert_eq!(response.status, 200, "{response}");
        let said = closed_at_the_deadline(http, Instant::now(), "a connection that asks nothing more").await;
        assert_eq!(said, "", "to nothing there is no answer");
    }
    target.stop().await;
}

/// A follower with nothing to read is not idle: it is still there after several times every deadline.
pub async fn a_follower_that_is_only_silent_stays<S: Subject>() {
    let limits = Limits { ping_after: WAIT / 2, pong_within: LATE, heartbeat: WAIT / 2, ..limits() };
    let target = Target::<S>::with(Setup::with_limits(limits)).await;
    let mut client = target.connect(None).await;
    next(&mut client).await;
    let store = target.store.clone();
    let later = tokio::spawn(async move {
        sleep(4 * WAIT).await;
        let draft = message_store::Draft::new("late", "after a long silence", None).expect("a draft");
        store.append(draft).await;
    });
    let batch = next(&mut client).await;
    assert_eq!(batch.ids(), [1], "what a follower gets after a long silence");
    later.await.expect("the message was appended");
    target.stop().await;
}

/// A follower that answers no ping is dropped; over HTTP/1.1, which has none, a client that asks and does not read
/// on is, when it has been idle.
pub async fn a_peer_that_is_gone_is_noticed<S: Subject>() {
    let limits = Limits { ping_after: WAIT, pong_within: WAIT, ..limits() };
    let target = Target::<S>::with(Setup::with_limits(limits)).await;
    match S::Client::FAMILY {
        Family::WebSocket => {
            let mut socket = WebSocket::connect(&target.link(), "/messages").await.expect("a WebSocket");
            socket.answers_pings = false;
            let since = Instant::now();
            let ended = soon("the end of a WebSocket that answers no ping", async {
                loop {
                    match socket.read().await {
                        Ok(crate::Incoming::Text(_)) => {}
                        ended => return ended,
                    }
                }
            })
            .await;
            assert!(since.elapsed() > WAIT, "dropped after {:?} already: {ended:?}", since.elapsed());
        }
        Family::Http2 => {
            let since = Instant::now();
            let octets = http2::raw_frames(target.address, &http2::get_frame("/messages", "localhost")).await;
            assert!(since.elapsed() > WAIT, "dropped after {:?} already", since.elapsed());
            let ping = octets.windows(9).any(|frame| frame[..5] == [0, 0, 8, 6, 0]);
            assert!(ping, "a PING comes before the end: {octets:?}");
        }
        Family::Http1 => {
            let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
            let since = Instant::now();
            http.send(&S::Client::following("")).await.expect("a request is sent");
            let said = closed_at_the_deadline(http, since, "a client that asked once").await;
            assert!(said.starts_with("HTTP/1.1 200 "), "the answer comes before the end: {said}");
        }
    }
    expect_alive(&target).await;
    target.stop().await;
}

/// A client that takes nothing of what is written to it is dropped, and does not get it all.
pub async fn a_client_that_takes_nothing_is_dropped<S: Subject>() {
    const MESSAGES: u64 = 1_000;
    let limits = Limits { stalled: WAIT, ..Limits::default() };
    let setup = Setup { history: 1_000, ..Setup::with_limits(limits) };
    let target = Target::<S>::with(setup).await;
    // 8 MB: more than the buffers between server and client hold.
    target.fill((0..MESSAGES).map(|_| "\u{1f600}".repeat(2_000))).await;
    let link = target.link().with_receive_buffer(8 * 1024);
    if S::Client::FAMILY == Family::Http1 {
        // Each answer is a batch of 256 KiB.
        const REQUESTS: usize = 64;
        let mut http = Http1::connect(&link).await.expect("the server accepts");
        let request = S::Client::following("").to_http1(&target.authority());
        http.send_raw(&request.repeat(REQUESTS)).await.expect("pipelined requests are sent");
        sleep(4 * WAIT).await;
        let mut answers = 0;
        while answers < REQUESTS && soon("an answer, or the end", http.response_to("GET")).await.is_ok() {
            answers += 1;
        }
        assert!(answers < REQUESTS, "all {answers} answers came, after nothing was taken for {:?}", 4 * WAIT);
    } else {
        let mut client = target.connect_over(&link, None).await;
        sleep(4 * WAIT).await;
        let mut ledger = crate::Ledger::after(0);
        let ended = loop {
            match soon("a batch, or the end", client.next_batch()).await {
                Ok(batch) => ledger.add(batch),
                Err(ended) => break ended,
            }
            assert!(
                ledger.last() < MESSAGES,
                "all messages came, after nothing was taken for {:?}",
                4 * WAIT
            );
        };
        assert!(
            matches!(ended, Lost::Connection(_) | Lost::Http2(_)),
            "dropped, and so without an end: {ended}"
        );
    }
    expect_alive(&target).await;
    target.stop().await;
}

/// A connection past `--max-connections` is refused, the others go on, and there is room again when one leaves.
pub async fn a_connection_too_many_is_refused<S: Subject>() {
    const ROOM: usize = 3;
    let options = Options { max_connections: ROOM, post_rate: 0, ..Options::default() };
    let target = Target::<S>::with(Setup { options, ..Setup::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..ROOM {
        let mut client = target.connect(None).await;
        next(&mut client).await;
        clients.push(client);
    }
    let refused = soon("the end of one connection too many", refusal::<S>(&target.link())).await;
    match S::Client::FAMILY {
        // A port that speaks TLS closes unanswered.
        Family::Http2 => assert_eq!(refused, "", "nothing is said on a port that speaks TLS"),
        _ => {
            assert!(refused.starts_with("HTTP/1.1 503 "), "one connection too many: {refused:?}");
            let (head, content) = refused.split_once("\r\n\r\n").expect("a head");
            let head = head.to_ascii_lowercase();
            assert!(
                head.contains("\r\nconnection: close") && head.contains("\r\nretry-after: "),
                "{refused}"
            );
            assert!(head.contains("\r\ncontent-type: application/problem+json"), "{refused}");
            assert_eq!(crate::Problem::parse(content).status, 503, "{refused}");
        }
    }
    target.fill(["still here".to_owned()]).await;
    for client in &mut clients {
        assert_eq!(next(client).await.ids(), [1], "those who are there go on");
    }
    if let Some(client) = clients.pop() {
        soon("a close", client.close()).await.expect("a close in good order");
    }
    let again = async {
        loop {
            // The server gives the place back when it has noticed that the other is gone.
            if let Ok(mut client) = S::Client::connect(&target.link(), None).await
                && let Ok(batch) = client.next_batch().await
            {
                return batch;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert_eq!(soon("room again", again).await.ids(), [1], "there is room again");
    drop(clients);
    target.stop().await;
}

/// What the server says to a connection that asks to follow, until it closes it.
async fn refusal<S: Subject>(link: &Link) -> String {
    let mut http = Http1::connect(link).await.expect("the connection is made by the system");
    if S::Client::FAMILY != Family::Http2 {
        // It may be refused before it is sent.
        let _ = http.send(&S::Client::following("")).await;
    }
    String::from_utf8_lossy(&http.until_closed().await).into_owned()
}

async fn expect_alive<S: Subject>(target: &Target<S>) {
    let response = target.request(&Request::get("/healthz")).await;
    assert_eq!(response.status, 200, "the server goes on: {response}");
}
