//! A figure for each series, one under the other, all with the same setting.

use super::{Answer, View};
use crate::{
    catalogue::title,
    record::{Case, Figure, Question},
    report::{
        plot::{
            Cell, Error, Plot, Table,
            axis::{Axis as Drawn, Scale},
            rows::{Dot, Row, Rows},
        },
        select::{self, Series},
        words,
    },
};

/// What a panel of points shows.
struct Dots<'a> {
    plot: &'static str,
    title: &'a str,
    question: Question,
    /// The figure, and one that stands hollow on the same row.
    figures: &'a [&'static str],
    scale: Scale,
}

/// One figure at the setting that most have in common.
pub fn figure(
    view: &View<'_>,
    id: &'static str,
    question: &'static str,
    figure: &'static str,
) -> Result<Answer, Error> {
    let dots =
        Dots { plot: id, title: "", question: Question::Delivery, figures: &[figure], scale: Scale::Log };
    dots.answer(view, question, "")
}

/// Memory of process and kernel.
pub fn memory(view: &View<'_>) -> Result<Answer, Error> {
    let asked = "What does a client cost the server in memory?";
    let note = "Filled: what the process grew by for each client; hollow: what the kernel holds for its sockets, \
                which no process shows. What is 0 or less cannot stand on a logarithm; the table has it.";
    let figures = ["resident_octets_a_client", "kernel_octets_a_client"];
    let question = if select::reference(&view.series, Question::Idle, figures[0]).is_some() {
        Question::Idle
    } else {
        Question::Delivery
    };
    Dots { plot: "memory", title: "", question, figures: &figures, scale: Scale::Log }
        .answer(view, asked, note)
}

/// Octets and wake-ups of an audience that hears nothing.
pub fn idle(view: &View<'_>) -> Result<Answer, Error> {
    let asked = "What does a client cost that hears nothing?";
    let note = "Octets on the wire, both ways, TCP and IP included. What costs nothing within the window, such as a \
                stream whose next ping comes later, cannot stand on a logarithm; the table has it.";
    let figures = ["idle_octets_a_client_second"];
    Dots { plot: "idle", title: "", question: Question::Idle, figures: &figures, scale: Scale::Log }
        .answer(view, asked, note)
}

/// Time to the first message.
pub fn first_message(view: &View<'_>) -> Result<Answer, Error> {
    let asked = "How long until the first message?";
    let note =
        "Filled: over a new connection, its handshakes included; hollow: over one that is open already.";
    let figures = ["first_cold_p50_us", "first_warm_p50_us"];
    Dots {
        plot: "first-message",
        title: "",
        question: Question::Delivery,
        figures: &figures,
        scale: Scale::Log,
    }
    .answer(view, asked, note)
}

/// After a fault.
pub fn recovery(view: &View<'_>, question: Question) -> Result<Answer, Error> {
    let (plot, asked) = match question {
        Question::Cut => ("cut", "How long until messages come again after connections were cut?"),
        Question::Blackhole => {
            ("blackhole", "How long until messages come again after a time in which nothing passed?")
        }
        _ => ("restart", "How long until messages come again after the server was killed and started?"),
    };
    let note = "Filled: from the fault’s end to the first message that was posted after it. Hollow: from the fault’s \
                begin until the client noticed it.";
    let figures = ["first_message_p50_us", "detection_p50_us"];
    Dots { plot, title: "", question, figures: &figures, scale: Scale::Log }.answer(view, asked, note)
}

/// A client that does not read.
pub fn slow_reader(view: &View<'_>) -> Result<Answer, Error> {
    let asked = "How much memory does a client take that does not read?";
    let note = "Filled: the process at most; hollow: the kernel at most. A server that lets neither grow has a bound.";
    let figures = ["slow_resident_peak_octets", "slow_kernel_peak_octets"];
    Dots {
        plot: "slow-reader",
        title: "",
        question: Question::SlowReader,
        figures: &figures,
        scale: Scale::Log,
    }
    .answer(view, asked, note)
}

/// Most clients.
pub fn capacity(view: &View<'_>) -> Result<Answer, Error> {
    let asked = "How many clients does a server serve in time?";
    let figures = ["capacity_clients"];
    Dots { plot: "capacity", title: "", question: Question::Capacity, figures: &figures, scale: Scale::Log }
        .answer(view, asked, "")
}

