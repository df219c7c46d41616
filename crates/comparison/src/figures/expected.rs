//! Theory's value of a figure, where it has one.

use super::TOLERANCE;
use crate::{
    load::WAIT_S,
    record::{Case, Expected, Figure, Question, Transport},
    theory::{Model, sizes},
};

/// What theory says of this figure of a case.
pub(super) fn of(name: &str, figure: &Figure, case: &Case) -> Option<Expected> {
    if case.question != Question::Delivery {
        return None;
    }
    let (value, formula, tolerance) = match name {
        "down_framing_octets" => framing(case)?,
        _ => time_or_requests(name, case)?,
    };
    let deviation = (figure.median - value) / value;
    let expected = Expected { value, formula, deviation, tolerance, flagged: deviation.abs() > tolerance };
    (value > 0.0).then_some(expected)
}

type Value = (f64, String, f64);

/// Times only where there is a delay: without one, all that is measured is what theory takes for nothing.
fn time_or_requests(name: &str, case: &Case) -> Option<Value> {
    let parameters = &case.parameters;
    let model = Model::new(parameters.delay_ms, parameters.rate);
    let microseconds = |seconds: f64, formula: &str| Some((1e6 * seconds, formula.to_owned(), TOLERANCE));
    let pause = parameters.pause_s.unwrap_or(0.0);
    let has_delay = parameters.delay_ms > 0;
    match (parameters.transport, name) {
        (Transport::Polling, "delivery_p50_us") => {
            polled(case, model.polling_delivery(pause, 0.5), "2d + C/2")
        }
        (Transport::Polling, "delivery_mean_us") => {
            polled(case, model.polling_delivery(pause, 0.5), "2d + C/2")
        }
        (Transport::Polling, "requests_a_message") => {
            // Messages of the window are delivered up to a cycle later: at both its ends some more or fewer.
            let at_ends = (2.0 * parameters.rate * model.polling_cycle(pause)).sqrt();
            let messages = parameters.rate * parameters.window_s;
            let tolerance = TOLERANCE.max(2.0 * at_ends / messages / (case.runs.len() as f64).sqrt());
            Some((model.polling_requests(pause), "1/(λC)".to_owned(), tolerance))
        }
        (Transport::LongPolling, "delivery_mean_us") if has_delay => {
            let value = model.long_polling_delivery(WAIT_S as f64);
            // A message lies for up to R or not at all: at most half of R is its deviation.
            let tolerance = TOLERANCE.max(2.0 * model.transit() / 2.0 / messages(case).sqrt() / value);
            Some((1e6 * value, "2d + (λR/m) R/2".to_owned(), tolerance))
        }
        (Transport::LongPolling, "requests_a_message") => {
            let tolerance = TOLERANCE.max(2.0 * parameters.rate * model.transit() / messages(case).sqrt());
            Some((model.long_polling_requests(WAIT_S as f64), "1/m".to_owned(), tolerance))
        }
        (Transport::Http2Streaming | Transport::Websocket, "delivery_p50_us") if has_delay => {
            microseconds(model.transit(), "2d")
        }
        (Transport::Http2Streaming | Transport::Websocket, "answer_p50_us") if has_delay => {
            microseconds(model.transit(), "2d")
        }
        (
            Transport::Polling | Transport::LongPolling | Transport::Http2Streaming | Transport::Websocket,
            "first_cold_p50_us",
        ) if has_delay => {
            let formula = if parameters.tls { "6d" } else { "4d" };
            microseconds(model.first_message_cold(parameters.tls), formula)
        }
        (Transport::Polling | Transport::LongPolling | Transport::Http2Streaming, "first_warm_p50_us")
            if has_delay =>
        {
            microseconds(model.transit(), "2d")
        }
        _ => None,
    }
}

/// Polling's delivery: a mean of as many uniform times as there were messages lies within twice its deviation.
fn polled(case: &Case, seconds: f64, formula: &str) -> Option<Value> {
    let parameters = &case.parameters;
    let model = Model::new(parameters.delay_ms, parameters.rate);
    let cycle = model.polling_cycle(parameters.pause_s.unwrap_or(0.0));
    // A median of uniform times deviates by C / (2 √n), a mean by C / √(12 n).
    let spread = 2.0 * cycle / (2.0 * messages(case).sqrt());
    Some((1e6 * seconds, formula.to_owned(), (spread / seconds).max(TOLERANCE)))
}

/// Messages of all windows of a case.
fn messages(case: &Case) -> f64 {
    let parameters = &case.parameters;
    (parameters.rate * parameters.window_s * case.runs.len() as f64).max(1.0)
}

/// The header of a message's frame, where a message is a frame.
fn framing(case: &Case) -> Option<Value> {
    let run = case.runs.iter().find(|run| run.octets.messages > 0)?;
    let content = (run.octets.down.payload + run.octets.down.envelope) / run.octets.messages;
    match case.parameters.transport {
        Transport::Websocket => {
            Some((sizes::websocket_down(content) as f64, "RFC 6455 §5.2".to_owned(), TOLERANCE))
        }
        Transport::Http2Streaming => Some((sizes::HTTP2_FRAME as f64, "RFC 9113 §4.1".to_owned(), TOLERANCE)),
        _ => None,
    }
}
