//! Another program behind a panel: its octets pass as they are, the page beside them is ours, and whether it is there is
//! told.

use std::net::{Ipv4Addr, SocketAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use conformance::{
    Client, Http1, Http2Streaming, Link, LongPolling, OverWebSocket, Polling, Request, draft, next, post,
    soon,
};
use serde_json::{Value, json};
use side_by_side::{TRANSPORTS, upstream::Panel};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    Tapped,
    api::{Events, Running},
};

fn panel(transport: &str, address: SocketAddr) -> Panel {
    format!("{transport}={address}").parse().expect("a panel")
}

async fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port")
}

async fn told(events: &mut Events, transport: &str, is_up: bool) {
    events.until(|told| told["panels"][transport] == json!(is_up)).await;
}

/// The next connection on which something is said, and what: whoever only looks says nothing.
async fn asked(listener: &TcpListener) -> (TcpStream, Vec<u8>) {
    soon("a request", async {
        loop {
            let (mut tcp, _) = listener.accept().await.expect("a connection");
            let mut octets = Vec::new();
            while !octets.windows(4).any(|end| end == b"\r\n\r\n") {
                if tcp.read_buf(&mut octets).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            if !octets.is_empty() {
                return (tcp, octets);
            }
        }
    })
    .await
}

/// What somebody writes who reads no RFC.
const ODD: &[u8] = b"HTTP/1.1 200 Fine,  thanks\r\nCoNtEnT-LeNgTh:2\r\nx-mine:  yes \r\n\r\n{}";

#[tokio::test]
async fn its_octets_pass_as_they_are_and_the_page_is_ours() {
    let learner = listener().await;
    let address = learner.local_addr().expect("an address");
    let running = Running::start_with("panel", Some(panel("polling", address))).await;
    let mut events = running.events().await;
    told(&mut events, "polling", true).await;

    let mut client = TcpStream::connect(running.transports[0]).await.expect("the panel's port accepts");
    let request = b"GET /messages?after=x HTTP/1.1\r\nhOsT: localhost\r\nX-Odd:   spaces\r\n\r\n";
    client.write_all(request).await.expect("a request is sent");
    let (mut server, came) = asked(&learner).await;
    assert_eq!(came, request);
    server.write_all(ODD).await.expect("an answer is sent");
    let mut answer = vec![0; ODD.len()];
    soon("the answer", client.read_exact(&mut answer)).await.expect("an answer");
    assert_eq!(answer, ODD);

    let answered = |told: &Value| {
        let told = told["transports"]["polling"]["events"].as_array().expect("events");
        told.iter().find(|event| event["from"] == "server").cloned()
    };
    let unit = answered(&events.until(|told| answered(told).is_some()).await).expect("its answer");
    let unit = running.ask(&Request::get(format!("/wire/units/polling/{}", unit["id"]))).await;
    let unit: Value = serde_json::from_str(unit.text()).expect("JSON");
    let octets = STANDARD.decode(unit["octets"].as_str().expect("text")).expect("base64");
    assert!(ODD.starts_with(&octets) && octets.len() > 20, "{unit}");

    // The same connection asks for the page, which is ours; then it ends, for what it asks next may be the other's.
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("a request is sent");
    let mut page = String::new();
    soon("the page", client.read_to_string(&mut page)).await.expect("text");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("connection: close\r\n"), "{page}");
    assert!(page.contains(&format!("frame-ancestors http://localhost:{}", running.page.port())), "{page}");
    assert!(page.contains("content=\"polling\""), "{page}");
    running.stop().await;
}

