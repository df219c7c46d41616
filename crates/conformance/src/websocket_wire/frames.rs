//! Frames, RFC 6455 §5: messages however they are cut into frames, and frames however TCP cuts them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Batch, Frame, Incoming, Subject, Target, WebSocket, draft, soon,
    websocket::{self, connect, handshake, opcode},
};

/// A draft of brian's with this text, as the frame of one message.
fn said(text: &str) -> Vec<u8> {
    Frame::whole(opcode::TEXT, draft("brian", text, None)).to_octets()
}

/// The next text of `socket`.
pub(super) async fn text(socket: &mut WebSocket) -> String {
    match soon("the next message", socket.read()).await {
        Ok(Incoming::Text(text)) => text,
        other => panic!("{other:?}, where a text message is due"),
    }
}

/// The texts of the messages that follow the first batch, until there are `count`.
async fn texts(socket: &mut WebSocket, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        texts.extend(Batch::parse(&text(socket).await).messages.into_iter().map(|message| message.text));
    }
    texts
}

async fn frame(socket: &mut WebSocket) -> Frame {
    let frame = soon("the next frame", socket.read_frame()).await;
    frame.unwrap_or_else(|error| panic!("{error}, where a frame is due")).expect("a frame before the end")
}

/// The first frame behind the handshake is a whole text message: a batch, and empty where nothing is retained.
pub async fn the_first_message_is_a_batch<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    let first = frame(&mut socket).await;
    assert_eq!((first.fin, first.opcode), (true, opcode::TEXT), "{first:?}");
    let first = Batch::parse(std::str::from_utf8(&first.payload).expect("UTF-8"));
    assert!(first.messages.is_empty() && first.cursor.is_some() && !first.reset, "{first:?}");
    drop(socket);
    target.stop().await;
}

/// What a client sends before it has the answer to its handshake (RFC 6455 §4.1 forbids it, a proxy may join
/// packets) is not lost.
pub async fn frames_behind_the_handshake_in_the_same_packet_are_read<S: Subject>() {
    const FRAMES: usize = 100;
    let target = Target::<S>::start().await;
    let mut octets = handshake("/messages").to_http1(&target.authority());
    let expected: Vec<_> = (1..=FRAMES).map(|number| format!("number {number}")).collect();
    octets.extend(expected.iter().flat_map(|text| said(text)));
    let mut bystander = connect(target.address).await;
    let mut early = target.link().connect().await.expect("the server accepts");
    early.write_all(&octets).await.expect("handshake and frames are sent");
    assert_eq!(texts(&mut bystander, FRAMES).await, expected, "all frames are read, in order");
    drop((early, bystander));
    target.stop().await;
}

/// Each of the three forms of a length, and never a longer one than is needed (RFC 6455 §5.2), on the octets.
pub async fn a_frame_header_has_its_shortest_form<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut octets = Vec::new();
    let mut socket = target.link().connect().await.expect("the server accepts");
    socket.write_all(&handshake("/messages").to_http1(&target.authority())).await.expect("a handshake");
    // The empty batch has 20 to 125 octets, that of one message over 126, that of a hundred over 65,536.
    target.fill(["a".repeat(100)]).await;
    let mut lengths = Vec::new();
    let mut filled = 0;
    soon("the frames of three batches", async {
        while lengths.len() < 3 {
            if let Some(head) = octets.windows(4).position(|end| end == b"\r\n\r\n").filter(|_| filled == 0) {
                octets.drain(..head + 4);
                filled = 1;
            }
            while filled > 0
                && let Some((frame, length)) = websocket::parse(&octets)
            {
                let header = length - frame.payload.len();
                // RFC 6455 §5.2: 7 bits, 16 bits behind 126, 64 bits behind 127; the server masks nothing.
                let due = match frame.payload.len() {
                    ..=125 => 2,
                    126..=65_535 => 4,
                    _ => 10,
                };
                assert_eq!(header, due, "the header of a frame of {} octets", frame.payload.len());
                octets.drain(..length);
                lengths.push(due);
                match lengths[..] {
                    [.., 4] => target.fill((0..100).map(|_| "\u{1f600}".repeat(500))).await,
                    _ => target.fill(["\u{1f600}".repeat(100)]).await,
                }
            }
            assert!(socket.read_buf(&mut octets).await.expect("octets") > 0, "the server closed");
        }
    })
    .await;
    drop(socket);
    target.stop().await;
}

