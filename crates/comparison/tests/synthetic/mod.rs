//! A record that nobody measured: all questions, made from theory and a seeded dice. Its machine says so.

use std::{collections::BTreeMap, sync::LazyLock};

use comparison::record::{
    Accounting, Case, Control, Cpu, Delay, FORMAT, Histogram, Idle, Kind, Load, Machine, Memory, Method,
    Octets, Parameters, Question, Record, Recovery, Requests, Run, Size, SlowReader, Subject, Transport,
    run::Direction,
};
use serde_json::json;

mod figures;

/// Who is in it.
const SUBJECTS: [(&str, &str, Kind, Transport); 13] = [
    ("polling", "Polling", Kind::House, Transport::Polling),
    ("long-polling", "Long polling", Kind::House, Transport::LongPolling),
    ("http2-streaming", "HTTP/2 streaming", Kind::House, Transport::Http2Streaming),
    ("raw-websocket", "Raw WebSocket", Kind::House, Transport::Websocket),
    ("tungstenite-websocket", "tungstenite", Kind::House, Transport::Websocket),
    ("raw-websocket-again", "Raw WebSocket, again", Kind::Control, Transport::Websocket),
    ("floor", "The floor: one send a delivery", Kind::Floor, Transport::Websocket),
    ("npm-ws", "npm ws", Kind::Peer, Transport::Websocket),
    ("socket-io-websocket", "Socket.IO, WebSocket", Kind::Peer, Transport::SocketIoWebsocket),
    ("socket-io-polling", "Socket.IO, long polling", Kind::Peer, Transport::SocketIoPolling),
    ("course-polling", "The course's polling", Kind::Peer, Transport::CoursePolling),
    ("course-http2", "The course's HTTP/2 stream", Kind::Peer, Transport::CourseHttp2),
    ("axum-ws", "axum ws", Kind::Peer, Transport::Websocket),
];

/// The whole record.
pub(crate) fn record() -> Record {
    static RECORD: LazyLock<Record> = LazyLock::new(make);
    RECORD.clone()
}

fn make() -> Record {
    let mut dice = fastrand::Rng::with_seed(20_261_121);
    let mut cases = vec![];
    for (index, (name, _, kind, transport)) in SUBJECTS.into_iter().enumerate() {
        let mut add = |question, rate, audience, delay_ms| {
            cases.push(case(
                &mut dice,
                index,
                parameters(name, transport, rate, audience, delay_ms),
                question,
            ));
        };
        for rate in [1.0, 10.0, 100.0] {
            add(Question::Delivery, rate, 100, 0);
        }
        for audience in [1, 10, 1_000] {
            add(Question::Delivery, 10.0, audience, 0);
        }
        if matches!(kind, Kind::House | Kind::Peer) {
            for delay in [20, 80, 200] {
                add(Question::Delivery, 10.0, 100, delay);
            }
            add(Question::Idle, 0.0, 100, 0);
            for question in [Question::Cut, Question::Blackhole, Question::Restart] {
                add(question, 50.0, 20, 0);
            }
            if matches!(transport, Transport::Websocket | Transport::Http2Streaming) {
                add(Question::SlowReader, 400.0, 5, 0);
            }
            add(Question::Capacity, 10.0, 100, 0);
        }
    }
    let mut record = Record {
        format: FORMAT.into(),
        begun: "2026-11-21T12:00:00Z".into(),
        seconds: 0.0,
        complete: true,
        size: Size::Default,
        only: vec![],
        seed: 5,
        machine: Machine {
            cpu: "synthetic: made up for tests, measured nowhere".into(),
            cores: 2,
            memory_octets: 8 << 30,
            os: "none".into(),
            kernel: "none".into(),
            hypervisor: "none".into(),
            governor: "none".into(),
            load_average: 0.1,
        },
        versions: BTreeMap::from([("comparison".into(), "0.1.0".into()), ("rustc".into(), "none".into())]),
        method: method(),
        subjects: SUBJECTS.map(subject).to_vec(),
        cases,
        control: vec![],
        failures: vec![],
        notes: vec![],
    };
    record.subjects.push(Subject {
        left_out: Some("node is not installed".into()),
        ..subject(("fastwebsockets", "fastwebsockets", Kind::Peer, Transport::Websocket))
    });
    summarise(&mut record);
    record
}

