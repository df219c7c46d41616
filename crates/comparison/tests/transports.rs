//! The load against each of the house's transports, over real sockets with the relay between: all is delivered, and
//! what is counted is what the protocol says. Times have lower bounds only: other tests run beside these.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the functions that tests share are tests too")]

mod support;

use comparison::{
    record::{Question, Run},
    theory::sizes::{HTTP2_FRAME, websocket_down},
};
use support::{job, load, serve};

const DELAY_MS: u32 = 20;

/// A steady load; what every transport must show.
fn steady(subject: &str) -> Run {
    let job = job(Question::Delivery, subject, DELAY_MS);
    let report = load(&job, serve(subject));
    assert_eq!(report.wrong, Vec::<String>::new());
    let run = report.run;
    let accounting = &run.accounting;
    // 5 posts warm up, 30 are measured; 5 clients.
    assert_eq!((accounting.posted, accounting.delivered), (35, 175), "{accounting:?}");
    assert_eq!((accounting.lost, accounting.doubled, accounting.reordered, accounting.refused), (0, 0, 0, 0));
    assert_eq!((run.delivery.count, run.answer.count), (150, 30));
    let transit_us = 2_000 * u64::from(DELAY_MS);
    assert!(run.delivery.min_us >= transit_us, "nobody is faster than the delay: {:?}", run.delivery);
    assert!(run.answer.min_us >= transit_us, "{:?}", run.answer);
    assert_eq!(run.first_cold.count, 2);
    assert!(run.first_cold.min_us >= 2 * transit_us, "a new connection takes two round trips");
    let (down, up) = (&run.octets.down, &run.octets.up);
    assert!(run.octets.messages > 0 && run.octets.segments_counted && down.segments > 0 && up.segments > 0);
    assert_eq!(down.payload, 64 * run.octets.messages);
    assert!(run.cpu.server_us > 0 && run.memory.connections >= 6, "{:?}", run.memory);
    run
}

#[test]
fn polling() {
    let run = steady("polling");
    assert_eq!(run.first_warm.count, 2);
    assert!(run.requests.follow > 0 && run.octets.up.fields > 0 && run.octets.down.framing == 0);
}

#[test]
fn long_polling() {
    let run = steady("long-polling");
    assert_eq!(run.first_warm.count, 2);
    // At 50 messages a second and a round trip of 40 ms, an answer has some.
    assert!(run.requests.follow < run.requests.delivered, "{:?}", run.requests);
}

#[test]
fn http2_streaming() {
    let run = steady("http2-streaming");
    assert_eq!((run.first_warm.count, run.requests.follow), (2, 0));
    assert!(run.octets.down.framing <= HTTP2_FRAME * run.octets.messages, "{:?}", run.octets);
}

#[test]
fn http2_streaming_over_tls() {
    let job = job(Question::Delivery, "http2-streaming", 0).with(|parameters| parameters.tls = true);
    let report = load(&job, serve("http2-streaming"));
    assert_eq!(report.wrong, Vec::<String>::new());
    assert_eq!(report.run.accounting.lost, 0);
    // RFC 8446 §5.2: 22 octets a record, and a message is at most one.
    let octets = report.run.octets;
    assert!(octets.down.tls > 0 && octets.down.tls <= 22 * octets.messages, "{octets:?}");
}

#[test]
fn raw_websocket() {
    websocket("raw-websocket");
}

#[test]
fn tungstenite_websocket() {
    websocket("tungstenite-websocket");
}

fn websocket(subject: &str) {
    let run = steady(subject);
    assert_eq!((run.first_warm.count, run.requests.follow), (0, 0));
    let header = websocket_down(200);
    assert!(run.octets.down.framing <= header * run.octets.messages, "{:?}", run.octets);
    assert_eq!(run.octets.down.fields, 0, "the handshake was before the window");
}

/// All clients come back after a cut, and each gets what was posted meanwhile.
#[test]
fn a_cut_is_noticed_and_recovered_from() {
    for subject in ["polling", "long-polling", "http2-streaming", "raw-websocket"] {
        let job = job(Question::Cut, subject, 0).with(|parameters| parameters.window_s = 60.0);
        let report = load(&job, serve(subject));
        assert_eq!(report.wrong, Vec::<String>::new(), "{subject}");
        let recovery = report.run.recovery.unwrap();
        assert_eq!(recovery.stayed_away, 0, "{subject}");
        assert_eq!((recovery.detection.count, recovery.first_message.count), (5, 5), "{subject}");
        assert!(recovery.attempts >= 5, "{subject}: {recovery:?}");
        let accounting = report.run.accounting;
        assert_eq!((accounting.lost, accounting.reordered), (0, 0), "{subject}: {accounting:?}");
        // It resumes from its cursor: what came again would be the server's mistake, and is not passed over.
        assert_eq!((accounting.doubled, accounting.redelivered), (0, 0), "{subject}: {accounting:?}");
    }
}

/// What the kernel holds for a client that does not read is seen, and the others notice nothing.
#[test]
fn a_slow_reader_is_measured_beside_others_that_lose_nothing() {
    let job = job(Question::SlowReader, "raw-websocket", 0).with(|parameters| {
        (parameters.rate, parameters.payload_octets, parameters.window_s) = (400.0, 1_900, 1.0);
    });
    let report = load(&job, serve("raw-websocket"));
    assert_eq!(report.wrong, Vec::<String>::new());
    assert_eq!(report.run.accounting.lost, 0);
    let slow = report.run.slow_reader.unwrap();
    assert!(slow.offered > 700_000 && slow.kernel_peak > 0, "{slow:?}");
}
