//! Every rule that a client can break, in one table, and the close code that it gets (RFC 6455 §7.4.1).

use std::time::Duration;

use server::Limits;
use tokio::task::JoinSet;

use crate::{
    Batch, Frame, Incoming, Problem, Setup, Subject, Target, WebSocket, draft, soon,
    websocket::{connect, opcode},
    websocket_wire::frames::text,
};

/// A rule, the octets that break it, and the close code that is due.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What is wrong; names it in a [`Deviation`].
    pub what: &'static str,
    /// What the client sends behind its handshake.
    pub octets: Vec<u8>,
    /// The status code of the server's Close frame.
    pub code: u16,
}

/// Where a server decides differently from the table, as the protocol lets it or its library leaves no choice.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The [`Violation::what`].
    pub what: &'static str,
    /// What it does.
    pub instead: Instead,
}

/// What a server does instead of closing with the code of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// It closes with this code.
    Code(u16),
    /// It takes the message: here it is no draft, so the answer is a problem, and the connection goes on.
    Delivered,
}

/// Octets from hexadecimal digits; white space is for the eye.
///
/// # Panics
///
/// They are no pairs of hexadecimal digits.
pub fn hex(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// The table. Where a masking key is needed it is 0, so that the payload is in clear.
pub fn violations() -> Vec<Violation> {
    let mut table: Vec<_> = [
        (1002, "a text that is not masked", "81 02 6869"),
        (1002, "a text that is not masked, the key in place", "81 02 00000000 6869"),
        (1002, "a ping that is not masked", "89 00"),
        (1002, "a Close that is not masked", "88 02 03e8"),
        (1002, "RSV1 without an extension", "c1 82 00000000 6869"),
        (1002, "RSV2", "a1 82 00000000 6869"),
        (1002, "RSV3", "91 82 00000000 6869"),
        (1002, "RSV1 in a ping", "c9 80 00000000"),
        (1002, "RSV1 in a Close", "c8 82 00000000 03e8"),
        (1002, "RSV1 in a continuation", "01 81 00000000 61 c0 81 00000000 62"),
        (1002, "opcode 3", "83 80 00000000"),
        (1002, "opcode 7", "87 80 00000000"),
        (1002, "opcode 11", "8b 80 00000000"),
        (1002, "opcode 15", "8f 80 00000000"),
        (1002, "a ping that is not final", "09 81 00000000 78"),
        (1002, "a pong that is not final", "0a 80 00000000"),
        (1002, "a Close that is not final", "08 82 00000000 03e8"),
        (1002, "a continuation of nothing", "80 81 00000000 78"),
        (1002, "a continuation of nothing that is not final", "00 81 00000000 78"),
        (1002, "a text within a text", "01 81 00000000 61 81 81 00000000 62"),
        (1002, "a binary message within a text", "01 81 00000000 61 82 81 00000000 62"),
        (1002, "a Close of one octet", "88 81 00000000 03"),
        (1003, "a binary message", "82 81 00000000 00"),
        (1003, "a binary message of nothing", "82 80 00000000"),
        (1007, "a text that is not UTF-8", "81 82 00000000 c328"),
        (1007, "a text that is not UTF-8, across fragments", "01 81 00000000 c3 80 81 00000000 28"),
        (1007, "a fragment that is not UTF-8, the message unfinished", "01 82 00000000 c328"),
        (1007, "a surrogate", "81 83 00000000 eda080"),
        (1007, "an overlong form", "81 82 00000000 c080"),
        (1007, "a code point past U+10FFFF", "81 84 00000000 f4908080"),
        (1007, "a text that ends inside a code point", "81 83 00000000 61e282"),
        (1007, "fragments that end inside a code point", "01 81 00000000 c3 80 80 00000000"),
        (1007, "a Close with a reason that is not UTF-8", "88 84 00000000 03e8 fffe"),
        (1009, "a message of 32,769 octets, by its header", "81 fe 8001 00000000"),
        (1009, "a message of 65,536 octets, by its header", "81 ff 0000000000010000 00000000"),
        (1009, "a message of 2^62 octets, by its header", "81 ff 4000000000000000 00000000"),
        (1009, "a message of 2^63 - 1 octets, by its header", "81 ff 7fffffffffffffff 00000000"),
        (1002, "a length of 2^63", "81 ff 8000000000000000 00000000"),
        (1002, "a length that is not in its shortest form", "81 fe 0002 00000000 6869"),
    ]
    .into_iter()
    .map(|(code, what, octets)| Violation { what, octets: hex(octets), code })
    .collect();
    let mut add = |code, what, octets| table.push(Violation { what, octets, code });
    let part =
        |fin, opcode, payload: &[u8]| Frame { fin, rsv: 0, opcode, payload: payload.to_vec() }.to_octets();
    add(1002, "a ping of 126 octets", part(true, opcode::PING, &[b'x'; 126]));
    add(
        1002,
        "a Close of 126 octets",
        part(true, opcode::CLOSE, &[[3, 0xe8].as_slice(), &[b'x'; 124]].concat()),
    );
    for (what, code) in [
        ("the close code 0", 0),
        ("the close code 999", 999),
        ("the close code 1004", 1004),
        ("the close code 1005", 1005),
        ("the close code 1006", 1006),
        ("the close code 1015", 1015),
        ("the close code 1016", 1016),
        ("the close code 2999", 2999),
        ("the close code 5000", 5000),
        ("the close code 65535", 65_535),
    ] {
        add(1002, what, Frame::close(code, "").to_octets());
    }
    let fragments = |count: usize, payload: &[u8]| {
        let first = part(false, opcode::TEXT, payload);
        let others = (2..=count).flat_map(|at| part(at == count, opcode::CONTINUATION, payload));
        first.into_iter().chain(others).collect::<Vec<_>>()
    };
    add(1009, "33 fragments of 1,024 octets", fragments(33, &[b'a'; 1_024]));
    add(1008, "65 fragments", fragments(65, b"a"));
    add(1008, "65 fragments, all but the first and the last empty", {
        let empty = (0..63).flat_map(|_| part(false, opcode::CONTINUATION, b""));
        part(false, opcode::TEXT, b"a")
            .into_iter()
            .chain(empty)
            .chain(part(true, opcode::CONTINUATION, b"b"))
            .collect()
    });
    table
}

/// A Close frame is the answer to everything on a connection that is broken, and then TCP ends from the server's
/// side though the client keeps its own open; what came behind the violation is not read, and nobody else notices.
pub async fn every_violation_gets_its_close_code_and_then_the_end<S: Subject>(
    deviations: &'static [Deviation],
) {
    // Long, so that it is not the end of this wait that ends TCP.
    let limits = Limits { linger: Duration::from_secs(60), ..Limits::default() };
    let target = Target::<S>::with(Setup::with_limits(limits)).await;
    let mut bystander = connect(target.address).await;
    text(&mut bystander).await;
    let table = violations();
    for deviation in deviations {
        let in_table = |violation: &Violation| violation.what == deviation.what;
        assert!(table.iter().any(in_table), "{} is not in the table", deviation.what);
    }
    let mut running = JoinSet::new();
    for violation in table {
        let socket = connect(target.address).await;
        let deviation = deviations.iter().find(|deviation| deviation.what == violation.what);
        running.spawn(commit(socket, violation, deviation.map(|deviation| deviation.instead)));
    }
    let sockets = running.join_all().await;
    target.fill(["still here".to_owned()]).await;
    let batch = Batch::parse(&text(&mut bystander).await);
    assert_eq!(
        (batch.ids(), batch.messages[0].text.as_str()),
        (vec![1], "still here"),
        "nothing else was taken"
    );
    drop((bystander, sockets));
    target.stop().await;
}

async fn commit(mut socket: WebSocket, violation: Violation, instead: Option<Instead>) -> WebSocket {
    let Violation { what, mut octets, code } = violation;
    text(&mut socket).await;
    if instead == Some(Instead::Delivered) {
        socket.send_raw(&octets).await.expect("a violation is sent");
        let problem = Problem::parse(&text(&mut socket).await);
        assert_eq!(problem.status, 400, "{what}: {problem:?}");
        return socket;
    }
    octets.extend(Frame::whole(opcode::TEXT, draft("evil", "behind a violation", None)).to_octets());
    // In one write: a server may close before it has read all.
    socket.send_raw(&octets).await.expect("a violation is sent");
    let code = if let Some(Instead::Code(code)) = instead { code } else { code };
    let answer = soon(format!("the end after {what}"), close(&mut socket)).await;
    assert_eq!(answer, Ok(Some(code)), "{what}");
    socket
}

/// The next thing that comes is a Close frame, and the next after it the end of TCP.
pub(super) async fn close(socket: &mut WebSocket) -> Result<Option<u16>, String> {
    let code = match socket.read().await {
        Ok(Incoming::Close { code, .. }) => code,
        other => return Err(format!("{other:?}, where a Close frame is due")),
    };
    match socket.read_frame().await {
        Ok(None) => Ok(code),
        other => Err(format!("{other:?} after the Close frame, where the end of TCP is due")),
    }
}

/// More control frames than 100 a second beyond a burst of 200 are 1008, and the frames behind are not read.
pub async fn a_flood_of_control_frames_is_1008<S: Subject>() {
    let target = Target::<S>::start().await;
    for (opcode, data) in [(opcode::PING, &b""[..]), (opcode::PONG, b""), (opcode::PING, &[b'x'; 125])] {
        let mut socket = connect(target.address).await;
        let octets = Frame::whole(opcode, data).to_octets().repeat(2_000);
        socket.send_raw(&octets).await.expect("a flood is sent");
        let code = soon("the end of a flood", socket.close_code()).await;
        assert_eq!(code.expect("a Close frame"), Some(1008), "opcode {opcode}, {} octets", data.len());
    }
    target.stop().await;
}

/// A burst of 200 is taken, the newest of its pings is answered (RFC 6455 §5.5.3), and the connection goes on.
pub async fn a_burst_of_control_frames_is_taken<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    let pings = (1..=200).flat_map(|number: u32| Frame::whole(opcode::PING, number.to_string()).to_octets());
    socket.send_raw(&pings.collect::<Vec<_>>()).await.expect("a burst is sent");
    let last = Frame::whole(opcode::PONG, "200");
    soon("the newest pong", async {
        while socket.read_frame().await.expect("a frame").expect("a pong before the end") != last {}
    })
    .await;
    socket.send_text(draft("brian", "after a burst", None)).await.expect("a draft is sent");
    assert_eq!(Batch::parse(&text(&mut socket).await).ids(), [1]);
    drop(socket);
    target.stop().await;
}

/// Refused drafts are answered each; the 64th within a minute is the last one.
pub async fn the_64th_refused_draft_is_1008<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    for number in 1..=64 {
        let nonce = format!("n-{number}");
        // One that is taken does not make up for it.
        if number == 32 {
            socket.send_text(draft("brian", "a good one", None)).await.expect("a draft is sent");
            assert_eq!(Batch::parse(&text(&mut socket).await).ids(), [1]);
        }
        socket.send_text(draft("brian", "", Some(&nonce))).await.expect("a draft is sent");
        let problem = Problem::parse(&text(&mut socket).await);
        assert_eq!((problem.status, problem.nonce.as_deref()), (422, Some(nonce.as_str())), "draft {number}");
    }
    let code = soon("the end after 64 refused drafts", close(&mut socket)).await;
    assert_eq!(code, Ok(Some(1008)));
    target.stop().await;
}
