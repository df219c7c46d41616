//! What is counted is what a relay of the test's own saw, to the octet.

use conformance::{
    Client, Http2Streaming, Link, LongPolling, OverWebSocket, Polling, draft, next, post, soon,
};
use message_store::Draft;
use server::Transport;
use wire::{Disturbances, tap::event::Octets};

use crate::{
    Tapped,
    proxy::{Proxy, To},
};

const TEXTS: [&str; 3] = ["hello", "\"ü\" \\ \u{1f600}", "{\"text\":\"x\"}"];

/// The octets that the texts are in JSON, without their quotes: 5, 14 and 16.
const TEXT_OCTETS: u64 = 35;

/// Posts all texts and reads until they have come back.
pub(super) async fn converse<C: Client>(link: &Link) {
    let mut client = soon("a connection", C::connect(link, None)).await.expect("it is taken");
    next(&mut client).await;
    for (number, text) in TEXTS.iter().enumerate() {
        post(&mut client, &draft("ada", text, Some(&format!("n-{number}")))).await;
    }
    let mut got = 0;
    while got < TEXTS.len() {
        got += next(&mut client).await.messages.len();
    }
    // Half of the clients are still asking something; a reset would not be an orderly end for them.
    let _ = soon("the end", client.close()).await;
}

fn assert_parts(octets: &Octets, name: &str) {
    let parts = octets.fields + octets.framing + octets.envelope + octets.payload + octets.other;
    assert_eq!(parts, octets.plain, "{name}: the parts are the whole: {octets:?}");
    assert_eq!(octets.tls, octets.tcp - octets.plain, "{name}: {octets:?}");
}

/// `answers` is how often the server says each text.
async fn counted<C: Client>(transport: Transport, answers: u64) {
    let tapped = Tapped::start(transport, "counts").await;
    let proxy = Proxy::start(To::Tcp(tapped.address)).await;
    converse::<C>(&Link::to(proxy.address)).await;
    tapped.quiet().await;
    let octets = tapped.tap.counts().octets;
    assert_eq!((octets.client.tcp, octets.server.tcp), proxy.seen(), "{}: {octets:?}", transport.name);
    assert!(octets.client.tcp > 300 && octets.server.tcp > 300, "{octets:?}");
    for side in [&octets.client, &octets.server] {
        assert_parts(side, transport.name);
        assert_eq!(side.tls, 0, "{octets:?}");
        assert_eq!(side.other, 0, "all is understood: {octets:?}");
    }
    assert_eq!(octets.client.payload, TEXT_OCTETS, "{}: {octets:?}", transport.name);
    assert_eq!(octets.server.payload, TEXT_OCTETS * answers, "{}: {octets:?}", transport.name);
    tapped.stop().await;
}

#[tokio::test]
async fn polling() {
    counted::<Polling>(polling::TRANSPORT, 2).await;
}

#[tokio::test]
async fn long_polling() {
    counted::<LongPolling>(long_polling::TRANSPORT, 2).await;
}

#[tokio::test]
async fn http2_in_cleartext() {
    counted::<Http2Streaming>(http2_streaming::TRANSPORT, 2).await;
}

#[tokio::test]
async fn raw_websocket() {
    counted::<OverWebSocket>(raw_websocket::TRANSPORT, 1).await;
}

#[tokio::test]
async fn tungstenite() {
    counted::<OverWebSocket>(tungstenite_websocket::TRANSPORT, 1).await;
}

/// Ciphertext as the relay before the server saw it, plaintext as the relay that made TLS of it did.
#[tokio::test]
async fn http2_in_tls() {
    let tapped = Tapped::start(http2_streaming::TRANSPORT, "tls").await;
    let cipher = Proxy::start(To::Tcp(tapped.address)).await;
    let plain = Proxy::start(To::Tls(cipher.address)).await;
    converse::<Http2Streaming>(&Link::to(plain.address)).await;
    tapped.quiet().await;
    let octets = tapped.tap.counts().octets;
    assert_eq!((octets.client.tcp, octets.server.tcp), cipher.seen(), "{octets:?}");
    assert_eq!((octets.client.plain, octets.server.plain), plain.seen(), "{octets:?}");
    for side in [&octets.client, &octets.server] {
        assert_parts(side, "tls");
        assert!(side.tls > 200, "a handshake and records: {octets:?}");
    }
    assert_eq!((octets.client.payload, octets.server.payload), (TEXT_OCTETS, TEXT_OCTETS * 2), "{octets:?}");
    tapped.stop().await;
}

/// What was written into TLS and cut off before it reached the client is not counted.
#[tokio::test]
async fn a_cut_in_tls() {
    let tapped = Tapped::start(http2_streaming::TRANSPORT, "cut-tls").await;
    let cipher = Proxy::start(To::Tcp(tapped.address)).await;
    let plain = Proxy::start(To::Tls(cipher.address)).await;
    let link = Link::to(plain.address);
    let mut client = soon("a connection", Http2Streaming::connect(&link, None)).await.expect("it is taken");
    next(&mut client).await;
    tapped.tap.disturb(Disturbances { slow_reader: 40_000, ..Disturbances::default() });
    let text = "\u{1f600}".repeat(2_000);
    for _ in 0..50 {
        tapped.store.append(Draft::new("ada", &text, None).expect("a draft")).await;
        tokio::task::yield_now().await;
    }
    next(&mut client).await;
    tapped.tap.cut();
    tapped.quiet().await;
    let octets = tapped.tap.counts().octets;
    assert_eq!(octets.server.tcp, cipher.seen().1, "{octets:?}");
    assert_eq!(octets.server.plain, plain.seen().1, "all that came whole, and no more: {octets:?}");
    assert!(octets.server.plain < 100_000, "most was cut off: {octets:?}");
    assert_parts(&octets.server, "cut");
    tapped.stop().await;
}
