//! Compressed drafts of a client that reads no answers: few octets must not become much memory while they wait.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use conformance::{Frame, soon, websocket::handshake, websocket::opcode};
use raw_websocket::deflate::{Compression, Deflater, WindowBits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// How much the process may grow for each client: some drafts of 32 KiB, what was read, and answers, which wait in a
/// buffer that doubles. Half a megabyte was measured; 3 where all that is read is inflated at once.
const GROWTH_BYTES: usize = 1024 * 1024;

/// Clients at once.
const CLIENTS: usize = 3;

/// The program in a process of its own, whose memory nobody else uses. Dropping it ends it.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_raw-websocket"))
            .args(["--port", "0", "--post-rate", "0", "--listen", "127.0.0.1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("standard output is piped");
        BufReader::new(output).read_line(&mut line).expect("a line that says where it listens");
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next().expect("a port");
        let address = SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")));
        Self { child, address }
    }

    /// The most octets of memory that it has had in use; Linux only.
    fn peak(&self) -> Option<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<usize>().ok().map(|kib| kib * 1024)
    }

    /// A client whose receive buffer is small, so that the server soon cannot send.
    async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let mut tcp = socket.connect(self.address).await.expect("the server accepts");
        let request = handshake("/messages").with("sec-websocket-extensions", "permessage-deflate");
        tcp.write_all(&request.to_http1(&self.address.to_string())).await.expect("a handshake is sent");
        let mut answer = Vec::new();
        while !answer.windows(4).any(|octets| octets == b"\r\n\r\n") {
            soon("an answer", tcp.read_buf(&mut answer)).await.expect("an answer");
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
        tcp
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It fails only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A draft of 32 KiB in about 70 octets, with a nonce that repeats: its answer is the first message, of 8 KiB.
fn frame(text: &str) -> Vec<u8> {
    let draft = format!(r#"{{"user":"a","text":"{text}","nonce":"n""#);
    let draft = format!("{draft}{}}}", " ".repeat(32 * 1024 - draft.len() - 1));
    let compression = Compression { context_takeover: false, window_bits: WindowBits::MAX };
    let draft = Deflater::new(compression).compress(draft.as_bytes()).expect("it is compressed");
    Frame { rsv: 4, ..Frame::whole(opcode::TEXT, draft) }.to_octets()
}

/// Sends until the server takes no more: it has stopped reading, because its answers are not read.
async fn fill(client: &mut TcpStream, part: &[u8]) {
    while let Ok(Ok(())) = timeout(Duration::from_millis(500), client.write_all(part)).await {}
}

#[tokio::test]
async fn compressed_drafts_wait_without_being_inflated() {
    let program = Program::start();
    let again = frame("x");
    assert!(again.len() < 128, "{}", again.len());
    let part = again.repeat(16 * 1024 / again.len());
    // What is allocated once, for whoever comes first; and the message that is the answer to all.
    let mut clients = vec![program.connect().await];
    clients[0].write_all(&frame(&"\u{1f600}".repeat(2_000))).await.expect("a draft is sent");
    fill(&mut clients[0], &part).await;
    let before = program.peak();
    for _ in 0..CLIENTS {
        let mut client = program.connect().await;
        fill(&mut client, &part).await;
        clients.push(client);
    }
    let growth = before.zip(program.peak()).map_or(0, |(before, after)| after - before);
    assert!(growth < CLIENTS * GROWTH_BYTES, "{growth} octets more for {CLIENTS} clients");
}
