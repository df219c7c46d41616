//! The cases of each size: a star, corners beside it, and the questions that have a load of their own.
//!
//! All arms of the star meet in one point, and each varies one parameter of it: what lies between two points of an arm
//! can be read off. A corner differs from the point in two parameters: it tells whether what was read along two arms may
//! be put together.

use super::{
    Job,
    star::{DEFAULT, FULL, PEERS, Place, QUICK, Seconds, Star},
};
use crate::{
    record::{Kind, Question, Size, Transport},
    subjects::Entry,
};

/// The cases of a size, for these subjects.
pub fn cases(size: Size, subjects: &[&Entry]) -> Vec<Job> {
    let of = match size {
        Size::Quick => quick,
        Size::Default => default,
        Size::Full => full,
    };
    subjects
        .iter()
        .flat_map(|&entry| if entry.kind == Kind::Broken { broken(entry) } else { of(entry) })
        .collect()
}

/// What of a size is left out for some of these subjects, and why, a sentence each.
pub fn left_out(size: Size, subjects: &[&Entry]) -> Vec<String> {
    let star = match size {
        Size::Quick => &QUICK,
        Size::Default => &DEFAULT,
        Size::Full => &FULL,
    };
    let too_much = |entry: &&&Entry| is_own(entry) && star.places().any(|place| !keeps_up(entry, place));
    let sentence =
        |entry: &&Entry| format!("{} was not measured {}", entry.title, entry.bound().unwrap_or_default());
    subjects.iter().filter(too_much).map(sentence).collect()
}

/// True if a subject can be asked for this: see [`Entry::bound`].
fn keeps_up(entry: &Entry, place: Place) -> bool {
    match entry.transport {
        Transport::CoursePolling => place.rate <= COURSE_POLLING_RATE,
        Transport::CourseHttp2 => place.rate * f64::from(place.audience) <= COURSE_HTTP2_DELIVERIES,
        _ => true,
    }
}

/// Messages a second of which the 50 that are kept are more than come between two polls that are a second apart.
const COURSE_POLLING_RATE: f64 = 15.0;

/// Deliveries a second, each of 50 messages, that one load can be asked for.
const COURSE_HTTP2_DELIVERIES: f64 = 2_000.0;

fn delivery(entry: &Entry, place: Place, repetitions: u32, seconds: Seconds) -> Job {
    Job::new(Question::Delivery, entry, repetitions).with(|parameters| {
        place.set(parameters);
        parameters.warm_up_s = seconds.warm_up;
        parameters.window_s = seconds.window(place);
        if let Some(pause) = parameters.pause_s {
            // A poll brings what came since the one before: that must have been a whole cycle of posts.
            let cycle = pause + 2.0 * f64::from(place.delay_ms) / 1_000.0;
            parameters.warm_up_s = parameters.warm_up_s.max(cycle + 0.1);
            parameters.window_s = parameters.window_s.max(2.0 * cycle);
        }
        parameters.history = history(place.rate, parameters.pause_s, entry.transport);
    })
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

/// The arms and corners of a star for a subject; the point where they meet is the caller's.
fn arms(entry: &Entry, star: &Star, repetitions: impl Fn(Place) -> u32) -> Vec<Job> {
    let places = star.places().filter(|place| *place != Place::COMMON && keeps_up(entry, *place));
    let job = |place: Place| {
        let job = delivery(entry, place, repetitions(place), star.seconds);
        // How long a first message takes is a matter of delay, and theory's to tell the house.
        let is_told = entry.kind == Kind::House && place.delay_ms != Place::COMMON.delay_ms;
        Job { is_beside: place.is_rare(), ..job.opening(is_told.into()) }
    };
    places.map(job).collect()
}

/// The point where all arms meet, with first messages timed, and with TLS once more where there is TLS.
fn common(entry: &Entry, star: &Star, repetitions: u32) -> Vec<Job> {
    let openings = u32::from(entry.keeps_history());
    let job = delivery(entry, Place::COMMON, repetitions, star.seconds).opening(openings);
    let with_tls = entry.has_tls().then(|| job.clone().with(|parameters| parameters.tls = true));
    [job].into_iter().chain(with_tls).collect()
}

fn idle(entry: &Entry, audience: u32, seconds: f64) -> Job {
    let job = Job::new(Question::Idle, entry, 1).with(|parameters| {
        parameters.audience = audience;
        (parameters.warm_up_s, parameters.window_s) = (1.0, seconds);
    });
    Job { is_beside: true, ..job }
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
        // In 4 s, as much as what the kernel keeps for one socket: the rest is the server's to bound.
        (parameters.rate, parameters.audience) = (700.0, 3);
        (parameters.warm_up_s, parameters.window_s) = (0.2, seconds);
        parameters.payload_octets = 1_900;
        // Half a second in which all is late on a busy machine is not to lose the others a message. The log itself is
        // 1 MiB of what the server grows by.
        parameters.history = 512;
    })
}

