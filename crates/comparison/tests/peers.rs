//! The line that is printed for a subject starts it: a reader who copies it gets that server.
#![allow(clippy::unwrap_used, reason = "the functions that tests share are tests too")]

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use comparison::{
    programs::prepare,
    record::Kind,
    subjects::{ENTRIES, Entry, Program},
};

/// A process that ends with the test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a line of a shell at the root of the repository until it says where it listens, and connects there.
fn starts(name: &str, line: &str) {
    // Another may have the port that the line names.
    let line = line.replace("--port 9000", "--port 0");
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec {line}")).current_dir(root()).stdout(Stdio::piped());
    let mut started = Started(command.spawn().unwrap());
    let mut said = String::new();
    BufReader::new(started.0.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let port = said
        .trim()
        .strip_prefix("listening on ")
        .and_then(|url| url.trim_end_matches('/').rsplit(':').next());
    let port = port.and_then(|port| port.parse().ok());
    TcpStream::connect((Ipv4Addr::LOCALHOST, port.expect(name))).expect(name);
}

fn printed(entry: &Entry) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_comparison")).arg("peers").output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let line = lines.lines().find_map(|line| line.strip_prefix(entry.name)?.strip_prefix(' ')).unwrap();
    line.trim().to_owned()
}

/// What Cargo would build it has built for this test: the rest of the line is run as it is.
#[test]
fn the_printed_line_of_each_peer_in_rust_starts_it() {
    let built = [
        ("cargo run --release -p comparison --bin peer-axum --", env!("CARGO_BIN_EXE_peer-axum")),
        (
            "cargo run --release -p comparison --bin peer-fastwebsockets --",
            env!("CARGO_BIN_EXE_peer-fastwebsockets"),
        ),
        ("cargo run --release -p comparison --", env!("CARGO_BIN_EXE_comparison")),
    ];
    let of_rust = |entry: &&Entry| {
        matches!(entry.kind, Kind::Peer | Kind::Floor) && !matches!(entry.program, Program::Node(_))
    };
    for entry in ENTRIES.iter().filter(of_rust) {
        let line = printed(entry);
        let (cargo, binary) = built.iter().find(|(cargo, _)| line.starts_with(cargo)).expect(&line);
        starts(entry.name, &line.replacen(cargo, &format!("'{binary}'"), 1));
    }
}

/// Packages are installed as the program does it. Where it cannot, it leaves these peers out and says why.
#[test]
fn the_printed_line_of_each_peer_of_node_starts_it() {
    let entries: Vec<&Entry> =
        ENTRIES.iter().filter(|entry| matches!(entry.program, Program::Node(_))).collect();
    let found = prepare(&entries, &mut |_| {});
    for entry in entries {
        let line = printed(entry);
        let (install, start) = line.split_once(" && ").unwrap();
        assert_eq!(install, "npm ci --ignore-scripts --prefix crates/comparison/peers");
        match found.left_out.get(entry.name) {
            Some(why) => assert!(!why.is_empty()),
            None => starts(entry.name, start),
        }
    }
}
