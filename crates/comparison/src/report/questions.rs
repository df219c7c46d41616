//! The questions that the report answers with a plot, and what it says where the record has no answer.
//!
//! - [`distribution`]: all delivery times
//! - [`over`]: a figure over a parameter, theory beside it
//! - [`beside`]: a figure for each series, one under the other
//! - [`octets`]: the layers of a message on the wire
//! - [`control`]: a server beside itself

use super::{
    plot::{
        Error, Plot,
        style::{self, Look},
    },
    select::{self, Axis, Series},
};
use crate::record::{Kind, Question, Record};

pub mod beside;
pub mod control;
pub mod distribution;
pub mod octets;
pub mod over;

/// A question and its answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A plot.
    Plot(Box<Plot>),
    /// The record has no data for it.
    Absent {
        /// The question.
        question: &'static str,
        /// Why there is no plot, as a sentence.
        why: String,
    },
}

/// A record as the report looks at it.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The record.
    pub record: &'a Record,
    /// Who was measured.
    pub series: Vec<Series<'a>>,
    /// Their looks, in the same order.
    pub looks: Vec<Look>,
}

/// Some of the series, and what they have in common.
pub struct Group<'a> {
    /// The panel's title.
    pub title: &'static str,
    /// Who.
    pub series: Vec<&'a Series<'a>>,
}

impl<'a> View<'a> {
    /// The view of a record.
    pub fn of(record: &'a Record) -> Self {
        let series = select::series(record);
        let looks = style::looks(&series);
        Self { record, series, looks }
    }

    /// The look of a series.
    pub fn look(&self, series: &Series<'_>) -> Look {
        self.looks.get(series.index).copied().unwrap_or(Look { colour: style::GREY, marker: 0 })
    }

    /// The series of each panel: the project's own beside the floor, then the peers beside one of its own.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let of = |wanted: &dyn Fn(&Series<'_>) -> bool| {
            self.series.iter().filter(|one| wanted(one)).collect::<Vec<_>>()
        };
        let own = of(&|one| matches!(one.subject.kind, Kind::House | Kind::Floor));
        let peers = of(&|one| one.subject.kind == Kind::Peer || one.subject.name == "raw-websocket");
        let mut groups = vec![Group { title: "This project’s transports", series: own }];
        if self.series.iter().any(|one| one.subject.kind == Kind::Peer) {
            groups.push(Group { title: "Servers that people would use instead", series: peers });
        }
        groups
    }

    /// Those that are compared: all but the control.
    pub fn compared(&self) -> impl Iterator<Item = &Series<'a>> {
        self.series.iter().filter(|one| one.subject.kind != Kind::Control)
    }
}

/// All questions in the order of the report.
///
/// # Errors
///
/// plotters cannot draw one.
pub fn answers(view: &View<'_>) -> Result<Vec<Answer>, Error> {
    Ok(vec![
        distribution::distribution(view)?,
        over::distance(view)?,
        over::lateness(view)?,
        over::requests(view)?,
        octets::octets(view)?,
        over::processor(view, Axis::Audience)?,
        over::processor(view, Axis::Rate)?,
        beside::memory(view)?,
        beside::idle(view)?,
        beside::first_message(view)?,
        beside::recovery(view, Question::Cut)?,
        beside::recovery(view, Question::Blackhole)?,
        beside::recovery(view, Question::Restart)?,
        beside::slow_reader(view)?,
        beside::capacity(view)?,
        control::control(view)?,
    ])
}
