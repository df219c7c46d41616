//! What a `main` needs around `serve`: a log, Ctrl-C, and an end that says what went wrong.
//!
//! # What a check of the workshop tells a server
//!
//! It is told by environment, so that a server in any language can be: `PORT` (0 takes a free one), `POST_RATE`
//! (0 lifts the limit), `PING_MS`, `STALLED_MS`, `LINGER_MS` and `DRAFTS`, which [`limits`] and [`store`] read. It
//! answers with one line on standard output, `listening on http://…:<port>/`.

use std::{
    env, fs,
    future::pending,
    io::{self, IsTerminal},
    path::Path,
    process::ExitCode,
    str::FromStr,
    time::Duration,
};

use message_store::{Draft, MessageStore};
use tracing::Level;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{Context, Limits, Listener};

/// Writes the log to standard error, in colour on a terminal: warnings and what the operator should know, or what
/// `RUST_LOG` says, such as `debug` or `server=debug`.
pub fn start_log() {
    let wanted = env::var("RUST_LOG").ok().and_then(|text| Targets::from_str(&text).ok());
    // h2 warns of what a peer does, as often as it does it: no client is to fill a disk.
    let targets =
        wanted.unwrap_or_else(|| Targets::new().with_default(Level::INFO).with_target("h2", Level::ERROR));
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    // On a terminal NO_COLOR decides.
    let lines = if io::stderr().is_terminal() { lines } else { lines.with_ansi(false) };
    tracing_subscriber::registry().with(lines).with(targets).init();
}

/// The limits of this process. Variables of whole milliseconds, where they are set, change them:
///
/// - `PING_MS`: the silence after which a peer is pinged (HTTP/2, WebSocket), and the silence after that which ends the
///   connection
/// - `STALLED_MS`: how long a peer may take nothing of the output that waits for it
/// - `LINGER_MS`: how long a connection that ends waits for its peer
///
/// # Errors
///
/// One of them is no whole number above 0.
pub fn limits() -> io::Result<Limits> {
    let mut limits = Limits::default();
    if let Some(silence) = milliseconds("PING_MS")? {
        (limits.ping_after, limits.pong_within) = (silence, silence);
    }
    limits.stalled = milliseconds("STALLED_MS")?.unwrap_or(limits.stalled);
    limits.linger = milliseconds("LINGER_MS")?.unwrap_or(limits.linger);
    Ok(limits)
}

/// The time in a variable, if it is set.
fn milliseconds(name: &str) -> io::Result<Option<Duration>> {
    let Ok(text) = env::var(name) else { return Ok(None) };
    let time = text.parse().ok().filter(|&milliseconds| milliseconds > 0).map(Duration::from_millis);
    time.map(Some).ok_or_else(|| {
        io::Error::other(format!("{name} must be a whole number of milliseconds above 0, not {text:?}"))
    })
}

/// A new log in memory. It begins with the drafts of the file that `DRAFTS` names, if it is set: JSON, one a line.
///
/// # Errors
///
/// The file cannot be read, or a line of it is no draft.
pub async fn store(history: usize) -> io::Result<MessageStore> {
    let store = MessageStore::in_memory(history);
    if let Some(path) = env::var_os("DRAFTS") {
        for draft in drafts(Path::new(&path))? {
            store.append(draft).await;
        }
    }
    Ok(store)
}

/// The drafts of a file, one a line.
fn drafts(path: &Path) -> io::Result<Vec<Draft>> {
    let unread = |error: io::Error| {
        io::Error::new(
            error.kind(),
            format!("DRAFTS must be a file of drafts, not {}: {error}", path.display()),
        )
    };
    let text = fs::read_to_string(path).map_err(unread)?;
    let draft = |(number, line): (usize, &str)| {
        Draft::from_json(line.as_bytes()).map_err(|rejected| {
            io::Error::other(format!("line {number} of DRAFTS must be a draft: {}", rejected.error))
        })
    };
    (1..).zip(text.lines()).map(draft).collect()
}

/// Starts the graceful stop of each context on Ctrl-C, and on SIGTERM where there is one. A second one ends the
/// process at once.
pub fn stop_on_signal(contexts: Vec<Context>) {
    tokio::spawn(async move {
        signal().await;
        tracing::info!("stopping; press Ctrl-C again to stop at once");
        contexts.iter().for_each(Context::stop);
        signal().await;
        std::process::exit(130);
    });
}

async fn signal() {
    let interrupt = async {
        // Where it cannot be heard, it ends the process as it does by default.
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix;
        if let Ok(mut terminate) = unix::signal(unix::SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}

/// Says on standard output where people find the server.
#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
pub fn announce(context: &Context, listener: &Listener) {
    println!("listening on {}", url(context, listener));
}

/// The address of the server's page.
pub fn url(context: &Context, listener: &Listener) -> String {
    let address = listener.local_addr();
    let host = if address.ip().is_loopback() || address.ip().is_unspecified() {
        "localhost".to_owned()
    } else if address.is_ipv6() {
        format!("[{}]", address.ip())
    } else {
        address.ip().to_string()
    };
    format!("{}://{host}:{}/", context.transport.page_scheme(), address.port())
}

/// The status that the process ends with; an error is said on standard error in one line.
#[expect(clippy::print_stderr, reason = "this is the program's last word, not a log")]
pub fn exit(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_drafts_is_named_with_its_place() {
        let path = env::temp_dir().join(format!("crosstalk-drafts-{}", std::process::id()));
        let said = |path: &Path| drafts(path).unwrap_err().to_string();
        assert!(
            said(&path).contains("DRAFTS") && said(&path).contains("crosstalk-drafts"),
            "{}",
            said(&path)
        );
        fs::write(&path, "{\"user\":\"a\",\"text\":\"b\"}\n{\"user\":\"a\"}\n").unwrap();
        assert_eq!(said(&path), "line 2 of DRAFTS must be a draft: `text` is missing");
        fs::remove_file(path).unwrap();
    }
}
