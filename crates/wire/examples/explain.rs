//! Explains what one side of a connection sent: octets on standard input, a span a line on standard output.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use wire::explain::{self, Explainer, Unit};

/// Octets read at once.
const CHUNK_BYTES: usize = 16_384;

/// Explains what one side of a connection sent, octet by octet.
///
/// Reads the octets as they were on the wire, without TLS, and prints the spans that tile them, a JSON object a
/// line: start, end (the octet after the last), name, value, meaning, rfc; bits where several things share octets,
/// steps where a value is worked out. What breaks a rule is a span too, and its meaning says which rule.
#[derive(Debug, Parser)]
#[command(name = "explain", after_help = AFTER)]
struct Arguments {
    /// What the octets begin with
    protocol: Protocol,
    /// The side that sent them
    #[arg(long, value_name = "SIDE")]
    from: Side,
    /// For frames without their handshake: the sec-websocket-extensions that were agreed on, "" for none. Without
    /// it RSV1 is taken for that of permessage-deflate
    #[arg(long, value_name = "EXTENSIONS")]
    extensions: Option<String>,
    /// Read this file instead of standard input
    file: Option<PathBuf>,
}

const AFTER: &str = "Examples:
  printf '\\x81\\x05Hello' | explain websocket --from server
  curl -s --http1.1 -i http://localhost:8081/messages | explain http1 --from server
  explain http2 --from client connection.bytes | jq -r '[.start, .end, .name, .value] | @tsv'";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Protocol {
    /// HTTP/1.1 messages; WebSocket frames behind an accepted handshake
    Http1,
    /// HTTP/2 frames, the client's behind its preface
    Http2,
    /// WebSocket frames; first the handshake, if the octets begin as HTTP
    #[value(name = "websocket")]
    WebSocket,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    /// The side that opened the connection
    Client,
    /// The side that accepted it
    Server,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads has seen enough, as `head` does.
        Err(Failure::Write(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let (what, error) = match failure {
                Failure::Open(path, error) => (format!("cannot open {}", path.display()), error),
                Failure::Read(error) => ("cannot read the octets".to_owned(), error),
                Failure::Write(error) => ("cannot write the spans".to_owned(), error),
            };
            // There is nobody left to tell if this fails too.
            let _ = writeln!(io::stderr(), "error: {what}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What failed.
enum Failure {
    Open(PathBuf, io::Error),
    Read(io::Error),
    Write(io::Error),
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut input: Box<dyn Read> = match &arguments.file {
        Some(path) => Box::new(File::open(path).map_err(|error| Failure::Open(path.clone(), error))?),
        None => Box::new(io::stdin().lock()),
    };
    let protocol = match arguments.protocol {
        Protocol::Http1 => explain::Protocol::Http1,
        Protocol::Http2 => explain::Protocol::Http2,
        Protocol::WebSocket => explain::Protocol::WebSocket,
    };
    let side = match arguments.from {
        Side::Client => explain::Side::Client,
        Side::Server => explain::Side::Server,
    };
    let mut explainer = Explainer::new(protocol);
    if let Some(extensions) = &arguments.extensions {
        explainer = explainer.with_extensions(extensions);
    }
    let mut output = BufWriter::new(io::stdout().lock());
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Read(error)),
        };
        let units = explainer.push(side, chunk.get(..count).unwrap_or_default());
        print(&mut output, &units).map_err(Failure::Write)?;
    }
    print(&mut output, &explainer.finish()).map_err(Failure::Write)
}

/// Prints at once, so that a live connection can be watched.
fn print(output: &mut impl Write, units: &[Unit]) -> io::Result<()> {
    for span in units.iter().flat_map(|unit| &unit.spans) {
        serde_json::to_writer(&mut *output, span)?;
        output.write_all(b"\n")?;
    }
    output.flush()
}
