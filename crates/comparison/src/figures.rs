//! What the runs of a case come to: medians with intervals, beside what theory says.

use std::{collections::BTreeMap, mem};

use crate::{
    record::{Case, Control, Direction, Figure, Kind, Question, Run, Subject},
    statistics::{differ, summary},
};

mod expected;

use expected::Floor;

/// A measured deviation from theory that is no more than this needs no explanation.
pub const TOLERANCE: f64 = 0.05;

/// The figures by which the A/A control is judged, named beforehand.
pub const CONTROLLED: [&str; 5] =
    ["delivery_p50_us", "delivery_p99_us", "answer_p50_us", "cpu_us_a_delivery", "resident_octets_a_client"];

/// Repetitions below which the control says nothing: ranges of 5 and 5 lie apart by chance once in 126, those of 3 and
/// 3 once in 10.
pub const CONTROL_REPETITIONS: u32 = 5;

/// Gives all cases their figures, and these what theory says of them.
pub fn conclude(cases: &mut [Case], subjects: &[Subject]) {
    for case in cases.iter_mut() {
        case.figures = summaries(case);
    }
    let floor = Floor::measured(cases, subjects);
    for case in cases {
        let mut figures = mem::take(&mut case.figures);
        for (name, figure) in &mut figures {
            figure.expected = expected::of(name, figure, case, &floor);
        }
        case.figures = figures;
    }
}

fn summaries(case: &Case) -> BTreeMap<String, Figure> {
    let mut values: BTreeMap<&'static str, (&'static str, Vec<f64>)> = BTreeMap::new();
    for run in &case.runs {
        for (name, unit, value) in figures_of(run, case) {
            values.entry(name).or_insert_with(|| (unit, Vec::new())).1.push(value);
        }
    }
    let summaries = values.into_iter();
    summaries.filter_map(|(name, (unit, values))| Some((name.to_owned(), summary(values, unit)?))).collect()
}

type Named = (&'static str, &'static str, f64);

fn figures_of(run: &Run, case: &Case) -> Vec<Named> {
    let mut figures = match case.question {
        // None were served, and there is nothing to tell of them.
        Question::Capacity if run.capacity_clients == Some(0) => Vec::new(),
        Question::Delivery | Question::Capacity | Question::SlowReader => steady(run, case),
        Question::Idle => idle(run, case),
        Question::Cut | Question::Blackhole | Question::Restart => Vec::new(),
    };
    if let Some(recovery) = &run.recovery {
        for (name, times) in [
            ("detection_p50_us", &recovery.detection),
            ("reconnecting_p50_us", &recovery.reconnecting),
            ("first_message_p50_us", &recovery.first_message),
        ] {
            if times.count > 0 {
                figures.push((name, "µs", times.p50_us as f64));
            }
        }
        let worst = recovery.first_message.max_us as f64;
        figures.push(("first_message_max_us", "µs", worst));
    }
    if let Some(slow) = &run.slow_reader {
        figures.push(("slow_resident_peak_octets", "octets", slow.resident_peak as f64));
        figures.push(("slow_kernel_peak_octets", "octets", slow.kernel_peak as f64));
    }
    figures.extend(run.capacity_clients.map(|clients| ("capacity_clients", "clients", f64::from(clients))));
    figures
}

fn steady(run: &Run, case: &Case) -> Vec<Named> {
    let mut figures = Vec::new();
    let delivery = &run.delivery;
    if delivery.count > 0 {
        figures.extend([
            ("delivery_p50_us", "µs", delivery.p50_us as f64),
            ("delivery_p90_us", "µs", delivery.p90_us as f64),
            ("delivery_p99_us", "µs", delivery.p99_us as f64),
            ("delivery_p999_us", "µs", delivery.p999_us as f64),
            ("delivery_max_us", "µs", delivery.max_us as f64),
            ("delivery_mean_us", "µs", delivery.mean_us),
        ]);
    }
    for (name, tail, times) in [
        ("answer_p50_us", Some("answer_p99_us"), &run.answer),
        ("first_cold_p50_us", None, &run.first_cold),
        ("first_warm_p50_us", None, &run.first_warm),
    ] {
        if times.count > 0 {
            figures.push((name, "µs", times.p50_us as f64));
            figures.extend(tail.map(|name| (name, "µs", times.p99_us as f64)));
        }
    }
    // Of the messages that were due in the window, also where the last of them came after it: so many, whatever chance cut
    // off at its ends.
    let delivered = run.delivery.count as f64;
    if delivered > 0.0 {
        figures.extend([
            ("requests_a_message", "requests", run.requests.follow as f64 / delivered),
            ("cpu_us_a_delivery", "µs", run.cpu.server_us as f64 / delivered),
            ("wake_ups_a_delivery", "wake-ups", run.cpu.server_wake_ups as f64 / delivered),
        ]);
    }
    figures.extend(octets(run));
    figures.extend(memory(run, case));
    figures.push(("load_lag_p99_us", "µs", run.load.lag.p99_us as f64));
    figures.push(("load_cpu", "of a core", run.load.cpu));
    figures
}

