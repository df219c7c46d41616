//! The chat over a WebSocket by hand, alone.

use std::{io, process::ExitCode};

use raw_websocket::{TRANSPORT, serve};
use server::{Context, Listener, Options, program};

#[tokio::main]
async fn main() -> ExitCode {
    program::start_log();
    program::exit(run(Options::of_command_line("The chat over a WebSocket by hand", TRANSPORT.port)).await)
}

async fn run(options: Options) -> io::Result<()> {
    let context = Context::new(TRANSPORT, &options).with_limits(program::limits()?);
    let store = program::store(options.history).await?;
    let listener = Listener::bind(options.listen, options.port).await?;
    program::announce(&context, &listener);
    program::stop_on_signal(vec![context.clone()]);
    serve(listener, store, context).await
}
