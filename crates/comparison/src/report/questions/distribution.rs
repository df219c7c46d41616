//! The distribution of delivery times, up to the latest.

use super::{Answer, View};
use crate::{
    record::{Case, Histogram, Question},
    report::{
        plot::{
            Cell, Error, Plot, Table,
            axis::{Axis, Scale},
            lines::{Line, Lines, Point},
        },
        select::{self, Series},
        words,
    },
};

const QUESTION: &str = "How long does a message take, and how late are the late ones?";

/// A server with its delivery times, all repetitions together.
struct Measured<'a> {
    series: &'a Series<'a>,
    case: &'a Case,
    times: Histogram,
}

/// Delivery times over the part of deliveries that take no longer.
pub fn distribution(view: &View<'_>) -> Result<Answer, Error> {
    let Some(setting) = select::reference(&view.series, Question::Delivery, "delivery_p50_us") else {
        return Ok(Answer::Absent { question: QUESTION, why: "No case has delivery times.".to_owned() });
    };
    let measured = |series| {
        let case: &Case = Series::at(series, Question::Delivery, setting)?;
        let times = Histogram::merged(case.runs.iter().map(|run| &run.delivery));
        (times.count > 0).then_some(Measured { series, case, times })
    };
    let all: Vec<Measured<'_>> = view.compared().filter_map(measured).collect();
    let most = all.iter().map(|one| one.times.count).max().unwrap_or(1);
    let parts = [1.0 - 0.5 / most as f64];
    let x = Axis::over(Scale::Percentile, "percent of deliveries that take no longer", 1.0, parts);
    let ends = all.iter().flat_map(|one| [one.times.min_us as f64, one.times.max_us as f64]);
    let y = Axis::over(Scale::Log, "delivery time (ms)", 1e-3, ends);
    let mut panels = vec![];
    for group in view.groups() {
        let own = all.iter().filter(|one| group.series.iter().any(|series| series.index == one.series.index));
        let line = |one: &Measured<'_>| Line {
            title: one.series.label.clone(),
            look: view.look(one.series),
            points: curve(&one.times, &x),
        };
        let lines: Vec<_> = own.map(line).collect();
        if lines.len() < 2 && !panels.is_empty() {
            continue;
        }
        let shown = "delivery time over percent of deliveries. The table below has the same data.";
        let label = format!("{QUESTION} {}: {shown}", group.title);
        let drawn = Lines { x: x.clone(), y: y.clone(), lines, theory: vec![] };
        panels.push(drawn.draw("distribution", group.title, &label)?);
    }
    let setting = all.first().map(|one| words::setting(&one.case.parameters)).unwrap_or_default();
    let caption = format!(
        "At {setting}; all repetitions of a case together. From 90 %, each step to the right is ten times rarer. A time \
         runs from when a message was due until a client had it."
    );
    let table = table(&all);
    Ok(Answer::Plot(Box::new(Plot { id: "distribution", question: QUESTION, caption, panels, table })))
}

fn table(all: &[Measured<'_>]) -> Table {
    let head = ["delivery", "50 %", "90 %", "99 %", "99.9 %", "latest", "deliveries"];
    let row = |one: &Measured<'_>| {
        let times = &one.times;
        let mut cells = vec![Cell { case: Some(one.case.id.clone()), ..Cell::text(&one.series.title) }];
        let percentiles = [times.p50_us, times.p90_us, times.p99_us, times.p999_us, times.max_us];
        cells.extend(percentiles.map(|time| Cell::text(words::value(time as f64, "µs"))));
        cells.push(Cell::text(words::exact(times.count as f64)));
        cells
    };
    Table { head: head.map(str::to_owned).to_vec(), rows: all.iter().map(row).collect() }
}

/// A distribution as a line, of points that can be told apart.
fn curve(merged: &Histogram, x: &Axis) -> Vec<Point> {
    let (mut below, mut drawn, mut points) = (0_u64, f64::NEG_INFINITY, vec![]);
    for bucket in &merged.buckets {
        below += bucket.1;
        let part = (below as f64 - 0.5) / merged.count as f64;
        let place = x.place(part);
        if place - drawn > 0.01 || below == merged.count {
            drawn = place;
            points.push(Point { x: part, y: bucket.0 as f64, interval: None, flagged: false, marked: false });
        }
    }
    points
}