impl Dots<'_> {
    fn answer(&self, view: &View<'_>, asked: &'static str, note: &str) -> Result<Answer, Error> {
        let first = self.figures.first().copied().unwrap_or_default();
        let Some(setting) = select::reference(&view.series, self.question, first) else {
            let why = format!("No case has {}.", self.names().join(" or "));
            return Ok(Answer::Absent { question: asked, why });
        };
        let all: Vec<(&Series<'_>, &Case)> =
            view.compared().filter_map(|one| Some((one, one.at(self.question, setting)?))).collect();
        let figures: Vec<&Figure> = all.iter().flat_map(|(_, case)| self.of(case)).flatten().collect();
        let most = figures.iter().map(|figure| figure.high).fold(0.0, f64::max);
        if most <= 0.0 {
            let setting = all.first().map(|(_, case)| words::setting(&case.parameters)).unwrap_or_default();
            return Ok(Answer::Absent { question: asked, why: format!("All came to 0: at {setting}.") });
        }
        let unit = figures.first().map_or("", |figure| figure.unit.as_str());
        let (divisor, shown) = words::scale(most, unit);
        let values = figures.iter().flat_map(|figure| [figure.low, figure.median, figure.high]);
        let names = self.names();
        let title = match names.as_slice() {
            [name] if name.contains(shown) => (*name).to_owned(),
            [name] => format!("{name} ({shown})"),
            _ => format!("{} ({shown})", if unit == "octets" { "memory" } else { "time" }),
        };
        let x = Drawn::over(self.scale, title, 1.0 / divisor, values.filter(|value| *value > 0.0));
        let rows: Vec<_> = all.iter().map(|(one, case)| self.row(view, one, case)).collect();
        let label = format!("{asked} One row a subject. The table below has the same data.");
        let panels = vec![Rows { x, rows }.draw(self.plot, self.title, &label)?];
        let parameters = all.first().map(|(_, case)| words::setting(&case.parameters)).unwrap_or_default();
        let confidence = words::confidence(figures.iter().copied());
        let caption = format!("At {parameters}; intervals: {confidence}. {note}");
        let table = self.table(&all);
        Ok(Answer::Plot(Box::new(Plot { id: self.plot, question: asked, caption, panels, table })))
    }

    fn of<'c>(&self, case: &'c Case) -> Vec<Option<&'c Figure>> {
        self.figures.iter().map(|name| case.figures.get(*name)).collect()
    }

    fn names(&self) -> Vec<&'static str> {
        self.figures.iter().map(|name| title(name)).collect()
    }

    fn row(&self, view: &View<'_>, series: &Series<'_>, case: &Case) -> Row {
        let dot = |(index, figure): (usize, Option<&Figure>)| {
            let figure = figure.filter(|figure| self.scale != Scale::Log || figure.median > 0.0)?;
            Some(Dot {
                x: figure.median,
                interval: (figure.low, figure.high),
                expected: figure.expected.as_ref().map(|expected| expected.value),
                flagged: figure.expected.as_ref().is_some_and(|expected| expected.flagged),
                hollow: index > 0,
                look: view.look(series),
            })
        };
        let figures = self.of(case);
        let says = figures
            .first()
            .copied()
            .flatten()
            .map_or("–".to_owned(), |figure| words::value(figure.median, &figure.unit));
        Row {
            title: series.label.clone(),
            dots: figures.into_iter().enumerate().filter_map(dot).collect(),
            parts: vec![],
            says: if says.ends_with("requests") { says.replace(" requests", "") } else { says },
        }
    }

    fn table(&self, all: &[(&Series<'_>, &Case)]) -> Table {
        let head =
            std::iter::once(String::new()).chain(self.names().into_iter().map(str::to_owned)).collect();
        let cell = |figure: Option<&Figure>| match figure {
            Some(figure) => Cell {
                text: words::figure(figure),
                case: None,
                flagged: figure.expected.as_ref().is_some_and(|expected| expected.flagged),
            },
            None => Cell::none(),
        };
        let row = |(one, case): &(&Series<'_>, &Case)| {
            let first = Cell { case: Some(case.id.clone()), ..Cell::text(&one.title) };
            std::iter::once(first).chain(self.of(case).into_iter().map(cell)).collect()
        };
        Table { head, rows: all.iter().map(row).collect() }
    }
}
