//! Theory's value of a figure, where it has one.

use super::TOLERANCE;
use crate::{
    load::WAIT_S,
    record::{Case, Expected, Figure, Kind, Parameters, Question, Subject, Transport},
    theory::{Model, sizes},
};

/// Beyond so many clients, or deliveries a second, the work for all of them takes longer than theory can take for nothing.
const MOST_CLIENTS: u32 = 100;
const MOST_DELIVERIES: f64 = 2_000.0;

/// Up to so many messages a second, heartbeats are a good part of the frames.
const RARE: f64 = 1.0;

/// Messages in an answer, at most: a batch holds no more.
const BATCH: f64 = 256.0;

/// What the floor's mean delivery takes beyond the transits (s), by its clients.
#[derive(Debug)]
pub(super) struct Floor(Vec<(u32, f64)>);

impl Floor {
    /// As these cases have it.
    pub(super) fn measured(cases: &[Case], subjects: &[Subject]) -> Self {
        let is_floor = |case: &&Case| {
            let of_floor =
                |subject: &Subject| subject.kind == Kind::Floor && subject.name == case.parameters.subject;
            case.question == Question::Delivery && subjects.iter().any(of_floor)
        };
        let beyond = |case: &Case| {
            let of = &case.parameters;
            let mean = case.figures.get("delivery_mean_us")?.median / 1e6;
            Some((of.audience, (mean - Model::new(of.delay_ms, of.rate).transit()).max(0.0)))
        };
        Self(cases.iter().filter(is_floor).filter_map(beyond).collect())
    }

    /// For so many clients (s); 0 where it was not measured.
    fn of(&self, audience: u32) -> f64 {
        self.0.iter().find(|(clients, _)| *clients == audience).map_or(0.0, |(_, beyond)| *beyond)
    }
}

/// What theory says of this figure of a case.
pub(super) fn of(name: &str, figure: &Figure, case: &Case, floor: &Floor) -> Option<Expected> {
    if case.question != Question::Delivery {
        return None;
    }
    let of = &case.parameters;
    // So much at once shares frames, too.
    let is_much = of.audience > MOST_CLIENTS || of.rate * f64::from(of.audience) > MOST_DELIVERIES;
    if is_much && name != "requests_a_message" {
        return None;
    }
    let floor = floor.of(of.audience);
    let Value { value, formula, spread } = match name {
        "down_framing_octets" => framing(case)?,
        "requests_a_message" => requests(case)?,
        "first_cold_p50_us" | "first_warm_p50_us" | "answer_p50_us" => transits(name, of, floor)?,
        _ => delivery(name, case, floor)?,
    };
    if value <= 0.0 {
        return None;
    }
    let deviation = (figure.median - value) / value;
    let tolerance = TOLERANCE.max(spread / value);
    let formula = formula.to_owned();
    Some(Expected { value, formula, deviation, tolerance, flagged: deviation.abs() > tolerance })
}

/// What theory says in the figure's unit, and how far chance may carry a measured one from it: twice its deviation.
struct Value {
    value: f64,
    formula: &'static str,
    spread: f64,
}

/// What theory tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Polling,
    LongPolling,
    Stream,
}

fn family(transport: Transport) -> Family {
    match transport {
        Transport::Polling | Transport::CoursePolling => Family::Polling,
        Transport::LongPolling | Transport::SocketIoPolling => Family::LongPolling,
        Transport::Http2Streaming
        | Transport::CourseHttp2
        | Transport::Websocket
        | Transport::SocketIoWebsocket => Family::Stream,
    }
}

/// The figures of a delivery's distribution: a quantile, or nothing for the mean.
const DELIVERY: [(&str, Option<f64>); 4] = [
    ("delivery_mean_us", None),
    ("delivery_p50_us", Some(0.5)),
    ("delivery_p90_us", Some(0.9)),
    ("delivery_p99_us", Some(0.99)),
];

