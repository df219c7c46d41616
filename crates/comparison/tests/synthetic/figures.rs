//! The figures of a made-up case, by the names of a real one.

use std::collections::BTreeMap;

use comparison::{
    record::{Case, Figure, Histogram, Parameters, Question, Transport},
    statistics,
    theory::Model,
};
use serde_json::json;

/// Makes the figures of a case that the report shows.
pub(super) fn conclude(case: &mut Case) {
    let of = &case.parameters;
    let mut values: BTreeMap<&str, (&str, Vec<f64>)> = BTreeMap::new();
    for run in &case.runs {
        let mut add = |name, unit, value: Option<f64>| {
            if let Some(value) = value {
                values.entry(name).or_insert((unit, vec![])).1.push(value);
            }
        };
        let time = |of: &Histogram| (of.count > 0).then_some(of.p50_us as f64);
        let (delivered, messages) = (run.requests.delivered as f64, run.octets.messages as f64);
        let (down, up, clients) = (&run.octets.down, &run.octets.up, f64::from(of.audience));
        if case.question == Question::Delivery {
            add("delivery_p50_us", "µs", time(&run.delivery));
            add("delivery_mean_us", "µs", Some(run.delivery.mean_us));
            add("delivery_p99_us", "µs", Some(run.delivery.p99_us as f64));
            add("answer_p50_us", "µs", time(&run.answer));
            add("first_cold_p50_us", "µs", time(&run.first_cold));
            add("first_warm_p50_us", "µs", time(&run.first_warm));
            add("requests_a_message", "requests", Some(run.requests.follow as f64 / delivered));
            add("cpu_us_a_delivery", "µs", Some(run.cpu.server_us as f64 / delivered));
            for (name, octets) in [
                ("down_payload_octets", down.payload),
                ("down_envelope_octets", down.envelope),
                ("down_framing_octets", down.framing),
                ("down_fields_octets", down.fields),
                ("down_tcp_ip_octets", down.tcp_ip),
                ("up_fields_octets", up.fields),
                ("up_tcp_ip_octets", up.tcp_ip),
            ] {
                add(name, "octets", Some(octets as f64 / messages));
            }
            let all =
                [down.payload, down.envelope, down.framing, down.fields, down.tcp_ip, up.fields, up.tcp_ip];
            add("octets_a_message", "octets", Some(all.iter().sum::<u64>() as f64 / messages));
        }
        if matches!(case.question, Question::Delivery | Question::Idle) {
            let grown = run.memory.resident_after as f64 - run.memory.resident_before as f64;
            add("resident_octets_a_client", "octets", Some(grown / clients));
            add(
                "kernel_octets_a_client",
                "octets",
                Some((run.memory.kernel_buffers + run.memory.kernel_structures) as f64 / clients),
            );
        }
        let idle = run.idle.as_ref();
        add("idle_octets_a_client_second", "octets", idle.map(|it| it.octets_a_client_second));
        add("idle_segments_a_client_second", "segments", idle.map(|it| it.segments_a_client_second));
        let recovery = run.recovery.as_ref();
        add("detection_p50_us", "µs", recovery.and_then(|it| time(&it.detection)));
        add("first_message_p50_us", "µs", recovery.and_then(|it| time(&it.first_message)));
        let slow = run.slow_reader.as_ref();
        add("slow_resident_peak_octets", "octets", slow.map(|it| it.resident_peak as f64));
        add("slow_kernel_peak_octets", "octets", slow.map(|it| it.kernel_peak as f64));
        add("capacity_clients", "clients", run.capacity_clients.map(f64::from));
    }
    let made = |(name, (unit, values)): (&str, (&str, Vec<f64>))| {
        let mut figure = statistics::summary(values, unit)?;
        expect(&mut figure, name, of);
        Some((name.to_owned(), figure))
    };
    case.figures = values.into_iter().filter_map(made).collect();
}

/// Theory of the mean delivery.
fn expect(figure: &mut Figure, name: &str, of: &Parameters) {
    let model = Model::new(of.delay_ms, of.rate);
    let value = 1e6
        * match of.transport {
            Transport::Polling | Transport::CoursePolling => model.polling_delivery(1.0, 0.5),
            Transport::LongPolling | Transport::SocketIoPolling => model.long_polling_delivery(25.0),
            _ => model.transit(),
        };
    if name == "delivery_mean_us" && value > 0.0 {
        let deviation = figure.median / value - 1.0;
        let expected = json!({
            "value": value, "formula": "made up", "deviation": deviation, "tolerance": 0.05, "flagged": deviation.abs() > 0.05,
        });
        figure.expected = serde_json::from_value(expected).expect("this is an expectation");
    }
}
