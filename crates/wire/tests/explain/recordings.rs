//! What real clients and the five transports said to each other; `recordings/record.mjs` recorded it.
//!
//! Beside each recording stands what the explainer makes of it, to be read: `UPDATE_EXPECT=1 cargo test -p wire` writes
//! it anew.

use std::{fmt::Write as _, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use wire::explain::{Explainer, Protocol, Side, Unit};

use super::{Parts, explain, named};

fn recording(name: &str) -> Parts {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).with_extension("jsonl");
    let part = |line: &str| {
        let part: Value = serde_json::from_str(line).unwrap();
        let side = if part["from"] == "client" { Side::Client } else { Side::Server };
        (side, STANDARD.decode(part["octets"].as_str().unwrap()).unwrap())
    };
    fs::read_to_string(path).unwrap().lines().map(part).collect()
}

fn protocol(name: &str) -> Protocol {
    if name.contains("h2") || name.contains("http2") { Protocol::Http2 } else { Protocol::Http1 }
}

fn listing(units: &[Unit]) -> String {
    let mut listing = String::new();
    for unit in units {
        let side = if unit.side == Side::Client { "client" } else { "server" };
        writeln!(listing, "{side} {:>6}..{:<6} {}", unit.start, unit.end, unit.summary).unwrap();
    }
    listing
}

/// Checks one recording: all is understood, in any pieces alike, and as it was.
fn check(name: &str) -> Vec<Unit> {
    let parts = recording(name);
    let units = explain(protocol(name), &parts);
    for unit in &units {
        assert!(!matches!(unit.kind, "incomplete" | "not understood"), "{unit:?}");
        for span in &unit.spans {
            assert!(!span.meaning.to_lowercase().contains("not understood"), "{span:?}");
            assert!(!span.meaning.contains("breaks a rule"), "{span:?}");
            assert!(!span.meaning.contains("Not decoded"), "{span:?}");
        }
    }
    let mut explainer = Explainer::new(protocol(name));
    let mut bytewise = Vec::new();
    for (side, octets) in &parts {
        bytewise.extend(octets.iter().flat_map(|octet| explainer.push(*side, &[*octet])).collect::<Vec<_>>());
    }
    bytewise.extend(explainer.finish());
    assert!(bytewise == units, "octet by octet it is not the same");
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name).with_extension("txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, listing(&units)).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), listing(&units), "see {}", path.display());
    units
}

macro_rules! recordings {
    ($($test:ident: $name:literal says $texts:expr;)*) => { $(
        #[test]
        fn $test() {
            let units = check($name);
            let said = units.iter().flat_map(|unit| &unit.spans).map(|span| &*span.value).collect::<Vec<_>>().join("\n");
            for text in $texts {
                assert!(said.contains(text), "{text} is not among the values");
            }
        }
    )* }
}

recordings! {
    curl_polling: "curl-polling" says ["hello by polling", "404", "curl/"];
    curl_polling_chunked: "curl-polling-chunked" says ["304", "in chunks", "201"];
    curl_long_polling: "curl-long-polling" says ["204", "hello by long polling"];
    curl_http2_inside_tls: "curl-h2" says [":method: POST", "hello by HTTP/2", "application/x-ndjson"];
    curl_http2_in_cleartext: "curl-h2c" says [":method: GET", "hello by cleartext HTTP/2"];
    npm_ws_raw: "ws-raw" says ["hello by ws-raw", "caffè – ☕", "are you there?", "1000 NORMAL_CLOSURE", "bye"];
    npm_ws_raw_deflate: "ws-raw-deflate" says ["hello by ws-raw-deflate", "1000 NORMAL_CLOSURE"];
    npm_ws_tungstenite: "ws-tungstenite" says ["hello by ws-tungstenite", "caffè – ☕", "are you there?", "bye"];
    python_websockets: "websockets-raw" says ["hello by Python websockets", "hello again by Python websockets", "ping"];
    chromium_polling: "chromium-polling" says ["hello by Chromium, polling", "Mozilla/5.0"];
    chromium_long_polling: "chromium-long-polling" says ["hello by Chromium, long-polling"];
    chromium_http2_streaming: "chromium-http2-streaming" says ["hello by Chromium, http2-streaming", ":method: POST"];
    chromium_raw_websocket: "chromium-raw-websocket" says ["hello by Chromium, raw-websocket", "permessage-deflate"];
    chromium_tungstenite_websocket: "chromium-tungstenite-websocket" says ["hello by Chromium, tungstenite-websocket"];
}

/// A recorded handshake's proof is worked out, and right.
#[test]
fn the_proof_of_a_recorded_handshake() {
    let units = check("chromium-raw-websocket");
    let answer = units.iter().find(|unit| unit.summary.starts_with("101")).unwrap();
    let accept = named(&answer.spans, "sec-websocket-accept");
    assert!(accept.meaning.ends_with("as it must be."), "{}", accept.meaning);
    assert_eq!(accept.steps.len(), 4);
}
