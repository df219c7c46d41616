//! All transports over one log, and the page that shows them side by side.

use std::{io, process::ExitCode};

use message_store::MessageStore;
use server::program;
use side_by_side::{PAGE, SideBySide, options::MainOptions};

#[tokio::main]
async fn main() -> ExitCode {
    program::start_log();
    program::exit(run(MainOptions::of_command_line(PAGE.port)).await)
}

async fn run(options: MainOptions) -> io::Result<()> {
    let mut bound = SideBySide::bind(&options.server).await?;
    if let Some(panel) = options.panel() {
        bound = bound.with_panel(panel);
    }
    if options.expose_wire {
        bound = bound.exposing_wire();
    }
    announce(&bound);
    program::stop_on_signal(bound.contexts());
    bound.serve(MessageStore::in_memory(options.server.history)).await
}

#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
fn announce(bound: &SideBySide) {
    println!("Crosstalk: one chat, five transports, side by side\n");
    println!("  open   {}\n", program::url(&bound.page.context, &bound.page.listener));
    for transport in &bound.transports {
        println!(
            "  {:<22} {}",
            transport.context.transport.title,
            program::url(&transport.context, &transport.listener)
        );
    }
    println!("\nCtrl-C stops it. --help lists the options.");
}
