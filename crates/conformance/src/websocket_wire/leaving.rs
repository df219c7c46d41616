//! Peers that go, are silent or do not read, and what they leave behind.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::Duration,
};

use server::{Limits, Options};
use tokio::time::{sleep, timeout};

use crate::{
    Batch, Frame, Setup, Subject, Target, WebSocket, draft, soon,
    websocket::{connect, opcode},
    websocket_wire::frames::text,
    within,
};

/// Waits that are shortened, long enough that a slow machine does not end what is well-behaved.
const WAIT: Duration = Duration::from_millis(400);

/// How long a place may stay taken by a peer that is gone: far below the 40 s after which silence would free it.
const GONE: Duration = Duration::from_secs(8);

fn with_room(max_connections: usize, limits: Limits) -> Setup {
    let options = Options { max_connections, post_rate: 0, ..Options::default() };
    Setup { options, limits, ..Setup::default() }
}

/// A WebSocket, as soon as the server has room for it.
async fn when_there_is_room<S: Subject>(target: &Target<S>, what: &str) -> WebSocket {
    within(GONE, format!("room after {what}"), async {
        loop {
            if let Ok(socket) = WebSocket::connect(&target.link(), "/messages").await {
                return socket;
            }
            // Nothing tells a client when the server has room.
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// RST or FIN, within a handshake, a frame header, a payload, a message, or after a Close: the place of the
/// connection is free at once, on a server that has but one.
pub async fn a_peer_that_is_gone_leaves_nothing_behind<S: Subject>() {
    let target = Target::<S>::with(with_room(1, Limits::default())).await;
    let whole = Frame::whole(opcode::TEXT, draft("brian", &"a".repeat(2_000), None)).to_octets();
    let fragment = Frame { fin: false, ..Frame::whole(opcode::TEXT, b"{".to_vec()) }.to_octets();
    let closed = Frame::close(1000, "").to_octets();
    let violation = Frame::whole(3, Vec::new()).to_octets();
    for (what, octets) in [
        ("nothing", &[][..]),
        ("half a header", &whole[..3]),
        ("half a masking key", &whole[..6]),
        ("half a frame", &whole[..whole.len() / 2]),
        ("half a message", &fragment),
        ("a Close", &closed),
        ("a violation", &violation),
    ] {
        for reset in [true, false] {
            let what = format!("{what} and {}", if reset { "an RST" } else { "a FIN" });
            let mut socket = when_there_is_room(&target, &what).await;
            // Read, since a socket with unread octets ends with an RST.
            text(&mut socket).await;
            socket.send_raw(octets).await.expect("octets are sent");
            if reset {
                socket.cut();
            }
        }
    }
    let mut socket = when_there_is_room(&target, "them all").await;
    let batch = Batch::parse(&text(&mut socket).await);
    assert!(batch.messages.is_empty(), "nothing of half a message is in the log: {batch:?}");
    drop(socket);
    target.stop().await;
}

/// After a silence the server pings, with an empty frame; each pong buys another silence.
pub async fn a_silent_peer_is_pinged_and_lives_by_its_answer<S: Subject>() {
    let limits = Limits { ping_after: WAIT / 4, pong_within: Duration::from_secs(60), ..Limits::default() };
    let target = Target::<S>::with(Setup::with_limits(limits)).await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    for _ in 0..3 {
        let ping = soon("a ping", socket.read_frame()).await.expect("a frame");
        assert_eq!(ping, Some(Frame::whole(opcode::PING, Vec::new())));
        socket.send(&Frame::whole(opcode::PONG, Vec::new())).await.expect("a pong is sent");
    }
    socket.send_text(draft("brian", "alive", None)).await.expect("a draft is sent");
    assert_eq!(Batch::parse(&text(&mut socket).await).ids(), [1]);
    drop(socket);
    target.stop().await;
}

/// Without an answer to the ping the peer is dropped: no Close frame, since nobody would read it.
pub async fn a_silent_peer_that_does_not_answer_is_dropped<S: Subject>() {
    let limits = Limits { ping_after: WAIT / 4, pong_within: WAIT / 4, ..Limits::default() };
    let target = Target::<S>::with(with_room(1, limits)).await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    let ping = soon("a ping", socket.read_frame()).await.expect("a frame");
    assert_eq!(ping, Some(Frame::whole(opcode::PING, Vec::new())));
    let end = soon("the end of a peer that does not answer", socket.read_frame()).await;
    assert!(!matches!(end, Ok(Some(_))), "{end:?}, where the end is due");
    // Its place is free though it still holds its side open.
    drop(when_there_is_room(&target, "a peer that does not answer").await);
    drop(socket);
    target.stop().await;
}

/// A client that never reads costs nobody else anything, and is dropped when it has taken nothing for the time
/// that is allowed.
pub async fn a_client_that_never_reads_is_dropped_and_holds_up_nobody<S: Subject>() {
    let target = Target::<S>::with(with_room(2, Limits { stalled: WAIT, ..Limits::default() })).await;
    let link = target.link().with_receive_buffer(8 * 1024);
    let never = soon("a handshake", WebSocket::connect(&link, "/messages")).await.expect("a WebSocket");
    let mut reader = connect(target.address).await;
    // More than the buffers of a socket hold, in messages of 8 KiB.
    let mut last = 0;
    for filled in (20..=1_200).step_by(20) {
        target.fill((0..20).map(|_| "\u{1f600}".repeat(2_000))).await;
        while last < filled {
            last = Batch::parse(&text(&mut reader).await).ids().last().copied().unwrap_or(last);
        }
    }
    // The reader stays, so the place that becomes free is that of the one who does not read.
    let mut third = when_there_is_room(&target, "a client that never reads").await;
    text(&mut third).await;
    target.fill(["still here".to_owned()]).await;
    assert_eq!(Batch::parse(&text(&mut reader).await).ids(), [last + 1]);
    drop((never, reader, third));
    target.stop().await;
}

/// A transport's program, in a process of its own, whose memory nobody else uses. Dropping it ends it.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(path: &str) -> Self {
        let mut child = Command::new(path)
            .args(["--port", "0", "--post-rate", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{path} does not start: {error}"));
        let mut line = String::new();
        let output = child.stdout.take().expect("standard output is piped");
        BufReader::new(output).read_line(&mut line).expect("a line that says where it listens");
        let port =
            line.trim_end().trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("no port in {line:?}"));
        Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) }
    }

    /// Octets of memory that it has in use; Linux only.
    fn resident(&self) -> Option<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<usize>().ok().map(|kib| kib * 1024)
    }

    /// Sends `octets` again and again, up to 64 MiB, and reads nothing. Ends before that when the server takes no
    /// more. Gives how much it took, and how much its memory grew meanwhile.
    async fn flood(&self, octets: &[u8]) -> (usize, usize) {
        const FLOOD_BYTES: usize = 64 * 1024 * 1024;
        const TAKES_NO_MORE: Duration = Duration::from_millis(500);
        let mut socket = connect(self.address).await;
        let before = self.resident();
        let (mut sent, mut most) = (0, 0);
        let part = octets.repeat((256 * 1024_usize).div_ceil(octets.len()));
        while sent < FLOOD_BYTES {
            match timeout(TAKES_NO_MORE, socket.send_raw(&part)).await {
                Ok(Ok(())) => sent += part.len(),
                Ok(Err(_)) | Err(_) => break,
            }
            most = most.max(self.resident().unwrap_or(0));
        }
        most = most.max(self.resident().unwrap_or(0));
        (sent, before.map_or(0, |before| most.saturating_sub(before)))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It fails only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How much a process may grow by one client: its buffers, and what an allocator keeps.
const GROWTH_BYTES: usize = 2 * 1024 * 1024;

/// How much it may grow by answers that wait: a batch (256 KiB) and 64 KiB, in a buffer that doubles as it grows.
const UNREAD_GROWTH_BYTES: usize = 1024 * 1024;

/// A client that sends 64 MiB of pings and reads no pong.
pub async fn pings_that_are_never_read_cost_no_memory<S: Subject>(program: &str) {
    let program = Program::start(program);
    // What is allocated once, for whoever comes first.
    program.flood(&Frame::whole(opcode::PING, vec![b'x'; 125]).to_octets()).await;
    for data in [&b""[..], &[b'x'; 125]] {
        let (sent, growth) = program.flood(&Frame::whole(opcode::PING, data).to_octets()).await;
        assert!(
            growth < GROWTH_BYTES,
            "{growth} octets more after {sent} octets of pings with {} each",
            data.len()
        );
    }
}

/// A client that asks, in drafts of 50 octets, for the same message of 8 KiB again and again, and reads none.
pub async fn answers_that_are_never_read_cost_no_memory<S: Subject>(program: &str) {
    let program = Program::start(program);
    let mut poster = connect(program.address).await;
    poster.send_text(draft("a", &"\u{1f600}".repeat(2_000), Some("n"))).await.expect("a draft is sent");
    while Batch::parse(&text(&mut poster).await).messages.is_empty() {}
    let again = Frame::whole(opcode::TEXT, draft("a", "x", Some("n"))).to_octets();
    let (sent, growth) = program.flood(&again).await;
    assert!(growth < UNREAD_GROWTH_BYTES, "{growth} octets more after {sent} octets of drafts");
    assert!(sent < 64 * 1024 * 1024, "a server that is not read from stops reading, and took {sent} octets");
}
