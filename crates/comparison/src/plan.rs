//! What is measured: cases, how often each, and in which order.

use std::time::Duration;

use crate::{
    load::OPENING_AT_A_TIME,
    record::{Case, Parameters, Question, Size, Transport},
    subjects::{ENTRIES, Entry},
};

mod cases;
pub mod star;

pub use cases::{cases, left_out};
use star::Place;

/// A case, and how it is to be run.
#[derive(Clone, Debug)]
pub struct Job {
    /// The case, without runs.
    pub case: Case,
    /// How often.
    pub repetitions: u32,
    /// Clients that are timed to their first message.
    pub openings: u32,
    /// True if it may run side by side with others that do as little.
    pub is_beside: bool,
}

/// A run to be made: the index of its job, and which repetition it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The job.
    pub job: usize,
    /// The repetition, from 0.
    pub repetition: u32,
}

/// Steps of a plan, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A run by itself.
    Alone(Turn),
    /// Runs of servers that do next to nothing, side by side.
    Together(Vec<Turn>),
}

impl Job {
    /// A case of this subject; what its question leaves open is zero.
    pub fn new(question: Question, entry: &Entry, repetitions: u32) -> Self {
        let is_polling = matches!(entry.transport, Transport::Polling | Transport::CoursePolling);
        let parameters = Parameters {
            subject: entry.name.to_owned(),
            transport: entry.transport,
            rate: 0.0,
            audience: 1,
            delay_ms: 0,
            loss_percent: 0.0,
            payload_octets: Place::COMMON.payload,
            history: 256,
            tls: false,
            pause_s: is_polling.then_some(1.0),
            warm_up_s: 0.0,
            window_s: 1.0,
            fault_s: None,
        };
        let case =
            Case { id: String::new(), question, parameters, runs: Vec::new(), figures: Default::default() };
        Self { case, repetitions, openings: 0, is_beside: false }.named()
    }

    /// Itself with other parameters.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Parameters)) -> Self {
        change(&mut self.case.parameters);
        self.named()
    }

    /// Itself with so many first messages timed.
    #[must_use]
    pub fn opening(self, openings: u32) -> Self {
        Self { openings, ..self }
    }

    fn named(mut self) -> Self {
        let Parameters { subject, rate, audience, delay_ms, payload_octets, tls, .. } = &self.case.parameters;
        let question = match self.case.question {
            Question::Delivery => "delivery",
            Question::Idle => "idle",
            Question::Cut => "cut",
            Question::Blackhole => "blackhole",
            Question::Restart => "restart",
            Question::SlowReader => "slow-reader",
            Question::Capacity => "capacity",
        };
        let tls = if *tls { ",tls" } else { "" };
        self.case.id = format!(
            "{question}/{subject}/rate={rate},audience={audience},delay={delay_ms},payload={payload_octets}{tls}"
        );
        self
    }

    /// How long one run takes, about.
    pub fn estimate(&self) -> Duration {
        let parameters = &self.case.parameters;
        let transit = 2.0 * f64::from(parameters.delay_ms) / 1_000.0;
        let pause = parameters.pause_s.unwrap_or(0.0);
        let audience = f64::from(parameters.audience);
        // Handshakes are under way together, so many at a time; each takes two round trips, with TLS three.
        let turns = (audience / OPENING_AT_A_TIME as f64).ceil();
        let connecting = audience / 1_500.0 + turns * if parameters.tls { 3.0 } else { 2.0 } * transit;
        let openings = f64::from(self.openings) * (7.0 * transit + 0.02);
        let measuring = parameters.warm_up_s + parameters.window_s + transit + pause;
        let asked = match self.case.question {
            Question::Cut | Question::Restart => 1.0 + pause,
            Question::Blackhole => parameters.fault_s.unwrap_or(0.0) + 2.0,
            // Seven doublings, each with its audience.
            Question::Capacity => 10.0 * (measuring + 3.0),
            _ => measuring,
        };
        Duration::from_secs_f64(START_S + connecting + transit + pause + asked + openings)
    }
}

/// What a run takes beside what is measured: its processes' start, and the wait before the first post (s).
const START_S: f64 = 0.6;

/// All steps: every repetition is a block of all jobs in random order, so that a drift of the machine touches all alike;
/// what may run side by side comes together at the end of a block.
pub fn steps(jobs: &[Job], seed: u32) -> Vec<Step> {
    let mut random = fastrand::Rng::with_seed(seed.into());
    let is_beside = |job: &usize| jobs.get(*job).is_some_and(|job| job.is_beside);
    let mut steps = Vec::new();
    let blocks = jobs.iter().map(|job| job.repetitions).max().unwrap_or(0);
    for repetition in 0..blocks {
        let due = jobs.iter().enumerate().filter(|(_, job)| repetition < job.repetitions);
        let (beside, mut others): (Vec<usize>, Vec<usize>) = due.map(|(index, _)| index).partition(is_beside);
        random.shuffle(&mut others);
        steps.extend(others.into_iter().map(|job| Step::Alone(Turn { job, repetition })));
        if !beside.is_empty() {
            steps.push(Step::Together(beside.into_iter().map(|job| Turn { job, repetition }).collect()));
        }
    }
    steps
}

