//! The example program `explain`, as a shell runs it.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// The example, which `cargo test` builds beside the tests.
fn program() -> Command {
    let tests = std::env::current_exe().unwrap();
    let target: PathBuf = tests.ancestors().nth(2).unwrap().to_owned();
    Command::new(target.join("examples/explain"))
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = program();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the example is built: cargo test -p wire builds it");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_span_a_line() {
    let output = run(&["websocket", "--from", "client"], b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x81");
    assert!(output.status.success());
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut at = 0;
    for line in &lines {
        let keys: Vec<_> = line.as_object().unwrap().keys().map(|key| &**key).collect();
        for key in ["start", "end", "name", "value", "meaning", "rfc"] {
            assert!(keys.contains(&key), "{line}");
        }
        assert_eq!(line["start"], at);
        at = line["end"].as_u64().unwrap();
    }
    assert_eq!(at, 12);
    assert_eq!(lines[0]["bits"][4]["value"], "0x1 text");
    assert_eq!(lines[3]["value"], "Hello");
}

#[test]
fn errors_name_what_is_wrong() {
    for (arguments, expected) in [
        (&["http3", "--from", "client"][..], "invalid value 'http3'"),
        (&["http1", "--from", "nobody"], "invalid value 'nobody'"),
        (&["http1"], "--from <SIDE>"),
        (&["http1", "--from", "client", "/nowhere/to/be/found"], "error: cannot open /nowhere/to/be/found"),
    ] {
        let output = run(arguments, b"");
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut command = program();
    let mut child = command
        .args(["websocket", "--from", "server"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // It may have ended before all is written.
    let _ = child.stdin.take().unwrap().write_all(&b"\x81\x05Hello".repeat(10_000));
    assert!(child.wait().unwrap().success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}
