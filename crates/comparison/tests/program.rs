//! The program as people start it, with subjects that need nothing built but itself.
#![allow(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use comparison::record::Record;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(arguments);
    command
}

/// A folder for one test's record.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("crosstalk-comparison-{}-{name}", std::process::id())))
    }

    fn record(&self) -> PathBuf {
        self.0.join("record.json")
    }

    fn compare(&self, arguments: &[&str]) -> (Output, Record) {
        let output = program(arguments).arg("--into").arg(&self.0).output().unwrap();
        (output, Record::read(&self.record()).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_floor_passes_and_the_same_seed_gives_the_same_plan() {
    let folder = Folder::new("floor");
    let (output, record) = folder.compare(&["--quick", "--only", "floor", "--seed", "7"]);
    assert!(output.status.success(), "{output:?}");
    assert!(folder.0.join("report.html").exists());
    assert!(record.complete && record.failures.is_empty());
    assert_eq!((record.seed, record.subjects.len(), record.cases.len()), (7, 1, 1));
    let case = &record.cases[0];
    assert_eq!(case.runs.len(), 2);
    assert!(case.runs.iter().all(|run| run.accounting.delivered == 10 * 100 && run.accounting.lost == 0));
    let figure = &case.figures["delivery_p50_us"];
    assert!(figure.low <= figure.median && figure.median <= figure.high);
    assert_eq!((figure.repetitions, figure.confidence), (2, 0.5));
}

#[test]
fn a_server_that_drops_one_delivery_in_10000_fails_the_run_and_is_named() {
    let folder = Folder::new("broken");
    let (output, record) = folder.compare(&["--quick", "--only", "drops-one-in-10000"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("FAILED: drops-one-in-10000") && said.contains("deliveries were lost"), "{said}");
    assert!(record.failures.iter().all(|failure| failure.subject == "drops-one-in-10000"));
    // 2,000 posts to 20 clients.
    assert_eq!(record.cases[0].runs[0].accounting.lost, 4);
}

#[test]
fn a_server_with_a_mistake_of_tutorials_fails_the_run_and_is_named() {
    let folder = Folder::new("forgets");
    let (output, record) = folder.compare(&["--quick", "--only", "forgets-on-write"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("FAILED: forgets-on-write") && said.contains("deliveries were lost"), "{said}");
    assert!(record.failures.iter().all(|failure| failure.subject == "forgets-on-write"));
    let page = fs::read_to_string(folder.0.join("report.html")).unwrap();
    assert!(page.contains("Failed: forgets-on-write"), "the report says so too");
}

#[test]
fn without_node_its_peers_are_left_out_and_the_rest_is_measured() {
    let folder = Folder::new("nodeless");
    let mut command = program(&["--quick", "--only", "floor", "--only", "npm-ws", "--into"]);
    let output = command.arg(&folder.0).env("PATH", "").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let record = Record::read(&folder.record()).unwrap();
    let of = |name: &str| record.subjects.iter().find(|subject| subject.name == name).unwrap();
    assert_eq!(of("npm-ws").left_out.as_deref(), Some("Node is missing"));
    assert_eq!(of("floor").left_out, None);
    assert!(record.cases.iter().all(|case| case.parameters.subject == "floor" && !case.runs.is_empty()));
    assert!(
        record.notes.iter().any(|note| note == "npm ws was left out: Node is missing"),
        "{:?}",
        record.notes
    );
    let page = fs::read_to_string(folder.0.join("report.html")).unwrap();
    assert!(page.contains("Left out: </b>Node is missing"));
}

#[test]
fn stopped_half_way_it_keeps_what_was_done() {
    let folder = Folder::new("stopped");
    let mut running = program(&["--only", "floor", "--into"])
        .arg(&folder.0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("delivery/floor")), "a run ends");
    let pid = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert!(lines.any(|line| line.contains("stopped")));
    assert!(running.wait().unwrap().success());
    let record = Record::read(&folder.record()).unwrap();
    assert!(!record.complete && !record.cases.is_empty());
    assert!(record.notes.iter().any(|note| note.contains("before all runs were made")));
}

#[test]
fn peers_says_how_to_start_each() {
    let said = String::from_utf8(program(&["peers"]).output().unwrap().stdout).unwrap();
    for name in ["npm-ws", "socket-io-polling", "course-http2", "axum-ws", "fastwebsockets"] {
        assert!(said.lines().any(|line| line.starts_with(name)), "{said}");
    }
    assert!(!said.contains("drops-one-in"));
}