#[tokio::test]
async fn who_goes_and_who_comes_back_is_told() {
    let learner = listener().await;
    let address = learner.local_addr().expect("an address");
    let running = Running::start_with("gone", Some(panel("raw-websocket", address))).await;
    let mut events = running.events().await;
    told(&mut events, "raw-websocket", true).await;
    let mut client = TcpStream::connect(running.transports[3]).await.expect("the panel's port accepts");
    client.write_all(b"GET /messages HTTP/1.1\r\nupgrade: websocket\r\n\r\nearly").await.expect("sent");
    let (server, came) = asked(&learner).await;
    assert!(came.starts_with(b"GET /messages"), "{came:?}");

    drop((learner, server));
    let mut rest = Vec::new();
    // A reset is as good an end.
    let _ = soon("the end of the connection", client.read_to_end(&mut rest)).await;
    assert_eq!(rest, b"");
    told(&mut events, "raw-websocket", false).await;
    // Nobody is there who could answer, so nobody does, as where nothing listens.
    let mut http = Http1::connect(&Link::to(running.transports[3])).await.expect("the panel's port accepts");
    assert!(soon("no answer", http.exchange(&Request::get("/messages"))).await.is_err());
    let mut http = Http1::connect(&Link::to(running.transports[3])).await.expect("the panel's port accepts");
    let page = soon("the page", http.exchange(&Request::get("/"))).await.expect("an answer");
    assert_eq!(page.status, 200, "the page is ours: {page}");

    let _learner = TcpListener::bind(address).await.expect("the port is free again");
    told(&mut events, "raw-websocket", true).await;
    running.stop().await;
}

async fn converses<C: Client>(number: usize) {
    let transport = TRANSPORTS[number];
    let learner = Tapped::start(transport, "panel").await;
    let running = Running::start_with(transport.name, Some(panel(transport.name, learner.address))).await;
    let mut events = running.events().await;
    told(&mut events, transport.name, true).await;
    let link = Link::to(running.transports[number]);
    let mut client: C = soon("a connection", C::connect(&link, None)).await.expect("it is taken");
    assert!(next(&mut client).await.ids().is_empty());
    post(&mut client, &draft("ada", "hello", Some("n-1"))).await;
    assert_eq!(next(&mut client).await.ids(), [1]);
    assert_eq!(learner.store.follow(None).read().len(), 1, "it is in the other program's log");
    drop(client);
    running.stop().await;
    learner.stop().await;
}

#[tokio::test]
async fn polling_passes() {
    converses::<Polling>(0).await;
}

#[tokio::test]
async fn long_polling_passes() {
    converses::<LongPolling>(1).await;
}

#[tokio::test]
async fn http2_streaming_passes() {
    converses::<Http2Streaming>(2).await;
}

#[tokio::test]
async fn raw_websocket_passes() {
    converses::<OverWebSocket>(3).await;
}

#[tokio::test]
async fn tungstenite_websocket_passes() {
    converses::<OverWebSocket>(4).await;
}

#[tokio::test]
async fn a_panel_takes_modules_of_its_own() {
    let folder = std::env::temp_dir().join(format!("crosstalk-panel-modules-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("transports")).expect("a folder");
    std::fs::write(folder.join("transports/polling.js"), "export const mine = 1;").expect("a file");
    std::fs::write(folder.join("secret.txt"), "secret").expect("a file");
    let learner = listener().await;
    let address = learner.local_addr().expect("an address");
    let panel = Panel { modules: Some(folder.clone()), ..panel("polling", address) };
    let running = Running::start_with("modules", Some(panel)).await;
    let ask = async |number: usize, target: &str| {
        let mut http = Http1::connect(&Link::to(running.transports[number])).await.expect("it accepts");
        soon("an answer", http.exchange(&Request::get(target))).await.expect("an answer")
    };
    let mine = ask(0, "/transports/polling.js").await;
    assert_eq!((mine.status, mine.text()), (200, "export const mine = 1;"), "{mine}");
    assert_eq!(mine.field("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(
        ask(0, "/protocol.js").await.text().contains("export function readBatch"),
        "what is not there is ours"
    );
    assert!(!ask(1, "/transports/polling.js").await.text().contains("mine"), "no other panel has it");
    for hidden in ["/secret.txt", "/transports/../secret.txt", "/x/../transports/polling.js"] {
        assert_eq!(ask(0, hidden).await.status, 404, "{hidden}");
    }
    running.stop().await;
    std::fs::remove_dir_all(folder).expect("the folder is there");
}
