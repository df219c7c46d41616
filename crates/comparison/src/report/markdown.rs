//! The table for a README: the reference setting, a row a server.

use super::{
    questions::View,
    select::{self, Axis, Series, Setting},
    words,
};
use crate::record::{Case, Figure, Kind, Question, Record};

/// The columns at the reference setting: their heads and figures.
const COLUMNS: [(&str, &str); 6] = [
    ("median", "delivery_p50_us"),
    ("99 %", "delivery_p99_us"),
    ("requests a delivery", "requests_a_message"),
    ("on the wire a message", "octets_a_message"),
    ("server CPU a delivery", "cpu_us_a_delivery"),
    ("memory a client", "resident_octets_a_client"),
];

/// The table with a sentence on how it was made, in Markdown.
pub fn table(record: &Record) -> String {
    let view = View::of(record);
    let Some(setting) = select::reference(&view.series, Question::Delivery, "delivery_p50_us") else {
        return "The record has no delivery times.\n".to_owned();
    };
    let distance = select::line(&view.series, Axis::Delay, "delivery_mean_us");
    let most = view
        .series
        .iter()
        .filter_map(|series| far(series, distance))
        .map(|(delay, ..)| delay)
        .fold(0.0, f64::max);
    let mut head = vec!["server".to_owned()];
    head.extend(COLUMNS.map(|(title, _)| title.to_owned()));
    if most > 0.0 {
        head.push(format!("mean at {} ms each way", words::exact(most)));
    }
    let rule = head
        .iter()
        .enumerate()
        .map(|(index, _)| if index == 0 { "---" } else { "---:" }.to_owned())
        .collect();
    let mut lines = vec![head, rule];
    let mut said = String::new();
    for series in view.series.iter().filter(|one| one.subject.kind != Kind::Control) {
        let Some(case) = series.at(Question::Delivery, setting) else { continue };
        said = words::setting(&case.parameters);
        let value = |name: &str| {
            case.figures.get(name).map_or("–".to_owned(), |figure| {
                let value = words::value(figure.median, &figure.unit);
                value.trim_end_matches(" requests").to_owned()
            })
        };
        let mut line = vec![series.title.clone()];
        line.extend(COLUMNS.map(|(_, name)| value(name)));
        if most > 0.0 {
            let far = far(series, distance).filter(|(delay, ..)| *delay == most);
            line.push(far.map_or("–".to_owned(), |(.., figure)| words::value(figure.median, &figure.unit)));
        }
        lines.push(line);
    }
    let rows: Vec<_> = lines.iter().map(|line| format!("| {} |", line.join(" | "))).collect();
    let machine = &record.machine;
    let runs = record.cases.iter().map(|case| case.runs.len()).sum::<usize>();
    let part = if record.complete { "" } else { ", stopped half-way" };
    format!(
        "{}\n\nAt {said}; medians of the repetitions. {}, {} ({}), Linux {}; {}{part}.\n",
        rows.join("\n"),
        record.begun.split('T').next().unwrap_or_default(),
        words::count(machine.cores, "core", "cores"),
        machine.cpu,
        machine.kernel,
        words::count(runs, "run", "runs"),
    )
}

/// The figure at a series' longest delay.
fn far<'a>(series: &Series<'a>, distance: Option<Setting>) -> Option<(f64, &'a Case, &'a Figure)> {
    series.along(Axis::Delay, distance?, "delivery_mean_us").pop()
}