/// The time that a delivery takes. Without a delay or a pause, all that is measured is the work.
fn delivery(name: &str, case: &Case, floor: f64) -> Option<Value> {
    let (_, part) = DELIVERY.into_iter().find(|(known, _)| *known == name)?;
    let of = &case.parameters;
    let (model, messages) = (Model::new(of.delay_ms, of.rate), messages(case));
    let (pause, wait) = (of.pause_s.unwrap_or(0.0), WAIT_S as f64);
    // Polls of an audience are spread over the cycle, so that each message meets all of it.
    let met = messages * f64::from(of.audience);
    let (value, formula, spread) = match (family(of.transport), part) {
        // It posts one request after another: a message may wait for the answer to the one before.
        _ if of.transport == Transport::SocketIoPolling => return None,
        (Family::Stream | Family::LongPolling, _) if of.delay_ms == 0 => return None,
        (Family::Stream, None | Some(0.5)) => (model.transit() + floor, "2d + F", 0.0),
        // The later ones are late by more work than the mean.
        (Family::Stream, Some(_)) => return None,
        (Family::Polling, None) => {
            // The mean of uniform times.
            let spread = 2.0 * model.polling_cycle(pause) / (12.0 * met).sqrt();
            (model.polling_delivery(pause, 0.5), "2d + C/2", spread)
        }
        (Family::Polling, Some(part)) => {
            let quantile = |part| model.polling_delivery(pause, part);
            (quantile(part), "2d + pC", spread(quantile, part, met))
        }
        (Family::LongPolling, None) => {
            // A message lies for up to R or not at all: at most half of R is its deviation. Those of one gap lie alike.
            let spread = model.transit() / (messages / together(model)).sqrt();
            (model.long_polling_delivery(wait) + floor, "2d + F + (λR/m) R/2", spread)
        }
        // Of so few messages, one is the latest hundredth.
        (Family::LongPolling, Some(part)) if (1.0 - part) * messages / together(model) < 1.0 => return None,
        (Family::LongPolling, Some(part)) => {
            let quantile = |part| model.long_polling_quantile(wait, part);
            (
                quantile(part) + floor,
                "2d + F + R (p - 1 + λR/m) / (λR/m)",
                spread(quantile, part, messages / together(model)),
            )
        }
    };
    Some(Value { value: 1e6 * value, formula, spread: 1e6 * spread })
}

/// How far a quantile of so many times may lie from its own: their part below it deviates by `√(p(1 - p)/n)`.
fn spread(quantile: impl Fn(f64) -> f64, part: f64, count: f64) -> f64 {
    let off = 2.0 * (part * (1.0 - part) / count).sqrt();
    let middle = quantile(part);
    (quantile((part + off).min(1.0)) - middle).max(middle - quantile((part - off).max(0.0)))
}

/// How many messages share the gap of a long poll, and so their fate, about.
fn together(model: Model) -> f64 {
    1.0 + model.rate * model.transit()
}

fn requests(case: &Case) -> Option<Value> {
    let of = &case.parameters;
    if of.transport == Transport::SocketIoPolling {
        return None;
    }
    let model = Model::new(of.delay_ms, of.rate);
    let pause = of.pause_s.unwrap_or(0.0);
    match family(of.transport) {
        Family::Polling => {
            // The course's answers have all that is kept, whatever the client has.
            let most = if of.transport == Transport::Polling { BATCH } else { f64::INFINITY };
            let value = model.polling_requests(pause, most);
            // The window holds a whole number of each client's requests.
            let spread = value * model.polling_cycle(pause) / of.window_s / f64::from(of.audience);
            Some(Value { value, formula: "k/(λ(T + 2dk))", spread })
        }
        Family::LongPolling => {
            let value = model.long_polling_requests(WAIT_S as f64);
            // The window's ends cut a request off its messages, of which an answer has m.
            let at_ends = 1.0 / (of.rate * of.window_s);
            let spread = value * (2.0 * of.rate * model.transit() / messages(case).sqrt() + at_ends);
            Some(Value { value, formula: "1/m", spread })
        }
        Family::Stream => None,
    }
}

/// What takes so many transits, whatever the rate.
fn transits(name: &str, of: &Parameters, floor: f64) -> Option<Value> {
    let model = Model::new(of.delay_ms, of.rate);
    let (value, formula) = match (name, of.transport) {
        // Engine.IO posts one request after another, so that some wait; it takes round trips more to open.
        (_, Transport::SocketIoPolling) | ("first_cold_p50_us", Transport::SocketIoWebsocket) => return None,
        ("first_cold_p50_us", _) => {
            let formula = if of.tls { "6d" } else { "4d" };
            (model.first_message_cold(of.tls), formula)
        }
        // Over a WebSocket the answer is the message itself, in the batch that all get.
        ("answer_p50_us", Transport::Websocket | Transport::SocketIoWebsocket) if of.delay_ms > 0 => {
            (model.transit() + floor, "2d + F")
        }
        _ => (model.transit(), "2d"),
    };
    Some(Value { value: 1e6 * value, formula, spread: 0.0 })
}

/// Messages of all windows of a case.
fn messages(case: &Case) -> f64 {
    let parameters = &case.parameters;
    (parameters.rate * parameters.window_s * case.runs.len() as f64).max(1.0)
}

/// The header of a message's frame, where a message is a frame.
fn framing(case: &Case) -> Option<Value> {
    let of = &case.parameters;
    let run = case.runs.iter().find(|run| run.octets.messages > 0)?;
    if of.rate <= RARE {
        return None;
    }
    let content = (run.octets.down.payload + run.octets.down.envelope) / run.octets.messages;
    let (header, formula) = match of.transport {
        Transport::Websocket => (sizes::websocket_down(content), "RFC 6455 §5.2"),
        Transport::Http2Streaming => (sizes::HTTP2_FRAME, "RFC 9113 §4.1"),
        _ => return None,
    };
    // A frame may be on either side of the window's begin, its message on the other; so at its end.
    let value = header as f64;
    Some(Value { value, formula, spread: 2.0 * value / run.octets.messages as f64 })
}