fn capacity(entry: &Entry, repetitions: u32) -> Job {
    let seconds = Seconds { warm_up: 1.0, window: 3.0, rare: 3.0 };
    let delivery = delivery(entry, Place { delay_ms: 0, ..Place::COMMON }, repetitions, seconds);
    let parameters = delivery.case.parameters;
    Job::new(Question::Capacity, entry, repetitions).with(|own| *own = parameters)
}

/// One response or socket that goes on: what can be slow to read.
fn is_stream(entry: &Entry) -> bool {
    matches!(entry.transport, Transport::Http2Streaming | Transport::Websocket | Transport::SocketIoWebsocket)
}

/// A subject that is measured under all questions: not the control, and not the floor.
fn is_own(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::House | Kind::Peer)
}

/// One run in which a mistake must show.
fn broken(entry: &Entry) -> Vec<Job> {
    let drops = entry.transport == Transport::Websocket;
    // One delivery in 10,000 asks for some; a gap between two long polls asks for a delay.
    let place = if drops {
        Place { rate: 2_000.0, audience: 20, delay_ms: 0, ..Place::COMMON }
    } else {
        Place { rate: 50.0, audience: 20, ..Place::COMMON }
    };
    vec![delivery(entry, place, 1, QUICK.seconds)]
}

fn quick(entry: &Entry) -> Vec<Job> {
    let mut jobs = common(entry, &QUICK, if entry.kind == Kind::Peer { 1 } else { 2 });
    // tungstenite is to a client what the raw WebSocket is.
    if entry.kind == Kind::House && entry.name != "tungstenite-websocket" {
        jobs.extend(arms(entry, &QUICK, |_| 1));
    }
    if is_own(entry) {
        jobs.push(idle(entry, 50, 5.0));
    }
    jobs
}

fn default(entry: &Entry) -> Vec<Job> {
    // Seven repetitions give an interval of 98 %, which a second comparison meets nine times in ten; fewer would not.
    let mut jobs = common(entry, &DEFAULT, 7);
    match entry.kind {
        Kind::House => jobs.extend(arms(entry, &DEFAULT, |_| 1).into_iter().map(long_enough)),
        Kind::Peer => jobs.extend(arms(entry, &PEERS, |_| 1)),
        _ => {}
    }
    if is_own(entry) {
        jobs.push(idle(entry, 100, 40.0));
        jobs.push(fault(Question::Cut, entry, 1, 0.0));
        jobs.push(fault(Question::Restart, entry, 1, 0.2));
        if is_stream(entry) {
            jobs.push(slow_reader(entry, 1, 4.0));
        }
    }
    jobs
}

/// Theory of a long poll speaks of a mean, which of a dozen messages may be anything: over a distance, it takes some hundred.
fn long_enough(job: Job) -> Job {
    let parameters = &job.case.parameters;
    let is_late = parameters.delay_ms > Place::COMMON.delay_ms;
    if parameters.transport == Transport::LongPolling && is_late {
        return job.with(|parameters| parameters.window_s = 20.0);
    }
    job
}

fn full(entry: &Entry) -> Vec<Job> {
    let mut jobs = common(entry, &FULL, 9);
    jobs.extend(arms(entry, &FULL, |place| if place.is_rare() { 5 } else { 9 }));
    if is_own(entry) {
        jobs.push(idle(entry, 1_000, 120.0));
        jobs.push(fault(Question::Cut, entry, 9, 0.0));
        jobs.push(fault(Question::Restart, entry, 9, 0.2));
        jobs.push(fault(Question::Blackhole, entry, 5, 40.0));
        if keeps_up(entry, Place { audience: 10_000, ..Place::COMMON }) {
            jobs.push(capacity(entry, 3));
        }
    }
    if is_own(entry) && is_stream(entry) {
        jobs.push(slow_reader(entry, 5, 60.0));
    }
    jobs
}
