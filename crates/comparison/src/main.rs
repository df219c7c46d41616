//! Compares the transports: runs them, measures them, writes the record.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use comparison::{diff, record::Record, report};

/// Compares the transports, and the servers that people would use instead.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the JSON Schema of a record.
    Schema,
    /// Write the report of a record: report.html, and beside it record.json, histograms.json and table.md.
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
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the program's own output, not a log")]
fn main() -> ExitCode {
    let (done, failed) = match Options::parse().command {
        Command::Schema => (Ok((Record::schema(), 0)), 1),
        Command::Report { record, into } => (report::command(&record, &into).map(|text| (text, 0)), 1),
        Command::Diff(options) => (diff::command(&options), 2),
    };
    match done {
        Ok((text, status)) => {
            print!("{text}");
            status.into()
        }
        Err(error) => {
            eprintln!("error: {error}");
            failed.into()
        }
    }
}