/// Octets a message, of the first client.
fn octets(run: &Run) -> Vec<Named> {
    let messages = run.octets.messages as f64;
    if messages == 0.0 {
        return Vec::new();
    }
    let a_message = |octets: u64| octets as f64 / messages;
    let (down, up) = (&run.octets.down, &run.octets.up);
    let mut figures = vec![
        ("down_payload_octets", "octets", a_message(down.payload)),
        ("down_envelope_octets", "octets", a_message(down.envelope)),
        ("down_framing_octets", "octets", a_message(down.framing)),
        ("down_fields_octets", "octets", a_message(down.fields)),
        ("down_tls_octets", "octets", a_message(down.tls)),
        ("up_framing_octets", "octets", a_message(up.framing)),
        ("up_fields_octets", "octets", a_message(up.fields)),
        ("up_tls_octets", "octets", a_message(up.tls)),
    ];
    let all = [down, up].map(|direction| {
        let Direction { payload, envelope, framing, fields, tls, tcp_ip, segments: _ } = direction;
        payload + envelope + framing + fields + tls + tcp_ip
    });
    figures.push(("octets_a_message", "octets", a_message(all.iter().sum())));
    if run.octets.segments_counted {
        figures.push(("down_tcp_ip_octets", "octets", a_message(down.tcp_ip)));
        figures.push(("up_tcp_ip_octets", "octets", a_message(up.tcp_ip)));
    }
    figures
}

fn memory(run: &Run, case: &Case) -> Vec<Named> {
    let audience = f64::from(case.parameters.audience);
    let grown = run.memory.resident_after as f64 - run.memory.resident_before as f64;
    let kernel = run.memory.kernel_buffers + run.memory.kernel_structures;
    vec![
        ("resident_octets_a_client", "octets", grown / audience),
        ("kernel_octets_a_client", "octets", kernel as f64 / audience),
    ]
}

fn idle(run: &Run, case: &Case) -> Vec<Named> {
    let mut figures = memory(run, case);
    if let Some(idle) = &run.idle {
        figures.extend([
            ("idle_octets_a_client_second", "octets", idle.octets_a_client_second),
            ("idle_segments_a_client_second", "segments", idle.segments_a_client_second),
            ("idle_wake_ups_a_second", "wake-ups", idle.wake_ups_a_second),
            ("idle_cpu_us_a_second", "µs", idle.cpu_us_a_second),
        ]);
    }
    figures
}

/// Holds each control against the subject whose other name it is.
pub fn control(cases: &[Case], subjects: &[Subject]) -> Vec<Control> {
    let mut found = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.kind == Kind::Control) {
        let Some(own) = subject.name.strip_suffix("-again") else { continue };
        for again in cases.iter().filter(|case| case.parameters.subject == subject.name) {
            let id = again.id.replacen(&subject.name, own, 1);
            let Some(case) = cases.iter().find(|case| case.id == id) else { continue };
            for name in CONTROLLED {
                if let (Some(one), Some(other)) = (case.figures.get(name), again.figures.get(name)) {
                    found.extend(compare(case, again, name, one, other));
                }
            }
        }
    }
    found
}

fn compare(case: &Case, again: &Case, name: &str, one: &Figure, other: &Figure) -> Option<Control> {
    let repeated = one.repetitions.min(other.repetitions) >= CONTROL_REPETITIONS;
    repeated.then(|| Control {
        case: case.id.clone(),
        again: again.id.clone(),
        figure: name.to_owned(),
        differs: differ(one, other),
    })
}
