//! The cases of each size.

use super::Job;
use crate::{
    record::{Kind, Question, Size, Transport},
    subjects::Entry,
};

/// Deliveries a second that one load and one server on a small machine can be asked for.
const MOST_DELIVERIES: f64 = 20_000.0;

/// The cases of a size, for these subjects.
pub fn cases(size: Size, subjects: &[&Entry]) -> Vec<Job> {
    match size {
        Size::Quick => quick(subjects),
        Size::Default => default(subjects),
        Size::Full => full(subjects),
    }
}

fn delivery(entry: &Entry, rate: f64, audience: u32, repetitions: u32, seconds: (f64, f64)) -> Job {
    let openings = if entry.keeps_history() { 3 } else { 0 };
    Job::new(Question::Delivery, entry, repetitions)
        .with(|parameters| {
            (parameters.rate, parameters.audience) = (rate, audience);
            (parameters.warm_up_s, parameters.window_s) = seconds;
            if let Some(pause) = parameters.pause_s {
                // A poll brings what came since the one before: that must have been a whole pause of posts.
                parameters.warm_up_s = parameters.warm_up_s.max(pause + 0.1);
                parameters.window_s = parameters.window_s.max(2.0 * pause);
            }
            parameters.history = history(rate, parameters.pause_s, entry.transport);
        })
        .opening(openings)
}

/// As many messages as a polling client may find after a pause that came late, or the default.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate that a plan has, times two"
)]
fn history(rate: f64, pause: Option<f64>, transport: Transport) -> u32 {
    if transport == Transport::CoursePolling || transport == Transport::CourseHttp2 {
        return 50;
    }
    let found = (2.0 * rate * (pause.unwrap_or(0.0) + 1.0)).ceil() as u32;
    found.next_power_of_two().max(256)
}

/// True if what the subject keeps is more than what comes between two of a client's requests.
fn keeps_up(entry: &Entry, rate: f64) -> bool {
    entry.transport != Transport::CoursePolling || rate <= 15.0
}

fn with_delay(entry: &Entry, delay_ms: u32, repetitions: u32, seconds: (f64, f64)) -> Job {
    delivery(entry, 5.0, 20, repetitions, seconds)
        .with(|parameters| parameters.delay_ms = delay_ms)
        .opening(1)
}

fn idle(entry: &Entry, audience: u32, seconds: f64) -> Job {
    Job::new(Question::Idle, entry, 1).with(|parameters| {
        parameters.audience = audience;
        (parameters.warm_up_s, parameters.window_s) = (1.0, seconds);
    })
}

fn fault(question: Question, entry: &Entry, repetitions: u32, seconds: f64) -> Job {
    Job::new(question, entry, repetitions).with(|parameters| {
        (parameters.rate, parameters.audience) = (50.0, 20);
        // Posts enough for the longest return.
        parameters.window_s = 60.0;
        parameters.fault_s = Some(seconds);
    })
}

fn slow_reader(entry: &Entry, repetitions: u32, seconds: f64) -> Job {
    Job::new(Question::SlowReader, entry, repetitions).with(|parameters| {
        // In 6 s, twice what the kernel keeps for one socket: the rest is the server's to bound.
        (parameters.rate, parameters.audience) = (700.0, 3);
        (parameters.warm_up_s, parameters.window_s) = (0.2, seconds);
        parameters.payload_octets = 1_900;
        // Half a second in which all is late on a busy machine is not to lose the others a message. The log itself is
        // 1 MiB of what the server grows by.
        parameters.history = 512;
    })
}

/// One response or socket that goes on: what can be slow to read.
fn is_stream(entry: &Entry) -> bool {
    matches!(entry.transport, Transport::Http2Streaming | Transport::Websocket | Transport::SocketIoWebsocket)
}

fn is_house(entry: &Entry) -> bool {
    entry.kind == Kind::House
}

/// A subject that is measured under all questions: not the control, and not the floor.
fn is_own(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::House | Kind::Peer)
}

fn quick(subjects: &[&Entry]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for &entry in subjects {
        let repetitions = if entry.kind == Kind::Broken { 1 } else { 2 };
        let broken = if entry.kind == Kind::Broken { 2_000.0 } else { 20.0 };
        jobs.push(delivery(entry, broken, 20, repetitions, (0.3, 0.7)));
        if is_house(entry) && entry.name != "tungstenite-websocket" {
            jobs.push(with_delay(entry, 20, 1, (0.3, 1.0)));
        }
        if is_own(entry) {
            jobs.push(idle(entry, 50, 5.0));
        }
    }
    jobs
}

fn default(subjects: &[&Entry]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for &entry in subjects {
        jobs.push(delivery(entry, 10.0, 100, 5, (0.5, 2.0)));
        if keeps_up(entry, 100.0) {
            jobs.push(delivery(entry, 100.0, 10, 5, (0.3, 1.0)));
        }
        if is_house(entry) && entry.name != "tungstenite-websocket" {
            jobs.extend([20, 80, 200].map(|delay| with_delay(entry, delay, 3, (0.4, 2.4))));
        }
        if entry.has_tls() {
            let with_tls = delivery(entry, 10.0, 100, 3, (0.7, 2.0)).with(|parameters| parameters.tls = true);
            jobs.push(with_tls);
        }
        if is_own(entry) {
            jobs.push(idle(entry, 100, 40.0));
            jobs.push(fault(Question::Cut, entry, 1, 0.0));
            jobs.push(fault(Question::Restart, entry, 1, 0.2));
            if is_stream(entry) {
                jobs.push(slow_reader(entry, 1, 6.0));
            }
        }
    }
    jobs
}

fn full(subjects: &[&Entry]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for &entry in subjects {
        for rate in [0.1, 1.0, 10.0, 100.0, 1_000.0] {
            for audience in [1, 10, 100, 1_000, 10_000] {
                let repetitions = if rate < 1.0 { 5 } else { 9 };
                let seconds = if rate < 1.0 { 30.0 } else { 10.0 };
                if rate * f64::from(audience) <= MOST_DELIVERIES && keeps_up(entry, rate) {
                    jobs.push(delivery(entry, rate, audience, repetitions, (2.0, seconds)));
                }
            }
        }
        if is_own(entry) && keeps_up(entry, 5.0) {
            jobs.extend([20, 80, 200].map(|delay| with_delay(entry, delay, 9, (2.0, 20.0))));
            jobs.push(idle(entry, 1_000, 120.0));
            jobs.push(fault(Question::Cut, entry, 9, 0.0));
            jobs.push(fault(Question::Restart, entry, 9, 0.2));
            jobs.push(fault(Question::Blackhole, entry, 5, 40.0));
            let capacity = delivery(entry, 10.0, 100, 3, (1.0, 3.0)).opening(0);
            jobs.push(
                Job {
                    case: crate::record::Case { question: Question::Capacity, ..capacity.case },
                    ..capacity
                }
                .with(|_| {}),
            );
        }
        if entry.has_tls() {
            jobs.push(delivery(entry, 10.0, 100, 9, (2.0, 10.0)).with(|parameters| parameters.tls = true));
        }
        if is_own(entry) && is_stream(entry) {
            jobs.push(slow_reader(entry, 5, 60.0));
        }
    }
    jobs
}
