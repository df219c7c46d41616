//! What only a WebSocket puts on the wire, by the WebSocket that is written by hand: it decides all as the table
//! of violations says, and some of it before a frame is whole.

#![cfg(test)]

mod deflate;
mod unread;

use conformance::{
    Frame, Incoming, Subject, Target, WebSocket, raw_request, soon,
    websocket::{connect, handshake, opcode},
    websocket_wire::violations::hex,
};

conformance::websocket_wire!(
    raw_websocket::TRANSPORT,
    raw_websocket::serve,
    env!("CARGO_BIN_EXE_raw-websocket"),
    &[]
);

/// The Close frame that is the answer to these octets.
async fn closed_after<S: Subject>(target: &Target<S>, octets: &[u8]) -> (Option<u16>, String) {
    let mut socket = connect(target.address).await;
    soon("a first batch", socket.read()).await.expect("a batch");
    socket.send_raw(octets).await.expect("octets are sent");
    match soon(format!("the Close after {octets:02x?}"), socket.read()).await {
        Ok(Incoming::Close { code, reason }) => (code, reason),
        other => panic!("{other:?} after {octets:02x?}, where a Close is due"),
    }
}

/// A header is refused on its first octet that breaks a rule: the rest, the key and the payload never come.
#[tokio::test]
async fn a_header_is_judged_octet_by_octet() {
    let target = Target::<Wire>::start().await;
    for (code, octets) in [
        (1002, "c1"),
        (1002, "83"),
        (1002, "8f"),
        (1002, "09"),
        (1002, "80"),
        (1003, "82"),
        (1002, "81 02"),
        (1002, "89 fe"),
        (1002, "88 81"),
        (1002, "81 fe 007d"),
        (1002, "81 ff 000000000000ffff"),
        (1002, "81 ff 80"),
        (1009, "81 fe 8001"),
        (1009, "81 ff 4000000000000000"),
        (1009, "01 81 00000000 61 80 fe 8000"),
        (1002, "01 81 00000000 61 81"),
    ] {
        assert_eq!(closed_after(&target, &hex(octets)).await.0, Some(code), "{octets}");
    }
    target.stop().await;
}

/// Text is refused on the first octet that cannot be right, within a frame and within a message (RFC 6455 §8.1):
/// here each announces more than ever comes.
#[tokio::test]
async fn text_is_refused_as_soon_as_it_is_certain() {
    let target = Target::<Wire>::start().await;
    for octets in [
        "81 fe 0800 00000000 616263 ff",
        "81 90 00000000 c328",
        "81 90 00000000 c0",
        "81 90 00000000 eda0",
        "81 90 00000000 f490",
        "01 82 00000000 61e2 00 80 00000000 00 81 00000000 82 80 90 00000000 28",
    ] {
        assert_eq!(closed_after(&target, &hex(octets)).await.0, Some(1007), "{octets}");
    }
    // What may still become right is waited for.
    let mut socket = connect(target.address).await;
    soon("a first batch", socket.read()).await.expect("a batch");
    for octets in ["81 83 00000000 e2", "82"] {
        socket.send_raw(&hex(octets)).await.expect("octets are sent");
    }
    socket.send_raw(&[0xac]).await.expect("octets are sent");
    let answer = soon("an answer", socket.read()).await.expect("an answer");
    assert!(matches!(&answer, Incoming::Text(problem) if problem.contains("\"status\":400")), "{answer:?}");
    target.stop().await;
}

/// The reason of a Close frame is a sentence that names the rule and its section.
#[tokio::test]
async fn a_close_says_which_rule_was_broken() {
    let target = Target::<Wire>::start().await;
    for octets in
        ["c1", "81 02", "81 fe 007d", "80", "82", "81 90 00000000 c328", "81 fe 8001", "88 82 00000000 03ed"]
    {
        let (_, reason) = closed_after(&target, &hex(octets)).await;
        assert!(reason.contains("(RFC 6455 §"), "{octets}: {reason:?}");
    }
    target.stop().await;
}

/// The subprotocols are tokens (RFC 6455 §4.1): what is none is refused, and so is a list of none.
#[tokio::test]
async fn a_subprotocol_that_is_no_token_is_refused() {
    let target = Target::<Wire>::start().await;
    for protocols in ["", ",", "a b", "json, a/b", "\"json\"", "caf\u{e9}"] {
        let request = handshake("/messages")
            .without("sec-websocket-protocol")
            .with("sec-websocket-protocol", protocols);
        let response = raw_request(target.address, &request.to_http1(&target.authority())).await;
        assert_eq!(response.status, 400, "{protocols:?}: {response}");
        response.problem();
    }
    target.stop().await;
}

/// Every ping of a burst is answered, in order, and not the newest alone.
#[tokio::test]
async fn every_ping_of_a_burst_is_answered() {
    let target = Target::<Wire>::start().await;
    let mut socket: WebSocket = connect(target.address).await;
    soon("a first batch", socket.read()).await.expect("a batch");
    let pings: Vec<_> =
        (0..200_u8).flat_map(|number| Frame::whole(opcode::PING, [number]).to_octets()).collect();
    socket.send_raw(&pings).await.expect("pings are sent");
    for number in 0..200_u8 {
        let pong = soon("a pong", socket.read_frame()).await.expect("a frame");
        assert_eq!(pong, Some(Frame::whole(opcode::PONG, [number])));
    }
    drop(socket);
    target.stop().await;
}
