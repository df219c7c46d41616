//! What is measured: cases, how often each, and in which order.

use std::time::Duration;

use crate::{
    record::{Case, Parameters, Question, Size, Transport},
    subjects::{ENTRIES, Entry},
};

mod cases;

pub use cases::cases;

/// A case, and how it is to be run.
#[derive(Clone, Debug)]
pub struct Job {
    /// The case, without runs.
    pub case: Case,
    /// How often.
    pub repetitions: u32,
    /// Clients that are timed to their first message.
    pub openings: u32,
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
    /// Runs that only count what servers do while nothing happens, side by side.
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
            payload_octets: 100,
            history: 256,
            tls: false,
            pause_s: is_polling.then_some(1.0),
            warm_up_s: 0.0,
            window_s: 1.0,
            fault_s: None,
        };
        let case =
            Case { id: String::new(), question, parameters, runs: Vec::new(), figures: Default::default() };
        Self { case, repetitions, openings: 0 }.named()
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
        let delay = f64::from(parameters.delay_ms) / 1_000.0;
        let pause = parameters.pause_s.unwrap_or(0.0);
        let connecting = f64::from(parameters.audience) / 1_500.0 + 8.0 * delay + pause;
        let openings = f64::from(self.openings) * (14.0 * delay + 0.02);
        let faults = match self.case.question {
            Question::Cut | Question::Restart => 1.5 + pause,
            Question::Blackhole => parameters.fault_s.unwrap_or(0.0) + 2.0,
            _ => parameters.warm_up_s + parameters.window_s + 2.0 * delay + pause,
        };
        Duration::from_secs_f64(0.65 + connecting + faults + openings)
    }
}

/// All steps: every repetition is a block of all jobs in random order, so that a drift of the machine touches all alike;
/// what is idle comes together after the first block.
pub fn steps(jobs: &[Job], seed: u32) -> Vec<Step> {
    let mut random = fastrand::Rng::with_seed(seed.into());
    let is_idle = |job: &usize| jobs.get(*job).is_some_and(|job| job.case.question == Question::Idle);
    let mut steps = Vec::new();
    let blocks = jobs.iter().map(|job| job.repetitions).max().unwrap_or(0);
    for repetition in 0..blocks {
        let due = jobs.iter().enumerate().filter(|(_, job)| repetition < job.repetitions);
        let (idle, mut others): (Vec<usize>, Vec<usize>) = due.map(|(index, _)| index).partition(is_idle);
        random.shuffle(&mut others);
        steps.extend(others.into_iter().map(|job| Step::Alone(Turn { job, repetition })));
        if !idle.is_empty() {
            steps.push(Step::Together(idle.into_iter().map(|job| Turn { job, repetition }).collect()));
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
