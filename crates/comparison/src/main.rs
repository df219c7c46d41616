//! Compares the transports: runs them, measures them, writes the record.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use comparison::{
    diff, floor, forgets, load,
    record::{Case, Kind, Record, Size},
    relay, report,
    subjects::ENTRIES,
    whole::{Asked, compare},
};
use tokio::{runtime::Builder, task::LocalSet};

/// Compares the transports, and the servers that people would use instead: the same work for each, a record
/// of what it took, and a report. Exit status 1 if a message was lost, doubled or reordered.
#[derive(Debug, Parser)]
#[command(max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,

    /// A look within two minutes.
    #[arg(long, conflicts_with = "full")]
    quick: bool,

    /// All rates, audiences and delays, as long as it takes; without either, within fifteen minutes.
    #[arg(long)]
    full: bool,

    /// Only subjects whose name contains this, or if there is none, only cases whose id does; may be given again.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// The seed of the order of runs and of all arrivals; by default a new one.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u32>,

    /// Folder of what comes of it: report.html, record.json, histograms.json, table.md.
    #[arg(long, value_name = "FOLDER", default_value = "target/comparison")]
    into: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the JSON Schema of a record.
    Schema,
    /// Write the report of a record: report.html, and beside it record.json, histograms.json and table.md; figures and
    /// theory are made anew from the record's runs.
    Report {
        /// The record.
        record: PathBuf,
        /// Where to write it.
        #[arg(long, default_value = "target/comparison")]
        into: PathBuf,
    },
    /// Compare two records: what is better or worse in the second, where intervals have nothing in common.
    ///
    /// Exit status 0 if nothing is worse, 1 if something is, 2 if the records cannot be compared: they cannot be read,
    /// have no case in common, or differ in machine, method or settings and --anyway is not given.
    Diff(diff::Options),
    /// Print each subject, with the one command that starts it by hand.
    Peers,
    #[command(hide = true)]
    Load,
    #[command(hide = true)]
    Relay { server: SocketAddr, delay_ms: u64 },
    #[command(hide = true)]
    Floor {
        #[arg(long, default_value_t = 0)]
        port: u16,
        #[arg(long)]
        drop_one_in: Option<u64>,
    },
    #[command(hide = true)]
    Forgets {
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[expect(clippy::print_stderr, reason = "this is the program's last word, not a log")]
fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the program's own output, not a log")]
fn run(options: Options) -> io::Result<ExitCode> {
    match &options.command {
        None => return comparison(options),
        Some(Command::Schema) => print!("{}", Record::schema()),
        Some(Command::Report { record, into }) => {
            print!("{}", report::command(record, into).map_err(io::Error::other)?);
        }
        Some(Command::Diff(options)) => match diff::command(options) {
            Ok((text, status)) => {
                print!("{text}");
                return Ok(status.into());
            }
            Err(error) => {
                eprintln!("error: {error}");
                return Ok(2.into());
            }
        },
        Some(Command::Peers) => {
            for entry in ENTRIES.iter().filter(|entry| entry.kind != Kind::Broken) {
                println!("{:24} {}", entry.name, entry.command());
            }
        }
        Some(Command::Load) => load::run()?,
        Some(Command::Relay { server, delay_ms }) => {
            block_on(relay::serve(*server, Duration::from_millis(*delay_ms)))?;
        }
        Some(Command::Floor { port, drop_one_in }) => block_on(floor::serve(*port, *drop_one_in))?,
        Some(Command::Forgets { port }) => block_on(forgets::serve(*port))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn comparison(options: Options) -> io::Result<ExitCode> {
    let size = match (options.quick, options.full) {
        (true, _) => Size::Quick,
        (_, true) => Size::Full,
        _ => Size::Default,
    };
    let seed = options.seed.unwrap_or_else(|| fastrand::u32(..));
    let asked = Asked { size, only: options.only, seed, record: options.into.join("record.json") };
    let record = block_on(compare(&asked))?;
    // The record is there, whatever becomes of its report.
    let report = report::write(&record, &options.into).map_err(io::Error::other)?;
    conclude(&record, &report);
    Ok(if record.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
fn conclude(record: &Record, path: &Path) {
    for note in &record.notes {
        println!("note: {note}");
    }
    for failure in &record.failures {
        println!(
            "FAILED: {}, {}, repetition {}: {}",
            failure.subject, failure.case, failure.repetition, failure.what
        );
    }
    let departures = record.cases.iter().flat_map(Case::departures).count();
    if departures > 0 {
        println!("note: {departures} figures leave their theory, to be explained: see the report");
    }
    let runs: usize = record.cases.iter().map(|case| case.runs.len()).sum();
    println!(
        "{runs} runs of {} cases in {:.0} s, seed {}: {}",
        record.cases.len(),
        record.seconds,
        record.seed,
        path.display()
    );
}

/// One thread does all that these processes do.
fn block_on<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, future)
}