/// Makes all figures from the runs again, and the control from the figures.
pub(crate) fn summarise(record: &mut Record) {
    record.cases.iter_mut().for_each(figures::conclude);
    let find = |id: &str| record.cases.iter().find(|case| case.id == id);
    let mut control = vec![];
    for case in record.cases.iter().filter(|case| case.parameters.subject == "raw-websocket") {
        let again = case.id.replace("/raw-websocket/", "/raw-websocket-again/");
        let Some(other) = find(&again) else { continue };
        for (figure, one) in &case.figures {
            let Some(two) = other.figures.get(figure) else { continue };
            let differs = comparison::statistics::differ(one, two);
            control.push(Control {
                case: case.id.clone(),
                again: again.clone(),
                figure: figure.clone(),
                differs,
            });
        }
    }
    control.retain(|it| it.case.ends_with("rate=10,audience=100,delay=0,payload=100"));
    record.control = control;
}

fn method() -> Method {
    Method {
        arrivals:
            "Open loop: due times are drawn beforehand as a Poisson process, and the time counts from them"
                .into(),
        clock:
            "CLOCK_MONOTONIC of the load's process, to 1 ns; post and delivery are timed by the same process"
                .into(),
        order: "Every repetition is a block of all cases in random order".into(),
        processes: "Server and load are processes of their own and share only the machine".into(),
        interval: "Order statistics of the median".into(),
        delay: Delay::Relay,
        client: "One code for all; connections are kept open between polls".into(),
        histogram_digits: 2,
        lag_limit_us: 1_000,
        load_cpu_limit: 0.5,
        theory_tolerance: 0.05,
    }
}

