//! The calculator: its fields, and its data, the points that were measured, for `calculator.js` to read between.

use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use super::{questions::View, select::Series};
use crate::record::{Case, Question};

/// The figures that the calculator reads, by the names that the script uses.
const FIGURES: [(&str, &str); 8] = [
    ("cpu", "cpu_us_a_delivery"),
    ("octets", "octets_a_message"),
    ("requests", "requests_a_message"),
    ("p50", "delivery_p50_us"),
    ("p99", "delivery_p99_us"),
    ("process", "resident_octets_a_client"),
    ("kernel", "kernel_octets_a_client"),
    ("segments", "idle_segments_a_client_second"),
];

/// What the script gets.
#[derive(Debug, Serialize)]
struct Data {
    series: Vec<Entry>,
    /// What the fields say first: the setting that most have.
    start: Start,
}

#[derive(Debug, Default, Serialize)]
struct Start {
    rate: f64,
    audience: u32,
    payload: u32,
    /// The round trip (ms).
    round: u32,
}

#[derive(Debug, Serialize)]
struct Entry {
    title: String,
    points: Vec<Point>,
}

/// A measured point: where, of which case, and what.
#[derive(Debug, Serialize)]
struct Point {
    case: String,
    rate: f64,
    audience: u32,
    delay: u32,
    payload: u32,
    /// How long it was measured (s).
    window: f64,
    figures: serde_json::Map<String, serde_json::Value>,
}

/// The script that works the [`controls`], as a module: it starts itself.
pub const SCRIPT: &str = concat!(include_str!("calculator.js"), "start(document);\n");

/// Its fields, its table and its data, to stand in an element with the id `calculator` of a page that runs [`SCRIPT`];
/// `None` as [`data`].
pub fn controls(view: &View<'_>) -> Option<Markup> {
    let data = data(view)?;
    let field = |name: &str, label: &str, value: &str, most: &str| {
        html! {
            label { (label) input name=(name) type="number" min="0" max=(most) step="any" value=(value) required; }
        }
    };
    Some(html! {
        noscript { p { "The calculator needs JavaScript; the tables do not." } }
        form {
            (field("rate", "messages a second", "10", "1000000"))
            (field("audience", "clients", "100", "1000000"))
            (field("round", "round trip (ms)", "0", "10000"))
            (field("payload", "text (B)", "100", "1000000"))
            (field("phones", "share of phones (%)", "0", "100"))
            (field("phoneRound", "their round trip (ms)", "160", "10000"))
        }
        output role="status" {}
        div.scroll tabindex="0" role="region" aria-label="What each would cost" {
            table {
                thead {
                    tr {
                        th scope="col" { "transport" }
                        @for head in ["server CPU", "on the wire", "requests", "delay, median", "delay, 99 %",
                            "memory", "packets of a phone at rest", "read from"] {
                            th scope="col" { (head) }
                        }
                    }
                }
                tbody {}
            }
        }
        script #calculator-data type="application/json" { (PreEscaped(data)) }
    })
}

/// The data as JSON that can stand in a `script` element; `None` if nothing was measured that it could read.
pub fn data(view: &View<'_>) -> Option<String> {
    let series: Vec<_> = view.compared().map(entry).filter(|entry| !entry.points.is_empty()).collect();
    let setting = super::select::reference(&view.series, Question::Delivery, "cpu_us_a_delivery")?;
    let case = view.series.iter().find_map(|one| one.at(Question::Delivery, setting))?;
    let of = &case.parameters;
    let start =
        Start { rate: of.rate, audience: of.audience, payload: of.payload_octets, round: 2 * of.delay_ms };
    let json = serde_json::to_string(&Data { series, start }).ok()?;
    // Nothing in a script element may look like its end or like a comment.
    Some(json.replace('<', "\\u003c"))
}

fn entry(series: &Series<'_>) -> Entry {
    let measured = series.cases.iter().filter(|case| {
        matches!(case.question, Question::Delivery | Question::Idle) && case.parameters.loss_percent == 0.0
    });
    Entry { title: series.title.clone(), points: measured.map(|case| point(case)).collect() }
}

fn point(case: &Case) -> Point {
    let of = &case.parameters;
    let figure =
        |(short, name): (&str, &str)| Some((short.to_owned(), case.figures.get(name)?.median.into()));
    Point {
        case: case.id.clone(),
        rate: of.rate,
        audience: of.audience,
        delay: of.delay_ms,
        payload: of.payload_octets,
        window: of.window_s,
        figures: FIGURES.into_iter().filter_map(figure).collect(),
    }
}
