//! The closing handshake, RFC 6455 §5.5.1 and §7.1.

use std::time::Duration;

use server::Limits;

use crate::{
    Batch, Frame, Setup, Subject, Target, draft, soon,
    websocket::{connect, opcode},
    websocket_wire::{frames::text, violations::close},
};

/// A target that does not hurry to end a closed connection: so an end in time is the server's doing.
async fn patient<S: Subject>() -> Target<S> {
    let limits = Limits { linger: Duration::from_secs(60), ..Limits::default() };
    Target::with(Setup::with_limits(limits)).await
}

/// A Close gets a Close with its own code, an empty one an empty one; then the server ends TCP first (§7.1.1).
pub async fn a_close_is_answered_with_its_own_code<S: Subject>() {
    let target = patient::<S>().await;
    let reason = "r".repeat(123);
    let coded = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    let mut frames = vec![(None, Frame::whole(opcode::CLOSE, Vec::new()))];
    frames.extend(coded.map(|code| (Some(code), Frame::close(code, ""))));
    frames.push((Some(1000), Frame::close(1000, "caf\u{e9}")));
    frames.push((Some(4321), Frame::close(4321, &reason)));
    for (code, frame) in frames {
        let mut socket = connect(target.address).await;
        text(&mut socket).await;
        socket.send(&frame).await.expect("a Close frame is sent");
        let answer = soon(format!("the answer to a Close with {code:?}"), close(&mut socket)).await;
        assert_eq!(answer, Ok(code));
    }
    target.stop().await;
}

/// A client sends nothing after its Close (§5.5.1); what one sends all the same is not read, whether it comes
/// in the same packet or later.
pub async fn nothing_after_a_close_is_read<S: Subject>() {
    let target = patient::<S>().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    let late = Frame::whole(opcode::TEXT, draft("late", "after a close", None)).to_octets();
    let behind =
        [Frame::close(1000, "").to_octets(), late.clone(), Frame::close(1001, "").to_octets()].concat();
    socket.send_raw(&behind).await.expect("a Close frame and more are sent");
    let answer = soon("the answer to a Close with a draft behind it", close(&mut socket)).await;
    assert_eq!(answer, Ok(Some(1000)));
    socket.send_raw(&late.repeat(1_000)).await.expect("the server still takes octets, to discard them");
    drop(socket);

    target.fill(["the first".to_owned()]).await;
    let log = Batch::parse(&text(&mut connect(target.address).await).await);
    assert_eq!((log.ids(), log.messages[0].text.as_str()), (vec![1], "the first"), "nothing late was taken");
    target.stop().await;
}

/// Who breaks a rule may be sending still: that is taken, so that no reset takes the server's Close from it.
pub async fn what_comes_behind_a_violation_is_discarded<S: Subject>() {
    let target = patient::<S>().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    // A message of 65,536 octets, by its header.
    let header = [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    socket.send_raw(&header).await.expect("a header is sent");
    let answer = soon("the answer to a header that promises too much", close(&mut socket)).await;
    assert_eq!(answer, Ok(Some(1009)));
    for part in 1..=64 {
        let sent = socket.send_raw(&[b'x'; 1_024]).await;
        sent.unwrap_or_else(|error| panic!("the server does not take KiB {part}: {error}"));
    }
    drop(socket);
    target.stop().await;
}

/// A Close between fragments ends the message with the connection.
pub async fn a_close_ends_a_message_under_way<S: Subject>() {
    let target = patient::<S>().await;
    let mut socket = connect(target.address).await;
    text(&mut socket).await;
    let half = Frame { fin: false, ..Frame::whole(opcode::TEXT, draft("brian", "half", None)) };
    socket.send(&half).await.expect("a fragment is sent");
    socket.send(&Frame::close(1000, "")).await.expect("a Close frame is sent");
    let answer = soon("the answer to a Close between fragments", close(&mut socket)).await;
    assert_eq!(answer, Ok(Some(1000)));
    target.stop().await;
}

/// A server that stops says 1001, in the middle of a message or of a frame too, and sends nothing after it.
pub async fn a_stop_is_1001<S: Subject>() {
    let target = Target::<S>::start().await;
    let whole = Frame::whole(opcode::TEXT, draft("brian", "half", None)).to_octets();
    let fragment = Frame { fin: false, ..Frame::whole(opcode::TEXT, b"{".to_vec()) }.to_octets();
    let mut sockets = Vec::new();
    for octets in [&[][..], &whole[..1], &whole[..whole.len() - 1], &fragment] {
        let mut socket = connect(target.address).await;
        text(&mut socket).await;
        socket.send_raw(octets).await.expect("octets are sent");
        sockets.push(socket);
    }
    target.begin_stop();
    for socket in &mut sockets {
        assert_eq!(soon("the end of a server that stops", close(socket)).await, Ok(Some(1001)));
    }
    drop(sockets);
    target.stop().await;
}
