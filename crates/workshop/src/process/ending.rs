//! How a program has ended, and why.

use std::process::ExitStatus;

/// What most likely ended a program that nobody asked to stop.
pub(super) fn why_ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            9 => "something killed your program (`kill -9`, or the system, short of memory): check again"
                .to_owned(),
            6 => "your program aborted: a panic within a panic, or an allocation that failed".to_owned(),
            4 | 7 | 8 | 11 => {
                format!("your program crashed with signal {signal}: endless recursion, or unsafe code")
            }
            _ => format!("something ended your program with signal {signal}, from outside: check again"),
        };
    }
    format!("your program ended by itself ({}): main returned, or something called exit", told(status))
}

/// How it has ended, in a few words.
pub(super) fn told(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("by signal {signal}");
    }
    status.code().map_or_else(|| "without a status".to_owned(), |code| format!("status {code}"))
}
