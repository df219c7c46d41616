//! Servers that are wrong on purpose lose what they are said to lose, and the right ones come back in their place.

use std::time::Duration;

use conformance::{Batch, Http1, Link, OverWebSocket, Request, Response, draft, next, soon};
use conformance::{Client, Polling, post};
use serde_json::{Value, json};
use side_by_side::TRANSPORTS;
use tokio::time::timeout;

use crate::api::{Events, Running};

/// Asks for a variant, and waits until its server serves.
async fn vary(running: &Running, events: &mut Events, transport: &str, variant: Option<&str>) {
    let answer =
        running.tell("PUT", &format!("/wire/variants/{transport}"), &json!({ "variant": variant })).await;
    assert_eq!(answer.status, 200, "{answer}");
    let state: Value = serde_json::from_str(answer.text()).expect("JSON");
    assert_eq!(state[transport], json!(variant), "{state}");
    let words = variant.map_or("right again".to_owned(), |name| name.replace('-', " "));
    events.until(|told| told["transports"][transport]["events"].to_string().contains(&words)).await;
}

async fn exchange(link: &Link, request: &Request) -> Response {
    let mut http = Http1::connect(link).await.expect("the server accepts");
    soon("an answer", http.exchange(request)).await.expect("an answer")
}

#[tokio::test]
async fn all_are_right_until_told_and_the_state_is_told() {
    let running = Running::start("variants").await;
    let mut events = running.events().await;
    let first = events.next().await;
    for transport in TRANSPORTS {
        assert_eq!(first["variants"][transport.name], Value::Null, "{first}");
    }
    assert!(first["variants"].is_object(), "{first}");
    for (transport, content, named) in [
        ("long-polling", json!({"variant": "drops-the-slow"}), "\"forgets-on-write\" or null"),
        ("polling", json!({"variant": "forgets-on-write"}), "`variant` of polling must be null"),
        ("all", json!({"variant": "forgets-on-write"}), "`variant` of polling"),
        ("long-polling", json!({"variant": 1}), "\"forgets-on-write\" or null"),
        ("long-polling", json!({}), "`variant`"),
        ("long-polling", json!({"variant": null, "x": 1}), "`variant`"),
        ("long-polling", json!([]), "`variant`"),
    ] {
        let answer = running.tell("PUT", &format!("/wire/variants/{transport}"), &content).await;
        assert_eq!(answer.status, 422, "{content}: {answer}");
        assert!(answer.problem().detail.contains(named), "{named}: {answer}");
    }
    let missing = running.tell("PUT", "/wire/variants/x", &json!({"variant": null})).await;
    assert_eq!(missing.status, 404, "{missing}");

    vary(&running, &mut events, "long-polling", Some("forgets-on-write")).await;
    let answer = running.tell("PUT", "/wire/variants/all", &json!({"variant": null})).await;
    assert_eq!(answer.status, 200, "{answer}");
    events.until(|told| told["variants"]["long-polling"].is_null() && told["variants"].is_object()).await;
    running.stop().await;
}

#[tokio::test]
async fn long_polling_forgets_what_nobody_waits_for() {
    let running = Running::start("forgets").await;
    let mut events = running.events().await;
    vary(&running, &mut events, "long-polling", Some("forgets-on-write")).await;
    let link = Link::to(running.transports[1]);
    let found = Batch::parse(exchange(&link, &Request::get("/messages")).await.text());
    let cursor = found.cursor.expect("a cursor");
    let said = exchange(&link, &Request::post(draft("ada", "between two requests", None))).await;
    assert_eq!(said.status, 201, "{said}");
    let asked = |wait: u32| Request::get(format!("/messages?after={cursor}&wait={wait}"));
    assert_eq!(exchange(&link, &asked(0)).await.status, 204, "it is forgotten");

    // Whether the request waits already cannot be seen, so it is said until it is heard.
    let mut waiting = Http1::connect(&link).await.expect("the server accepts");
    waiting.send(&asked(50)).await.expect("a request is sent");
    let heard = loop {
        let said = exchange(&link, &Request::post(draft("ada", "to who waits", None))).await;
        assert_eq!(said.status, 201, "{said}");
        let answer = waiting.response_to("GET");
        if let Ok(answer) = timeout(Duration::from_secs(2), answer).await {
            break Batch::parse(answer.expect("an answer").text());
        }
    };
    assert!(heard.messages.iter().all(|message| message.text == "to who waits"), "{heard:?}");
    assert_eq!(heard.missed, None, "and nobody says so");

    vary(&running, &mut events, "long-polling", None).await;
    let all = Batch::parse(exchange(&link, &asked(0)).await.text());
    assert_eq!(all.messages[0].text, "between two requests", "the right server looks at the cursor");
    running.stop().await;
}

/// Texts of 2 KB, so that what is between the server and a client that hardly reads is soon full.
#[tokio::test]
async fn a_broadcast_drops_the_slow_reader_silently() {
    const SAID: u64 = 200;
    let running = Running::start("drops").await;
    let mut events = running.events().await;
    vary(&running, &mut events, "tungstenite-websocket", Some("drops-the-slow")).await;
    let slow = |octets: u32| json!({ "slow_reader": octets });
    assert_eq!(running.tell("PUT", "/wire/disturbances/all", &slow(1_000)).await.status, 200);
    let link = |index: usize| Link::to(running.transports[index]);
    let connect = |index: usize| {
        let link = link(index);
        async move {
            let mut client = soon("a connection", OverWebSocket::connect(&link, None)).await.expect("it");
            assert_eq!(next(&mut client).await.ids(), [0; 0]);
            client
        }
    };
    let (mut right, mut wrong) = (connect(3).await, connect(4).await);
    assert_eq!(running.tell("PUT", "/wire/disturbances/polling", &slow(0)).await.status, 200);
    let mut poster = soon("a connection", Polling::connect(&link(0), None)).await.expect("taken");
    for _ in 0..SAID {
        post(&mut poster, &draft("ada", &"x".repeat(2_000), None)).await;
    }
    assert_eq!(running.tell("PUT", "/wire/disturbances/all", &slow(0)).await.status, 200);
    assert_eq!(ids_until(&mut right, SAID).await, (1..=SAID).collect::<Vec<_>>());
    let heard = ids_until(&mut wrong, SAID).await;
    assert!(heard.len() < usize::try_from(SAID).expect("few"), "some are lost");
    assert!(heard.is_sorted_by(|one, other| one < other), "in order, and once: {heard:?}");
    running.stop().await;
}

/// What a client hears up to the message `last`.
async fn ids_until(client: &mut OverWebSocket, last: u64) -> Vec<u64> {
    let mut ids = Vec::new();
    while ids.last() != Some(&last) {
        let batch = next(client).await;
        assert_eq!(batch.missed, None, "nobody says so");
        ids.extend(batch.ids());
    }
    ids
}
