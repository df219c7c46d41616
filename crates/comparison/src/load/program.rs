//! The process: a plan in, a report out.

use std::io::{self, Write};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines, Stdin},
    task::LocalSet,
};

use super::{Plan, Report, Said, stage::Stage};
use crate::{clock::Clock, machine::host::raise_open_files, record::Question};

/// Runs the plan on standard input; writes what it says on standard output.
///
/// # Errors
///
/// There is no plan, or nobody reads the report. What goes wrong with the server is in the report.
pub fn run() -> io::Result<()> {
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut input = BufReader::new(tokio::io::stdin()).lines();
        let line = input.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let plan: Plan = serde_json::from_str(&line)?;
        let report = match measure(plan, &mut input).await {
            Ok(report) => report,
            Err(error) => Report { wrong: vec![format!("the load failed: {error}")], ..Report::default() },
        };
        say(&Said::Done(Box::new(report)))
    })
}

async fn measure(plan: Plan, input: &mut Lines<BufReader<Stdin>>) -> io::Result<Report> {
    let clock = Clock::start()?;
    let question = plan.question;
    let stage = Stage::set(plan, clock).await?;
    match question {
        Question::Delivery | Question::Idle | Question::Capacity => stage.steady().await,
        Question::SlowReader => stage.slow_reader().await,
        Question::Cut | Question::Blackhole | Question::Restart => stage.fault(input).await,
    }
}

pub(super) fn say(said: &Said) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, said)?;
    output.write_all(b"\n")?;
    output.flush()
}
