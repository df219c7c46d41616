//! A figure over a parameter: points with intervals, theory's lines beside them.

use super::{Answer, View};
use crate::{
    record::{Case, Figure, Transport},
    report::{
        plot::{
            Cell, Error, Plot, Table,
            axis::{Axis as Drawn, Scale},
            lines::{Line, Lines, Point, Theory},
        },
        select::{self, Axis, Series, Setting},
        words,
    },
};

/// A figure of a case, at its place on an axis.
type At<'a> = (f64, &'a Case, &'a Figure);

/// A plot of a figure over a parameter.
struct Over {
    id: &'static str,
    question: &'static str,
    axis: Axis,
    figure: &'static str,
    /// The vertical axis in words, its unit included.
    y: &'static str,
    /// What a value of the record is multiplied by for the axis.
    factor: f64,
    /// Horizontal and vertical.
    scales: (Scale, Scale),
    /// What is asked instead where no line can be drawn; none if nothing is.
    without_axis: Option<&'static str>,
    /// What a reader must know beside what was held still.
    note: &'static str,
}

/// Delivery time over delay: where transports part.
pub fn distance(view: &View<'_>) -> Result<Answer, Error> {
    let plot = Over {
        id: "distance",
        question: "What does distance add to a delivery?",
        axis: Axis::Delay,
        figure: "delivery_mean_us",
        y: "mean delivery time (ms)",
        factor: 1e-3,
        scales: (Scale::Linear, Scale::Linear),
        without_axis: None,
        note: "The mean, for theory speaks of it; how single messages lie about it is shown above.",
    };
    plot.answer(view)
}

/// The late deliveries over the rate: where a server, or the load, comes to its end.
pub fn lateness(view: &View<'_>) -> Result<Answer, Error> {
    let plot = Over {
        id: "lateness",
        question: "How late is one message in a hundred when there are more of them?",
        axis: Axis::Rate,
        figure: "delivery_p99_us",
        y: "99th percentile of delivery (ms)",
        factor: 1e-3,
        scales: (Scale::Log, Scale::Log),
        without_axis: None,
        note: "Counted from the time a message was due, so that a stall is seen in all messages that it held up.",
    };
    plot.answer(view)
}

/// Requests over the rate: the clock's against the messages'.
pub fn requests(view: &View<'_>) -> Result<Answer, Error> {
    let plot = Over {
        id: "requests",
        question: "How many requests does a delivered message cost?",
        axis: Axis::Rate,
        figure: "requests_a_message",
        y: "requests a delivery",
        factor: 1.0,
        scales: (Scale::Log, Scale::Log),
        without_axis: Some("How many requests does a delivered message cost?"),
        note: "Streams ask once for all messages: they have none within the window, which a logarithm cannot show; \
               the table does.",
    };
    plot.answer(view)
}

/// Processor time over audience or rate.
pub fn processor(view: &View<'_>, axis: Axis) -> Result<Answer, Error> {
    let (id, question) = match axis {
        Axis::Rate => (
            "processor-rate",
            "What does a delivery cost the server’s processor when there are more messages?",
        ),
        _ => (
            "processor-audience",
            "What does a delivery cost the server’s processor when more clients listen?",
        ),
    };
    let plot = Over {
        id,
        question,
        axis,
        figure: "cpu_us_a_delivery",
        y: "server CPU a delivery (µs)",
        factor: 1.0,
        scales: (Scale::Log, Scale::Log),
        without_axis: (axis == Axis::Audience).then_some("What does a delivery cost the server’s processor?"),
        note: "Processor time of all threads of the server within the window, by deliveries of the messages that were due in it.",
    };
    plot.answer(view)
}