/// Lines of 100, 126 and 2,000 characters, whose frames have each form of a length, all in one packet.
pub async fn two_frames_in_one_packet_are_two_messages<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    for lines in [
        vec!["one".to_owned(), "two".to_owned()],
        vec!["a".repeat(100), "b".repeat(126), "c".repeat(2_000)],
        vec!["\u{1f600}".repeat(2_000), "d".to_owned(), "\u{20ac}".repeat(126)],
    ] {
        let octets: Vec<_> = lines.iter().flat_map(|line| said(line)).collect();
        socket.send_raw(&octets).await.expect("frames are sent");
        assert_eq!(texts(&mut socket, lines.len()).await, lines);
    }
    drop(socket);
    target.stop().await;
}

/// One frame in fifty writes, and in one for each octet: header, extended length and masking key are cut as well.
pub async fn one_frame_in_fifty_packets_is_one_message<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    for line in ["a".repeat(100), "b".repeat(126), "\u{1f600}".repeat(2_000)] {
        let octets = said(&line);
        for size in [octets.len().div_ceil(50), 1 + octets.len() / 200] {
            socket.send_split(&octets, size).await.expect("a frame is sent in parts");
            assert_eq!(texts(&mut socket, 1).await, [line.as_str()], "in writes of {size} octets");
        }
    }
    drop(socket);
    target.stop().await;
}

/// Fragments, cut within a code point, with control frames between them (RFC 6455 §5.4): the pings are answered
/// before the message ends.
pub async fn a_message_may_come_in_fragments_with_pings_between<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    let json = draft("brian", "caf\u{e9} \u{1f600}", None);
    let parts: Vec<_> = json.chunks(1).collect();
    for (at, part) in parts.iter().enumerate() {
        let opcode = if at == 0 { opcode::TEXT } else { opcode::CONTINUATION };
        let fin = at + 1 == parts.len();
        if fin {
            // The answer to the ping comes while the message is under way.
            socket.send(&Frame::whole(opcode::PING, b"between".to_vec())).await.expect("a ping");
            assert_eq!(frame(&mut socket).await, Frame::whole(opcode::PONG, b"between".to_vec()));
        }
        socket.send(&Frame { fin, rsv: 0, opcode, payload: part.to_vec() }).await.expect("a fragment");
        if at % 10 == 0 && !fin {
            socket.send(&Frame::whole(opcode::PONG, Vec::new())).await.expect("a pong");
            socket
                .send(&Frame { fin, ..Frame::whole(opcode::CONTINUATION, Vec::new()) })
                .await
                .expect("an empty fragment");
        }
    }
    assert_eq!(texts(&mut socket, 1).await, ["caf\u{e9} \u{1f600}"]);
    drop(socket);
    target.stop().await;
}

/// A message of 64 fragments and of 32 KiB is taken: the limits are the last that is allowed.
pub async fn a_message_may_have_64_fragments_and_32_kib<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    let begin = r#"{"user":"brian","text":"hi","x":""#;
    let json = format!("{begin}{}\"}}", "x".repeat(32 * 1024 - begin.len() - 2));
    assert_eq!(json.len(), 32 * 1024);
    let mut octets = Vec::new();
    for (at, part) in json.as_bytes().chunks(512).enumerate() {
        let opcode = if at == 0 { opcode::TEXT } else { opcode::CONTINUATION };
        octets.extend(Frame { fin: at == 63, rsv: 0, opcode, payload: part.to_vec() }.to_octets());
    }
    socket.send_raw(&octets).await.expect("64 fragments are sent");
    assert_eq!(texts(&mut socket, 1).await, ["hi"]);
    drop(socket);
    target.stop().await;
}

/// A ping gets a pong with the same application data (RFC 6455 §5.5.2, §5.5.3), of 0 to 125 octets, which need
/// not be text.
pub async fn every_ping_is_answered_with_its_own_data<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    for data in [vec![], b"x".to_vec(), vec![0xff, 0xfe, 0], (0..125).collect::<Vec<u8>>()] {
        socket.send(&Frame::whole(opcode::PING, data.clone())).await.expect("a ping is sent");
        assert_eq!(frame(&mut socket).await, Frame::whole(opcode::PONG, data));
    }
    drop(socket);
    target.stop().await;
}

/// A pong that answers nothing is a sign of life (RFC 6455 §5.5.3), and gets no answer.
pub async fn a_pong_that_nobody_asked_for_is_ignored<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    socket.send(&Frame::whole(opcode::PONG, b"unasked".to_vec())).await.expect("a pong is sent");
    socket.send(&Frame::whole(opcode::PING, b"after it".to_vec())).await.expect("a ping is sent");
    assert_eq!(frame(&mut socket).await, Frame::whole(opcode::PONG, b"after it".to_vec()));
    drop(socket);
    target.stop().await;
}
