//! A server that stops ends what is under way as the protocol says, within 2 s.

use std::time::Duration;

use bytes::Bytes;
use server::Limits;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    Client, Family, Frame, Http1, Http2, Request, Setup, Subject, Target, WebSocket, draft, http2, next,
    soon, websocket::opcode,
};

/// Time for what was sent to be read by the server: nothing tells a client that its request is being waited on.
const READ_BY_THE_SERVER: Duration = Duration::from_millis(200);

/// Followers are told: a WebSocket by 1001, an HTTP/2 stream by `END_STREAM` and `GOAWAY`, a long poll by its
/// answer; polling clients find the connection closed. Nobody is taken any more.
pub async fn a_stop_ends_every_follower_as_the_protocol_says<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(Limits::default())).await;
    target.fill(["one".to_owned()]).await;
    let mut followers = JoinSet::new();
    for _ in 0..8 {
        let mut client = target.connect(None).await;
        next(&mut client).await;
        followers.spawn(client.graceful_end());
    }
    sleep(READ_BY_THE_SERVER).await;
    let link = target.link();
    target.stop().await;
    for ended in soon("the end of all followers", followers.join_all()).await {
        ended.unwrap_or_else(|how| panic!("a follower of a server that stopped: {how}"));
    }
    let refused = link.connect().await;
    assert!(refused.is_err(), "a server that stopped accepts nobody");
}

/// A stop with nobody connected does not wait.
pub async fn a_stop_with_nobody_there_is_at_once<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(Limits::default())).await;
    let mut client = target.connect(None).await;
    next(&mut client).await;
    soon("a close", client.close()).await.expect("a close in good order");
    // Two more leave without a word, one with a FIN and one with an RST.
    let mut client = target.connect(None).await;
    next(&mut client).await;
    drop(client);
    let mut client = target.connect(None).await;
    next(&mut client).await;
    client.cut();
    sleep(READ_BY_THE_SERVER).await;
    let asked = std::time::Instant::now();
    target.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(1), "nobody is there, and it took {:?}", asked.elapsed());
}

/// Clients that do nothing, read nothing or answer nothing do not delay a stop beyond its 2 s.
pub async fn a_stop_does_not_wait_for_those_who_do_nothing<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(Limits::default())).await;
    let silent = Http1::connect(&target.link()).await.expect("the server accepts");
    let mut half = Http1::connect(&target.link()).await.expect("the server accepts");
    half.send_raw(b"GET /messages HTTP/1.1\r\nhost: loc").await.expect("half a head is sent");
    let link = target.link().with_receive_buffer(8 * 1024);
    let mut slow = target.connect_over(&link, None).await;
    next(&mut slow).await;
    slow.ask_and_not_read().await.expect("a request for what comes next");
    target.fill((0..1_000).map(|_| "\u{1f600}".repeat(2_000))).await;
    sleep(READ_BY_THE_SERVER).await;
    target.stop().await;
    drop((silent, half, slow));
}

/// A post whose head was read before the stop is answered after it; half a message over a WebSocket is ended by 1001.
pub async fn a_stop_lets_what_is_under_way_end<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(Limits::default())).await;
    let json = draft("brian", "while it stops", Some("n"));
    let (first, rest) = json.split_at(10);
    let link = target.link();
    match S::Client::FAMILY {
        Family::Http1 => {
            let mut http = Http1::connect(&link).await.expect("the server accepts");
            let whole = Request::post(json.clone()).to_http1(&link.authority());
            let (begin, end) = whole.split_at(whole.len() - rest.len());
            http.send_raw(begin).await.expect("the begin of a post is sent");
            sleep(READ_BY_THE_SERVER).await;
            target.begin_stop();
            sleep(READ_BY_THE_SERVER).await;
            http.send_raw(end).await.expect("the rest of a post is sent");
            let response = soon("the answer", http.response_to("POST")).await.expect("the post is answered");
            assert_eq!(response.status, 201, "a post while the server stops: {response}");
            let after = soon("the end of the connection", http.until_closed()).await;
            assert!(after.is_empty(), "after the answer: {after:?}");
        }
        Family::Http2 => {
            let mut http = Http2::connect(&link).await.expect("an HTTP/2 connection");
            let (response, mut body) = http.open(&Request::post(json.clone())).await.expect("a stream");
            body.send_data(Bytes::copy_from_slice(first), false).expect("half a post is sent");
            sleep(READ_BY_THE_SERVER).await;
            target.begin_stop();
            sleep(READ_BY_THE_SERVER).await;
            body.send_data(Bytes::copy_from_slice(rest), true).expect("the rest of a post is sent");
            let response = soon("the answer", Http2::whole(response)).await.expect("the post is answered");
            assert_eq!(response.status, 201, "a post while the server stops: {response}");
            soon("GOAWAY", http.ended()).await.expect("GOAWAY(NO_ERROR)");
        }
        Family::WebSocket => {
            let mut socket = WebSocket::connect(&link, "/messages").await.expect("a WebSocket");
            let half = Frame { fin: false, ..Frame::whole(opcode::TEXT, first) };
            socket.send(&half).await.expect("half a message is sent");
            sleep(READ_BY_THE_SERVER).await;
            target.begin_stop();
            let code = soon("a close code", socket.close_code()).await;
            assert_eq!(code.expect("a Close frame"), Some(1001), "half a message while the server stops");
        }
    }
    target.stop().await;
}

/// A client that connects while the server stops is refused or ended, and never left without an end.
pub async fn a_client_that_comes_too_late_is_not_left_waiting<S: Subject>() {
    let target = Target::<S>::with(Setup::with_limits(Limits::default())).await;
    let early = Http1::connect(&target.link()).await.expect("the server accepts");
    sleep(READ_BY_THE_SERVER).await;
    target.begin_stop();
    let mut early = early;
    let octets = match S::Client::FAMILY {
        Family::Http2 => {
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &http2::frame(4, 0, 0, &[])].concat()
        }
        _ => S::Client::following("").to_http1(&target.authority()),
    };
    // It may be closed already; what counts is that there is an end.
    let _ = early.send_raw(&octets).await;
    soon("the end of a connection without a request, after the stop", early.until_closed()).await;
    target.stop().await;
}