/// Subjects whose name contains one of these, or all that are no test of the comparison itself.
pub fn subjects(only: &[String]) -> Vec<&'static Entry> {
    let is_meant = |entry: &&Entry| match only {
        [] => entry.kind != crate::record::Kind::Broken,
        only => only.iter().any(|name| entry.name.contains(name.as_str())),
    };
    ENTRIES.iter().filter(is_meant).collect()
}

/// After which time no new run is begun, so that the size keeps what it promises.
pub fn deadline(size: Size) -> Option<Duration> {
    match size {
        Size::Quick => Some(Duration::from_secs(110)),
        Size::Default => Some(Duration::from_secs(14 * 60)),
        Size::Full => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(size: Size) -> Duration {
        let jobs = cases(size, &subjects(&[]));
        let estimate = |turn: &Turn| jobs[turn.job].estimate();
        let of = |step: &Step| match step {
            Step::Alone(turn) => estimate(turn),
            Step::Together(turns) => turns.iter().map(estimate).max().unwrap_or_default(),
        };
        steps(&jobs, 1).iter().map(of).sum()
    }

    #[test]
    fn sizes_keep_what_they_promise() {
        assert!(total(Size::Quick) <= deadline(Size::Quick).unwrap(), "{:?}", total(Size::Quick));
        assert!(total(Size::Default) <= deadline(Size::Default).unwrap(), "{:?}", total(Size::Default));
        assert!(total(Size::Full) > total(Size::Default));
    }

    /// A point beside the common one differs from it in one parameter, or is a corner; every arm is a line of its own.
    #[test]
    fn a_star_has_arms_for_every_parameter_and_a_corner_for_the_rule() {
        for size in [Size::Default, Size::Full] {
            for entry in subjects(&[]).into_iter().filter(|entry| entry.kind == crate::record::Kind::House) {
                let jobs = cases(size, &[entry]);
                let of = |job: &Job| {
                    let of = &job.case.parameters;
                    [of.rate, f64::from(of.audience), f64::from(of.delay_ms), f64::from(of.payload_octets)]
                };
                let common = [10.0, 100.0, 20.0, 64.0];
                let deliveries = jobs
                    .iter()
                    .filter(|job| job.case.question == Question::Delivery && !job.case.parameters.tls);
                let off: Vec<Vec<usize>> = deliveries
                    .map(|job| (0..4).filter(|&axis| of(job)[axis] != common[axis]).collect())
                    .collect();
                assert_eq!(off.iter().filter(|off| off.is_empty()).count(), 1, "{}", entry.name);
                for axis in 0..4 {
                    assert!(off.contains(&vec![axis]), "{} has no arm {axis}", entry.name);
                }
                assert!(off.contains(&vec![0, 1]), "{} has no corner", entry.name);
            }
        }
    }

    #[test]
    fn what_the_course_cannot_do_is_left_out_and_said() {
        let course = [crate::subjects::find("course-polling").unwrap()];
        let rates =
            |size| cases(size, &course).into_iter().map(|job| job.case.parameters.rate).fold(0.0, f64::max);
        for size in [Size::Default, Size::Full] {
            assert!(left_out(size, &course)[0].contains("above 15 messages a second"));
            // Faults are at 50 a second, and lose nothing: the next poll comes a second after each.
            assert!(rates(size) <= 50.0);
        }
        assert_eq!(left_out(Size::Quick, &course), Vec::<String>::new());
        assert_eq!(left_out(Size::Full, &[crate::subjects::find("npm-ws").unwrap()]), Vec::<String>::new());
    }

    #[test]
    fn ids_are_unique() {
        for size in [Size::Quick, Size::Default, Size::Full] {
            let mut ids: Vec<String> =
                cases(size, &subjects(&[])).into_iter().map(|job| job.case.id).collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all);
        }
    }

    #[test]
    fn every_repetition_is_a_block_of_its_own_order_and_a_seed_repeats_it() {
        let jobs = cases(Size::Quick, &subjects(&[]));
        let steps = steps(&jobs, 5);
        assert_eq!(steps, super::steps(&jobs, 5));
        assert_ne!(steps, super::steps(&jobs, 6));
        let repetitions: Vec<u32> = steps
            .iter()
            .filter_map(|step| if let Step::Alone(turn) = step { Some(turn.repetition) } else { None })
            .collect();
        assert!(repetitions.is_sorted());
        let block = |repetition| -> Vec<usize> {
            let of_block = |step: &Step| match step {
                Step::Alone(turn) if turn.repetition == repetition => Some(turn.job),
                _ => None,
            };
            steps.iter().filter_map(of_block).collect()
        };
        assert_ne!(block(0), block(1));
    }
}