impl Over {
    fn answer(&self, view: &View<'_>) -> Result<Answer, Error> {
        let Some(setting) = select::line(&view.series, self.axis, self.figure) else {
            let why = format!("No two cases of one subject differ only in {}.", self.axis.words());
            return match self.without_axis {
                Some(question) => super::beside::figure(view, self.id, question, self.figure),
                None => Ok(Answer::Absent { question: self.question, why }),
            };
        };
        let along = |one| self.along(one, setting);
        let all: Vec<_> = view.compared().map(|one| (one.title.clone(), along(one))).collect();
        let points: Vec<_> = all.iter().flat_map(|(_, points)| points).collect();
        let mut xs: Vec<f64> = points.iter().map(|(x, ..)| *x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let x = Drawn::over(self.scales.0, self.axis.words(), 1.0, xs.iter().copied()).with_ticks(&xs);
        let values = points.iter().flat_map(|(_, _, figure)| [figure.low, figure.high, figure.median]);
        let y = Drawn::over(self.scales.1, self.y, self.factor, values);
        let mut panels = vec![];
        for group in view.groups() {
            let lines: Vec<_> = group.series.iter().map(|one| self.line(view, one, &along(one))).collect();
            let theory = self.theory(&group.series.iter().map(|one| along(one)).collect::<Vec<_>>());
            let lines: Vec<_> = lines.into_iter().filter(|line| !line.points.is_empty()).collect();
            if lines.len() < 2 && !panels.is_empty() {
                continue;
            }
            let label = format!(
                "{} {}: {} over {}. The table below has the same data.",
                self.question,
                group.title,
                self.y,
                self.axis.words()
            );
            let drawn = Lines { x: x.clone(), y: y.clone(), lines, theory };
            panels.push(drawn.draw(self.id, group.title, &label)?);
        }
        let setting = |(_, case, _): &&At<'_>| words::setting_but(&case.parameters, Some(self.axis));
        let held = points.first().map(setting).unwrap_or_default();
        let confidence = words::confidence(points.iter().map(|(_, _, figure)| *figure));
        let caption = format!("Held still: {held}; intervals: {confidence}. {}", self.note);
        let table = table(&xs, self.axis, &all);
        Ok(Answer::Plot(Box::new(Plot { id: self.id, question: self.question, caption, panels, table })))
    }

    fn along<'a>(&self, one: &Series<'a>, setting: Setting) -> Vec<At<'a>> {
        one.along(self.axis, setting, self.figure)
    }

    fn line(&self, view: &View<'_>, series: &Series<'_>, points: &[At<'_>]) -> Line {
        let shown = points.iter().filter(|(_, _, figure)| self.scales.1 != Scale::Log || figure.median > 0.0);
        let point = |(x, _, figure): &At<'_>| Point {
            x: *x,
            y: figure.median,
            interval: Some((figure.low, figure.high)),
            flagged: figure.expected.as_ref().is_some_and(|expected| expected.flagged),
            marked: true,
        };
        Line { title: series.label.clone(), look: view.look(series), points: shown.map(point).collect() }
    }

    /// Theory's lines of these series, each once.
    fn theory(&self, all: &[Vec<At<'_>>]) -> Vec<Theory> {
        let mut lines: Vec<Theory> = vec![];
        for points in all {
            let Some((_, case, _)) = points.first() else { continue };
            let expected = |(x, _, figure): &At<'_>| Some((*x, figure.expected.as_ref()?.value));
            let mut line: Vec<_> = points.iter().filter_map(expected).collect();
            let is_polling = family(case.parameters.transport) == "polling";
            if self.axis == Axis::Delay && !is_polling && line.first().is_some_and(|(x, _)| *x > 0.0) {
                // At no delay theory says 0, from which nothing can deviate by a part; the line begins there all the same.
                // A poll's pause is there also without a delay.
                line.insert(0, (0.0, 0.0));
            }
            let theory =
                Theory { title: format!("theory: {}", family(case.parameters.transport)), points: line };
            let known = |other: &Theory| other.title == theory.title || other.points == theory.points;
            if theory.points.len() > 1 && !lines.iter().any(known) {
                lines.push(theory);
            }
        }
        lines
    }
}

/// What theory tells apart.
fn family(transport: Transport) -> &'static str {
    match transport {
        Transport::Polling | Transport::CoursePolling => "polling",
        Transport::LongPolling | Transport::SocketIoPolling => "long polling",
        _ => "streams",
    }
}

fn table(xs: &[f64], axis: Axis, all: &[(String, Vec<At<'_>>)]) -> Table {
    let head = std::iter::once(format!("over {}", axis.words()))
        .chain(xs.iter().map(|x| words::exact(*x)))
        .collect();
    let cell = |points: &[At<'_>], x: f64| match points.iter().find(|(at, ..)| *at == x) {
        Some((_, case, figure)) => Cell {
            text: words::figure(figure),
            case: Some(case.id.clone()),
            flagged: figure.expected.as_ref().is_some_and(|expected| expected.flagged),
        },
        None => Cell::none(),
    };
    let row = |(title, points): &(String, Vec<At<'_>>)| {
        std::iter::once(Cell::text(title)).chain(xs.iter().map(|x| cell(points, *x))).collect()
    };
    Table { head, rows: all.iter().filter(|(_, points)| !points.is_empty()).map(row).collect() }
}
