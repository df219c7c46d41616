//! Octets by layer: what is the message, and what is carried along with it.

use super::{Answer, View};
use crate::{
    record::{Case, Question},
    report::{
        plot::{
            Cell, Error, Panel, Plot, Table,
            axis::{Axis, Scale},
            rows::{Row, Rows},
            style::LAYERS,
        },
        select::{self, Series},
        words,
    },
};

/// The layers and the figures that they add up, from the message outwards.
pub const LAYER_FIGURES: [(&str, &[&str]); 6] = [
    ("payload", &["down_payload_octets"]),
    ("envelope (JSON)", &["down_envelope_octets"]),
    ("framing", &["down_framing_octets", "up_framing_octets"]),
    ("HTTP fields", &["down_fields_octets", "up_fields_octets"]),
    ("TLS", &["down_tls_octets", "up_tls_octets"]),
    ("TCP and IP", &["down_tcp_ip_octets", "up_tcp_ip_octets"]),
];

/// Totals above so many times the middle one are heavy: beside them, the others cannot be told apart.
const HEAVY: f64 = 4.0;

/// A server with its case.
type Measured<'a> = (&'a Series<'a>, &'a Case);

/// Octets by layer, as stacked bars; where a few are far longer than the rest, the rest once more by itself.
pub fn octets(view: &View<'_>) -> Result<Answer, Error> {
    let question = "What does a message weigh on the wire?";
    let Some(setting) = select::reference(&view.series, Question::Delivery, "down_payload_octets") else {
        return Ok(Answer::Absent { question, why: "No case has octets by layer.".to_owned() });
    };
    let measured = |one| {
        let case = Series::at(one, Question::Delivery, setting)?;
        // Without a message within the window, there is nothing to divide by.
        case.figures.contains_key("down_payload_octets").then_some((one, case))
    };
    let all: Vec<Measured<'_>> = view.compared().filter_map(measured).collect();
    let mut totals: Vec<f64> = all.iter().map(|(_, case)| total(case)).collect();
    totals.sort_by(f64::total_cmp);
    let bound = HEAVY * totals.get(totals.len() / 2).copied().unwrap_or_default();
    let lean: Vec<_> = all.iter().filter(|(_, case)| total(case) <= bound).copied().collect();
    let panels = if lean.len() < all.len() {
        vec![draw(&all, question, "All")?, draw(&lean, question, "Without the heaviest")?]
    } else {
        vec![draw(&all, question, "")?]
    };
    let uncounted = all.iter().any(|(_, case)| !case.figures.contains_key("down_tcp_ip_octets"));
    let kernel =
        if uncounted { " Where TCP and IP are missing, the kernel did not count segments." } else { "" };
    let parameters = all.first().map(|(_, case)| words::setting(&case.parameters)).unwrap_or_default();
    let caption = format!(
        "At {parameters}; one client’s octets within the window, requests and acknowledgements included, by messages \
         that it got. Bars add up the medians of the layers, from the left in the order of the legend.{kernel}"
    );
    let table = table(&all);
    Ok(Answer::Plot(Box::new(Plot { id: "octets", question, caption, panels, table })))
}

fn draw(some: &[Measured<'_>], question: &str, title: &str) -> Result<Panel, Error> {
    let totals = some.iter().map(|(_, case)| total(case));
    let x = Axis::over(Scale::Linear, "octets a message, both ways", 1.0, totals);
    let row = |(one, case): &Measured<'_>| Row {
        title: one.label.clone(),
        dots: vec![],
        parts: layers(case).into_iter().map(Option::unwrap_or_default).zip(LAYERS).collect(),
        says: words::value(total(case), "octets"),
    };
    let label = format!("{question} {title} One bar a subject, by layer. The table below has the same data.");
    Rows { x, rows: some.iter().map(row).collect() }.draw("octets", title, &label)
}

fn table(all: &[Measured<'_>]) -> Table {
    let names = std::iter::once("").chain(LAYER_FIGURES.map(|(title, _)| title)).chain(["all layers"]);
    let said =
        |value: Option<f64>| value.map_or_else(Cell::none, |value| Cell::text(words::value(value, "octets")));
    let line = |(one, case): &Measured<'_>| {
        let first = Cell { case: Some(case.id.clone()), ..Cell::text(&one.title) };
        std::iter::once(first).chain(layers(case).map(said)).chain([said(Some(total(case)))]).collect()
    };
    Table { head: names.map(str::to_owned).collect(), rows: all.iter().map(line).collect() }
}

/// Octets of each layer, both ways: the medians of its figures together; `None` where the case has none of them.
fn layers(case: &Case) -> [Option<f64>; 6] {
    LAYER_FIGURES.map(|(_, names)| {
        let medians: Vec<f64> =
            names.iter().filter_map(|name| Some(case.figures.get(*name)?.median)).collect();
        (!medians.is_empty()).then(|| medians.iter().sum())
    })
}

fn total(case: &Case) -> f64 {
    layers(case).into_iter().flatten().sum()
}
