//! Compares the transports: runs them, measures them, writes the record.

use clap::{Parser, Subcommand};
use comparison::record::Record;

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
}

#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
fn main() {
    match Options::parse().command {
        Command::Schema => print!("{}", Record::schema()),
    }
}
