//! What a client keeps of the process's memory. Linux tells it in `/proc`.
#![cfg(test)]
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

/// As many as make a difference of some megabytes.
const CLIENTS: u64 = 100;

/// The messages of a history of 2 MiB: eight batches.
const MESSAGES: usize = 256;

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
    /// The program on a free port with a long history, and its address.
    fn start() -> (Self, String) {
        let drafts = std::env::temp_dir().join(format!("crosstalk-history-{}", std::process::id()));
        let draft = format!("{{\"user\":\"x\",\"text\":\"{}\"}}\n", "\u{1f600}".repeat(2_000));
        fs::write(&drafts, draft.repeat(MESSAGES)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tungstenite-websocket"))
            .args(["--port", "0"])
            .env("DRAFTS", &drafts)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        fs::remove_file(drafts).unwrap();
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

/// A client whose handshake is done and who has had the whole history.
fn connect(address: &str) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /messages HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    client.write_all(request.as_bytes()).unwrap();
    let last = format!("-{MESSAGES}\"}}");
    let mut octets = vec![0; 64 * 1024];
    let mut came = Vec::new();
    while !came.ends_with(last.as_bytes()) {
        let read = client.read(&mut octets).unwrap();
        assert!(read > 0, "it closed: {}", String::from_utf8_lossy(&came));
        // The end of what came before may be the begin of `last`.
        came.drain(..came.len().saturating_sub(last.len()));
        came.extend_from_slice(&octets[..read]);
    }
    client
}

/// The library keeps what its write buffer grew to. A client that was sent a long history keeps none of it.
#[test]
fn a_client_that_took_a_long_history_keeps_no_room_for_it() {
    let (program, address) = Program::start();
    drop(connect(&address));
    let before = program.resident();
    let clients: Vec<_> = (0..CLIENTS).map(|_| connect(&address)).collect();
    let each = program.resident().saturating_sub(before) / CLIENTS;
    assert!(each < 128 * 1024, "an idle client takes {each} octets");
    drop(clients);
}
