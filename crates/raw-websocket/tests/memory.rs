//! What clients cost the process, and that it gets it back. Linux tells a process's memory in `/proc`.
#![cfg(test)]
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as make a difference of some megabytes.
const CLIENTS: u64 = 3_000;

/// Descriptors that a process needs beside those of its clients.
const SPARE: u64 = 100;

/// Ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    /// The program on a free port, and its address.
    fn start() -> (Self, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_raw-websocket"))
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let port = said.trim_end().trim_end_matches('/').rsplit_once(':').unwrap().1.to_owned();
        (Self(child), format!("127.0.0.1:{port}"))
    }

    /// The octets of memory that it has.
    fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

/// A client whose handshake is done and who has had the first batch.
fn connect(address: &str) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /messages HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    client.write_all(request.as_bytes()).unwrap();
    let mut came = Vec::new();
    while !came.ends_with(b"\"}") {
        let mut octets = [0; 1024];
        let read = client.read(&mut octets).unwrap();
        assert!(read > 0, "it closed: {}", String::from_utf8_lossy(&came));
        came.extend_from_slice(&octets[..read]);
    }
    client
}

#[test]
fn what_a_crowd_took_comes_back_when_it_leaves() {
    // Both ends of each connection are here and in a child that has the same limit.
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(CLIENTS + SPARE, |maximum| maximum.min(CLIENTS + SPARE));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).unwrap();
    let clients = wanted - SPARE;

    let (program, address) = Program::start();
    drop(connect(&address));
    let before = program.resident();
    let crowd: Vec<_> = (0..clients).map(|_| connect(&address)).collect();
    let took = program.resident().saturating_sub(before);
    assert!(took / clients < 4_000, "an idle client takes {} octets", took / clients);

    drop(crowd);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let kept = program.resident().saturating_sub(before);
        if kept < took / 3 {
            break;
        }
        assert!(Instant::now() < deadline, "of {took} octets {kept} are still taken");
        std::thread::sleep(Duration::from_millis(100));
    }
}
