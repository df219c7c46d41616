use super::*;
use crate::record::{Accounting, Cpu, Direction, Memory, Requests, Transport};

fn parameters(transport: Transport, delay_ms: u32) -> Parameters {
    Parameters {
        subject: "it".into(),
        transport,
        rate: 2.0,
        audience: 10,
        delay_ms,
        loss_percent: 0.0,
        payload_octets: 64,
        tls: false,
        pause_s: (transport == Transport::Polling).then_some(1.0),
        warm_up_s: 1.0,
        window_s: 5.0,
        fault_s: None,
    }
}

fn run(delivery_us: u64) -> Run {
    let down =
        Direction { payload: 64, envelope: 36, framing: 2, tcp_ip: 52, segments: 1, ..Direction::default() };
    Run {
        delivery: Histogram::of([delivery_us; 100]),
        accounting: Accounting { posted: 10, delivered: 100, ..Accounting::default() },
        requests: Requests { follow: 50, delivered: 100, ..Requests::default() },
        octets: Octets { messages: 1, down, segments_counted: true, ..Octets::default() },
        cpu: Cpu { server_us: 500, server_wake_ups: 20, ..Cpu::default() },
        memory: Memory { resident_before: 1_000, resident_after: 6_000, kernel_buffers: 40, connections: 10 },
        ..Run::default()
    }
}

#[test]
fn names_are_unique_and_end_with_their_unit() {
    for (index, definition) in CATALOGUE.iter().enumerate() {
        assert!(CATALOGUE[..index].iter().all(|other| other.name != definition.name), "{}", definition.name);
        let in_microseconds = definition.name.contains("_us");
        assert_eq!(in_microseconds, definition.unit == "µs", "{}", definition.name);
    }
}

#[test]
fn runs_come_to_their_figures() {
    let of = parameters(Transport::Websocket, 0);
    let figures = of_case(&of, Question::Delivery, &[run(400), run(500), run(600)], 0.05);
    let median = |name: &str| figures.get(name).map(|figure| figure.median);
    assert!((495.0..=505.0).contains(&median("delivery_p50_us").unwrap()));
    assert_eq!(median("requests_a_delivery"), Some(0.5));
    assert_eq!(median("octets_a_message"), Some(154.0));
    assert_eq!(median("cpu_us_a_delivery"), Some(5.0));
    assert_eq!(median("memory_process_a_client"), Some(500.0));
    assert_eq!(figures["delivery_p50_us"].repetitions, 3);
    assert_eq!(median("answer_p50_us"), None, "nothing recorded is no figure, not 0");
    assert_eq!(median("idle_wake_ups_a_second"), None);
}

#[test]
fn uncounted_segments_are_no_octets() {
    let mut uncounted = run(400);
    uncounted.octets.segments_counted = false;
    let figures = of_case(&parameters(Transport::Websocket, 0), Question::Delivery, &[uncounted], 0.05);
    assert!(!figures.contains_key("octets_a_message"));
    assert!(!figures.contains_key("octets_tcp_ip_a_message"));
    assert!(figures.contains_key("octets_framing_a_message"));
}

#[test]
fn what_leaves_its_theory_is_flagged() {
    let of = parameters(Transport::Websocket, 20);
    let expected = |us: u64| {
        let figures = of_case(&of, Question::Delivery, &[run(us)], 0.05);
        figures["delivery_p50_us"].expected.clone().unwrap()
    };
    assert_eq!(expected(40_500).value, 40_000.0);
    assert!(!expected(40_500).flagged);
    assert!(expected(44_000).flagged);
}

#[test]
fn polling_is_held_against_its_cycle() {
    let figures = of_case(&parameters(Transport::Polling, 0), Question::Delivery, &[run(500_000)], 0.05);
    assert_eq!(figures["delivery_p50_us"].expected.as_ref().unwrap().value, 500_000.0);
    assert_eq!(figures["requests_a_delivery"].expected.as_ref().unwrap().value, 0.5);
}

#[test]
fn a_fault_is_not_read_as_a_delivery_time() {
    let figures = of_case(&parameters(Transport::Websocket, 0), Question::Cut, &[run(400)], 0.05);
    assert!(figures.is_empty());
}