fn subject((name, title, kind, transport): (&str, &str, Kind, Transport)) -> Subject {
    let runtime = if name.contains("socket-io") || name.contains("course") { "Node" } else { "tokio" };
    let settings = [("build", "release"), ("compression", "none"), ("runtime", runtime)];
    Subject {
        name: name.into(),
        title: title.into(),
        kind,
        transport,
        made_of: "nothing".into(),
        command: format!("true {name}"),
        left_out: None,
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

fn parameters(name: &str, transport: Transport, rate: f64, audience: u32, delay_ms: u32) -> Parameters {
    let polls = matches!(transport, Transport::Polling | Transport::CoursePolling);
    let set = json!({
        "subject": name,
        "transport": transport,
        "rate": rate,
        "audience": audience,
        "delay_ms": delay_ms,
        "loss_percent": 0.0,
        "payload_octets": 100,
        "history": 256,
        "tls": false,
        "pause_s": polls.then_some(1.0),
        "warm_up_s": 1.0,
        "window_s": 5.0,
    });
    serde_json::from_value(set).expect("these are parameters")
}

fn case(dice: &mut fastrand::Rng, subject: usize, parameters: Parameters, question: Question) -> Case {
    let word = serde_json::to_value(question).unwrap_or_default();
    let Parameters { subject: name, rate, audience, delay_ms, payload_octets, .. } = &parameters;
    let id = format!(
        "{}/{name}/rate={rate},audience={audience},delay={delay_ms},payload={payload_octets}",
        word.as_str().unwrap_or_default()
    );
    // Raw WebSocket and its control cost the same.
    let dear = if parameters.subject == "raw-websocket-again" { 3 } else { subject } as f64;
    let repetitions = if question == Question::Delivery { 5 } else { 1 };
    let runs =
        (0..repetitions).map(|repetition| run(dice, dear, &parameters, question, repetition)).collect();
    Case { id, question, parameters, runs, figures: BTreeMap::new() }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times and sizes that are made up"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

fn run(dice: &mut fastrand::Rng, dear: f64, of: &Parameters, question: Question, repetition: u32) -> Run {
    let near = |dice: &mut fastrand::Rng, value: f64| value * (0.97 + 0.06 * dice.f64());
    let own = 200.0 + 40.0 * dear + f64::from(of.audience) * 0.8;
    let (delay, polls) = (f64::from(of.delay_ms) * 1_000.0, of.pause_s.is_some());
    let delivery: Vec<u64> = (0..400)
        .map(|_| {
            let late =
                if polls { dice.f64() * (1e6 + 2.0 * delay) } else { -dice.f64().max(1e-4).ln() * 60.0 };
            whole(2.0 * delay + near(dice, own) + late)
        })
        .collect();
    let messages = whole(of.rate * of.window_s).max(1);
    let delivered = messages * u64::from(of.audience);
    let requests = match of.transport {
        Transport::Polling | Transport::CoursePolling => {
            of.window_s / (1.0 + delay / 5e5) * f64::from(of.audience)
        }
        Transport::LongPolling | Transport::SocketIoPolling => delivered as f64 * 0.99,
        _ => 0.0,
    };
    let fields = whole(220.0 * requests / f64::from(of.audience));
    let times = |dice: &mut fastrand::Rng, us: f64| Histogram::of((0..20).map(|_| whole(near(dice, us))));
    let faulty = matches!(question, Question::Cut | Question::Blackhole | Question::Restart);
    Run {
        repetition,
        window_s: of.window_s,
        delivery: if question == Question::Delivery { Histogram::of(delivery) } else { Histogram::default() },
        answer: times(dice, own + 2.0 * delay),
        first_cold: times(dice, own + 4.0 * delay + 300.0),
        first_warm: if of.transport == Transport::Websocket {
            Histogram::default()
        } else {
            times(dice, own + 2.0 * delay)
        },
        accounting: Accounting { posted: messages, delivered, ..Accounting::default() },
        requests: Requests { follow: whole(requests), delivered, ..Requests::default() },
        octets: octets(messages, fields),
        cpu: Cpu {
            server_us: whole(near(dice, (2.0 + dear) * delivered as f64 + 300.0 * of.rate)),
            server_wake_ups: messages,
            load_us: delivered * 3,
            ..Cpu::default()
        },
        memory: Memory {
            resident_before: 4_000_000,
            resident_after: 4_000_000 + whole(near(dice, (3_000.0 + 900.0 * dear) * f64::from(of.audience))),
            kernel_buffers: 500 * u64::from(of.audience),
            connections: of.audience.into(),
            kernel_structures: 3_584 * u64::from(of.audience),
        },
        load: Load { lag: Histogram::of([40, 60, 90]), cpu: 0.2, ..Load::default() },
        idle: (question == Question::Idle).then_some(Idle {
            octets_a_client_second: if polls { 400.0 } else { 3.0 + dear },
            segments_a_client_second: if polls { 3.0 } else { 0.05 },
            wake_ups_a_second: if polls { 100.0 } else { 2.5 },
            cpu_us_a_second: if polls { 900.0 } else { 8.0 },
        }),
        recovery: faulty.then(|| Recovery {
            detection: times(dice, 300.0),
            reconnecting: times(dice, 500_000.0),
            first_message: times(dice, 520_000.0 + 10_000.0 * dear),
            attempts: 20,
            stayed_away: 0,
        }),
        slow_reader: (question == Question::SlowReader).then(|| SlowReader {
            offered: 4_000_000,
            resident_peak: whole(300_000.0 + 500_000.0 * dear),
            kernel_peak: 2_600_000,
            dropped_after_s: None,
        }),
        capacity_clients: (question == Question::Capacity)
            .then(|| u32::try_from(whole(8_000.0 - 400.0 * dear)).unwrap_or_default()),
        ..Run::default()
    }
}

fn octets(messages: u64, fields: u64) -> Octets {
    let segments = Direction { fields, tcp_ip: 52 * messages, segments: messages, ..Direction::default() };
    let down = Direction {
        payload: 100 * messages,
        envelope: 60 * messages,
        framing: 4 * messages,
        ..segments.clone()
    };
    Octets { messages, down, up: segments, segments_counted: true }
}
