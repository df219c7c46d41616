//! Programs that do what programs do: each has its own message, and nothing of it is left running.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share are tests too"
)]

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use workshop::{
    browser::Shared,
    checks,
    failure::Failure,
    judge::Judge,
    place::Repository,
    probe,
    process::{Program, Running},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs")
}

fn program(command: &[&str]) -> Program {
    let command: Vec<_> = command.iter().map(|part| (*part).to_owned()).collect();
    Program { ready_within: Duration::from_millis(700), ..Program::new(&command, &folder()) }
}

fn fails(command: &[&str]) -> (Failure, String) {
    let failure = Running::start(&program(command), &[]).map(|_| ()).unwrap_err();
    let words = failure.words();
    (failure, words)
}

/// How long a process may take to end that a signal has killed.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// Whether a process that has this among its arguments runs on. It would for more than an hour; it has been killed, and
/// ends when it is its turn.
fn is_running(marker: &str) -> bool {
    let is_listed = || {
        let listed = Command::new("ps").args(["-eo", "args"]).output().unwrap();
        String::from_utf8_lossy(&listed.stdout).contains(marker)
    };
    let begun = Instant::now();
    while is_listed() {
        if begun.elapsed() > GONE_WITHIN {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn one_that_prints_nothing() {
    let (_, words) = fails(&["sh", "-c", "sleep 4711.1 & wait"]);
    assert!(words.contains("nothing in 0.7 s; it still runs"), "{words}");
    assert!(words.contains("does not print the line"), "{words}");
    assert!(!is_running("4711.1"), "a child of the program is left running");
}

#[test]
fn one_that_loops_without_end() {
    let begun = Instant::now();
    let (_, words) = fails(&["sh", "-c", "echo busy; while :; do :; done"]);
    assert!(words.contains("other lines in 0.7 s; it still runs") && words.contains("| busy"), "{words}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn one_that_closes_at_once() {
    let (_, words) = fails(&["sh", "-c", "echo what a pity >&2; exit 3"]);
    assert!(
        words.contains("it ended before it listened (status 3)") && words.contains("| what a pity"),
        "{words}"
    );
}

#[test]
fn one_that_panics() {
    let (_, words) = fails(&[
        "sh",
        "-c",
        "printf \"thread 'main' panicked at src/main.rs:9:5:\\noh no\\n\" >&2; exit 101",
    ]);
    assert!(words.contains("your program panicked: oh no (src/main.rs:9:5)"), "{words}");
}

#[test]
fn one_whose_port_is_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let script = format!("require('net').createServer().listen({port}, '127.0.0.1')");
    let mut program = program(&["node", "-e", &script]);
    program.ready_within = Duration::from_secs(20);
    let words = Running::start(&program, &[]).map(|_| ()).unwrap_err().words();
    assert!(words.contains("the port is in use: take the one of the variable PORT"), "{words}");
}

#[test]
fn one_that_is_not_there() {
    let (_, words) = fails(&["no-such-program"]);
    assert!(words.contains("no-such-program is not installed"), "{words}");
}

/// What is said of a failure, with a cause, once the program has ended in this way.
fn ended_by(script: &str, end: impl Fn(&Running)) -> Failure {
    let listening = format!("echo listening on http://127.0.0.1:9; {script}");
    let running = Running::start(&program(&["sh", "-c", &listening]), &[]).unwrap();
    end(&running);
    let begun = Instant::now();
    while running.ended().is_none() {
        assert!(begun.elapsed() < GONE_WITHIN, "it runs on");
        std::thread::yield_now();
    }
    running.explain(Failure::new("a frame", "the end of TCP").likely("a slow client holds up all others"))
}

#[test]
fn of_one_that_has_ended_nothing_is_suspected_that_it_would_have_to_run_for() {
    let failure = ended_by("kill -9 $$", |_| {});
    let words = failure.words();
    assert!(words.contains("something killed your program"), "{words}");
    assert!(!words.contains("holds up") && words.contains("(by signal 9)"), "{words}");
    let words = ended_by("exit 3", |_| {}).words();
    assert!(words.contains("ended by itself (status 3)") && !words.contains("holds up"), "{words}");
    // It was the check that wanted its end.
    let words = ended_by("sleep 4711.4 & wait", Running::stop).words();
    assert!(words.contains("holds up"), "{words}");
}

#[test]
fn one_that_is_dropped_while_it_runs_takes_its_children_with_it() {
    let listening = "sleep 4711.2 & echo listening on http://127.0.0.1:9; wait";
    let running = Running::start(&program(&["sh", "-c", listening]), &[]).unwrap();
    assert_eq!(running.address.port(), 9);
    drop(running);
    assert!(!is_running("4711.2"), "a child of the program is left running");
}

#[test]
fn one_that_is_for_a_run_ends_with_it_and_begins_no_more() {
    let listening = "sleep 4711.5 & echo listening on http://127.0.0.1:9; wait";
    let program = program(&["sh", "-c", listening]);
    let running = Running::start(&program, &[]).unwrap();
    program.run.end();
    assert!(!is_running("4711.5"), "a child of the program is left running");
    assert!(running.ended().is_some());
    let words = Running::start(&program, &[]).map(|_| ()).unwrap_err().words();
    assert!(words.contains("it does not start"), "{words}");
}

#[test]
fn a_panic_of_the_workshop_itself_leaves_nothing_running() {
    let thread = std::thread::spawn(|| {
        let listening = "sleep 4711.3 & echo listening on http://127.0.0.1:9; wait";
        let _running = Running::start(&program(&["sh", "-c", listening]), &[]).unwrap();
        panic!("as a mistake of a check would");
    });
    assert!(thread.join().is_err());
    assert!(!is_running("4711.3"), "a child of the program is left running");
}

#[test]
fn a_server_in_another_language_passes_its_steps_and_fails_the_next() {
    let repository = Repository::find(None);
    let (track, _) = repository.track("raw-websocket").unwrap();
    let program = Program::new(&["node", "server.mjs"].map(str::to_owned), &folder());
    let judge = Judge {
        track: &track,
        program,
        root: &repository.root,
        browser: Shared::default(),
        seed: 4711,
        stretch: probe::calibrate().max(2),
    };
    judge.steps(1..=3, |_, _| {}, |_| {}).unwrap_or_else(|report| panic!("{}", report.failure.words()));
    let report = judge.steps(1..=4, |_, _| {}, |_| {}).unwrap_err();
    assert_eq!((report.step, &*report.check), (4, "length-126"));
}

/// A check of the page, with this browser.
fn dot(browser: Shared) -> Result<(), Failure> {
    let repository = Repository::find(None);
    let (track, _) = repository.track("raw-websocket").unwrap();
    let program = Program { folder: repository.root.clone(), ..program(&["no-such-program"]) };
    let stretch = probe::calibrate().max(2);
    let judge = Judge { track: &track, program, root: &repository.root, browser, seed: 4711, stretch };
    judge.check(checks::find("raw-websocket", "dot").unwrap())
}

#[test]
fn without_a_browser_a_check_of_the_page_is_not_run() {
    let failure = dot(Shared::at("/no/such/browser".into())).unwrap_err();
    assert!(
        failure.not_run.is_some() && failure.words().contains("/no/such/browser is no browser"),
        "{failure:?}"
    );
    let failure = dot(Shared::at("/bin/true".into())).unwrap_err();
    assert!(failure.not_run.is_some() && failure.words().contains("the browser has ended"), "{failure:?}");
}

#[test]
fn a_browser_leaves_nothing_behind() {
    let browser = Shared::default();
    dot(browser.clone()).unwrap_or_else(|failure| panic!("{}", failure.words()));
    let folder = browser.get().unwrap().folder.clone();
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let running = || {
        let listed = Command::new("ps").args(["-eo", "args"]).output().unwrap();
        String::from_utf8_lossy(&listed.stdout).contains(&name)
    };
    assert!(folder.exists() && running());
    drop(browser);
    assert!(!folder.exists(), "{} is left", folder.display());
    // The last of its processes go by themselves, when they see that the first has gone.
    let begun = Instant::now();
    while running() {
        assert!(begun.elapsed() < Duration::from_secs(30), "a process of the browser is left running");
        std::thread::yield_now();
    }
}
