//! The A/A control: does the comparison find a difference where there is none?

use super::{Answer, View};
use crate::{
    catalogue::{self, title},
    record::{Case, Control, Figure},
    report::{
        plot::{
            Cell, Error, Plot, Table,
            axis::{Axis, Scale},
            rows::{Dot, Row, Rows},
            style::Look,
        },
        words,
    },
    statistics,
};

/// A figure of a server beside the same of itself.
struct Pair<'a> {
    control: &'a Control,
    case: &'a Case,
    one: &'a Figure,
    again: &'a Figure,
    look: Look,
}

impl<'a> Pair<'a> {
    /// The pair of a control, if both have the figure and neither is 0, for which there is no ratio.
    fn of(view: &'a View<'_>, control: &'a Control) -> Option<Self> {
        let case = |id: &str| view.record.cases.iter().find(|case| case.id == id);
        let (case, other) = (case(&control.case)?, case(&control.again)?);
        let (one, again) = (case.figures.get(&control.figure)?, other.figures.get(&control.figure)?);
        let series = view.series.iter().find(|series| series.subject.name == other.parameters.subject)?;
        let positive = one.low > 0.0 && again.low > 0.0;
        positive.then(|| Self { control, case, one, again, look: view.look(series) })
    }

    /// Under which load.
    fn load(&self) -> String {
        let of = &self.case.parameters;
        let tls = if of.tls { ", TLS" } else { "" };
        let delay = if of.delay_ms > 0 { format!(", {} ms each way", of.delay_ms) } else { String::new() };
        format!(
            "{}/s to {}{delay}{tls}",
            words::exact(of.rate),
            words::count(of.audience as usize, "client", "clients")
        )
    }

    fn ratio(&self) -> f64 {
        self.again.median / self.one.median
    }

    /// The least and the greatest ratio that both intervals allow.
    fn interval(&self) -> (f64, f64) {
        (self.again.low / self.one.high, self.again.high / self.one.low)
    }

    fn row(&self) -> Row {
        let flagged = self.control.differs;
        let (x, interval) = (self.ratio(), self.interval());
        let dot = Dot { x, interval, expected: Some(1.0), flagged, hollow: false, look: self.look };
        Row {
            title: title(&self.control.figure).to_owned(),
            dots: vec![dot],
            parts: vec![],
            says: words::digits(x),
        }
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell { case: Some(self.case.id.clone()), ..Cell::text(title(&self.control.figure)) },
            Cell::text(self.load()),
            Cell::text(words::figure(self.one)),
            Cell::text(words::figure(self.again)),
            Cell::text(if self.control.differs { "yes" } else { "no" }),
        ]
    }
}

/// Each figure of a subject by the same of itself under another name.
pub fn control(view: &View<'_>) -> Result<Answer, Error> {
    let question = "Does the comparison find a difference where there is none?";
    let all = &view.record.control;
    let mut pairs: Vec<_> = all.iter().filter_map(|control| Pair::of(view, control)).collect();
    if pairs.is_empty() {
        let why = "The A/A control was not measured, or not often enough to say anything.".to_owned();
        return Ok(Answer::Absent { question, why });
    }
    pairs.sort_by_key(|pair| (&pair.case.id, catalogue::order(&pair.control.figure)));
    let values = pairs.iter().flat_map(|pair| [pair.interval().0, pair.interval().1, 1.0]);
    let x = Axis::over(Scale::Log, "the second by the first", 1.0, values);
    let mut panels = vec![];
    for pairs in pairs.chunk_by(|one, other| one.case.id == other.case.id) {
        let load = pairs.first().map(Pair::load).unwrap_or_default();
        let label = format!("{question} At {load}, one row a figure. The table below has the same data.");
        let rows = pairs.iter().map(Pair::row).collect();
        panels.push(Rows { x: x.clone(), rows }.draw("control", &load, &label)?);
    }
    let differ = all.iter().filter(|control| control.differs).count();
    let chance =
        |pair: &Pair<'_>| statistics::chance_of_differing(pair.one.repetitions, pair.again.repetitions);
    let caption = format!(
        "The same server twice, under two names: {differ} of {} differ; by chance alone, {} would. Bars: from the least \
         to the greatest ratio that both intervals allow; a ring: the intervals have nothing in common.",
        words::count(all.len(), "figure", "figures"),
        words::digits(pairs.iter().map(chance).sum()),
    );
    let head = ["figure", "at", "first", "second time", "differs"].map(str::to_owned).to_vec();
    let table = Table { head, rows: pairs.iter().map(Pair::cells).collect() };
    Ok(Answer::Plot(Box::new(Plot { id: "control", question, caption, panels, table })))
}
