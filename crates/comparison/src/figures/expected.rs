//! Which figure theory speaks of, and what it says: [`crate::theory`] put beside a case.

use crate::{
    record::{Expected, Parameters, Run, Transport},
    theory::{Model, sizes},
};

/// How long a long-polling client asks to wait when it does not say (s): the protocol's default, and Engine.IO's ping.
const LONG_POLLING_WAIT_S: f64 = 25.0;

/// What theory says: the value in the figure's unit, and the formula.
pub(super) struct Theory {
    value: f64,
    formula: &'static str,
}

impl Theory {
    /// Held against a measured median.
    pub(super) fn against(self, median: f64, tolerance: f64) -> Expected {
        let deviation = (median - self.value) / self.value;
        Expected {
            value: self.value,
            formula: self.formula.to_owned(),
            deviation,
            flagged: deviation.abs() > tolerance,
        }
    }
}

/// What theory says of a figure of a case; `None` where it says nothing, or 0: from 0 nothing deviates by a part.
pub(super) fn of(parameters: &Parameters, figure: &str, runs: &[Run]) -> Option<Theory> {
    use Transport::{CoursePolling, Http2Streaming, LongPolling, Polling, SocketIoPolling, Websocket};
    let model = Model::new(parameters.delay_ms, parameters.rate);
    let seconds = |value: f64, formula| Some(Theory { value: value * 1e6, formula });
    let theory = match (parameters.transport, figure) {
        (Polling | CoursePolling, _) => polling(model, parameters, figure),
        (LongPolling | SocketIoPolling, "delivery_mean_us") => {
            seconds(model.long_polling_delivery(LONG_POLLING_WAIT_S), "2d + (λR/m) R/2")
        }
        (LongPolling | SocketIoPolling, "requests_a_delivery") => {
            let value = model.long_polling_requests(LONG_POLLING_WAIT_S);
            Some(Theory { value, formula: "1/m, m = λR + e^(-λR) (1 - e^(-λW))" })
        }
        (LongPolling | SocketIoPolling, "delivery_p50_us") => None, // Its quantiles have no closed form here.
        (_, "delivery_p50_us" | "delivery_mean_us") => seconds(model.transit(), "2d"),
        (Websocket, "octets_framing_a_message") => websocket_framing(runs),
        (Http2Streaming | LongPolling | Websocket, "first_cold_p50_us") => {
            let formula = if parameters.tls { "6d" } else { "4d" };
            seconds(model.first_message_cold(parameters.tls), formula)
        }
        (Http2Streaming | LongPolling, "first_warm_p50_us") => seconds(model.transit(), "2d"),
        _ => None,
    };
    theory.filter(|theory| theory.value > 0.0 && theory.value.is_finite())
}

/// Of polling: delivery is uniform on one cycle, and the requests are those of the clock.
fn polling(model: Model, parameters: &Parameters, figure: &str) -> Option<Theory> {
    let pause = parameters.pause_s?;
    let delivery = |part, formula| Some(Theory { value: model.polling_delivery(pause, part) * 1e6, formula });
    match figure {
        "delivery_mean_us" | "delivery_p50_us" => delivery(0.5, "2d + C/2, C = T + 2d"),
        "delivery_p90_us" => delivery(0.9, "2d + 0.9 C, C = T + 2d"),
        "delivery_p99_us" => delivery(0.99, "2d + 0.99 C, C = T + 2d"),
        "requests_a_delivery" => {
            Some(Theory { value: model.polling_requests(pause), formula: "1/(λC), C = T + 2d" })
        }
        "first_cold_p50_us" => {
            let value = model.first_message_cold(parameters.tls) * 1e6;
            Some(Theory { value, formula: if parameters.tls { "6d" } else { "4d" } })
        }
        "first_warm_p50_us" => Some(Theory { value: model.transit() * 1e6, formula: "2d" }),
        _ => None,
    }
}

/// The header of a frame for each message, of the mean message's length; batches and pings make it deviate.
fn websocket_framing(runs: &[Run]) -> Option<Theory> {
    let octets = runs.iter().find(|run| run.octets.messages > 0).map(|run| &run.octets)?;
    let json = (octets.down.payload + octets.down.envelope) / octets.messages;
    Some(Theory {
        value: sizes::websocket_down(json) as f64,
        formula: "2, 4 or 10 octets a frame, RFC 6455 §5.2",
    })
}
