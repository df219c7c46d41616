//! Answers and the closing handshake.

use bytes::BytesMut;
use raw_websocket::close::{CloseCode, CloseReason, MAX_REASON_BYTES};
use raw_websocket::connection::{Connection, Event, SendError, State};
use raw_websocket::failure::Failure;
use raw_websocket::frame::Role;
use raw_websocket::message::MessageLimits;

use super::{CLIENT, KEY, events, frame, hex, masked, read, server, text};

fn client() -> Connection {
    Connection::new(CLIENT, MessageLimits::default())
}

fn going_away() -> CloseReason {
    CloseReason::new(CloseCode::GOING_AWAY, "bye")
}

/// What a server answers to these octets.
fn answer(connection: &mut Connection, octets: &[u8]) -> BytesMut {
    let mut output = BytesMut::new();
    for event in events(connection, octets) {
        connection.answer(&event, &mut output);
    }
    output
}

#[test]
fn a_ping_is_answered_with_its_application_data() {
    assert_eq!(answer(&mut server(), &masked(0x89, b"Hello")), frame(0x8a, None, b"Hello"));
    assert_eq!(answer(&mut server(), &masked(0x89, b"")), frame(0x8a, None, b""));
    assert_eq!(answer(&mut server(), &masked(0x89, &[7; 125])), frame(0x8a, None, &[7; 125]));
    assert_eq!(answer(&mut client(), &frame(0x89, None, b"Hello")), masked(0x8a, b"Hello"));
    // A pong and a message ask for no answer.
    let octets = [masked(0x8a, b"Hello"), masked(0x81, b"Hello")].concat();
    assert_eq!(answer(&mut server(), &octets), b""[..]);
}

#[test]
fn a_close_is_answered_with_its_own_code() {
    for code in (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]) {
        for reason in ["", "adiós"] {
            let mut connection = server();
            let body = [&u16::to_be_bytes(code)[..], reason.as_bytes()].concat();
            let expected = Event::Close(CloseCode::new(code).map(|code| CloseReason::new(code, reason)));
            assert_eq!(events(&mut connection, &masked(0x88, &body)), std::slice::from_ref(&expected));
            assert_eq!(connection.state(), State::CloseDue);

            let mut output = BytesMut::new();
            connection.answer(&expected, &mut output);
            assert_eq!(output, frame(0x88, None, &code.to_be_bytes()));
            assert_eq!(connection.state(), State::Closed);
        }
    }
}

#[test]
fn an_empty_close_is_answered_with_an_empty_one() {
    let mut connection = server();
    assert_eq!(answer(&mut connection, &masked(0x88, b"")), hex("88 00"));
    assert_eq!(connection.state(), State::Closed);
    assert_eq!(answer(&mut client(), &hex("88 00")), [&hex("88 80")[..], &KEY].concat());
}

/// A Close between two fragments is answered at once; the message never ends.
#[test]
fn a_close_inside_a_message() {
    let mut connection = server();
    let octets = [masked(0x01, b"half"), masked(0x88, &hex("03e8")), masked(0x80, b"rest")].concat();
    assert_eq!(answer(&mut connection, &octets), hex("88 02 03e8"));
    assert_eq!(connection.buffered(), 0);
}

/// RFC 6455 §5.5.1: what comes after a Close is ignored, also what would break a rule, in the same packet or later.
#[test]
fn what_comes_after_a_close_is_ignored() {
    let mut connection = server();
    let close = masked(0x88, &hex("03e8"));
    let octets = [close, masked(0x81, b"late"), hex("ffffff")].concat();
    let (first, failure) = read(&mut connection, [&octets[..]]);
    assert_eq!((first.len(), failure), (1, None));
    assert_eq!(read(&mut connection, [&masked(0x89, b"")[..], &hex("ffffff")]), (vec![], None));
}

#[test]
fn no_frame_follows_our_close() {
    let mut connection = server();
    let mut output = BytesMut::new();
    assert!(connection.may_send());
    connection.close(Some(&going_away()), &mut output);
    assert_eq!(output, frame(0x88, None, b"\x03\xe9bye"));
    assert_eq!(connection.state(), State::CloseSent);
    assert!(!connection.may_send());

    output.clear();
    assert_eq!(connection.send_text("late", &mut output), Err(SendError::Closing));
    assert_eq!(connection.send_binary(b"late", &mut output), Err(SendError::Closing));
    assert_eq!(connection.send_ping(b"", &mut output), Err(SendError::Closing));
    connection.close(None, &mut output);
    connection.answer(&Event::Ping("late".into()), &mut output);
    assert_eq!(output, b""[..]);
    assert_eq!(connection.state(), State::CloseSent);
}

/// The peer may send on until it has our Close; its own then ends the handshake.
#[test]
fn what_was_under_way_when_we_closed_still_arrives() {
    let mut connection = server();
    let mut output = BytesMut::new();
    connection.close(Some(&going_away()), &mut output);
    output.clear();
    let octets = [masked(0x81, b"on its way"), masked(0x89, b""), masked(0x88, &hex("03e9"))].concat();
    let said = events(&mut connection, &octets);
    assert_eq!(said.len(), 3);
    assert_eq!(said[0], text("on its way"));
    for event in &said {
        connection.answer(event, &mut output);
    }
    assert_eq!(output, b""[..], "the Close was sent before");
    assert_eq!(connection.state(), State::Closed);
}

#[test]
fn closes_that_cross() {
    let (mut server, mut client) = (server(), client());
    let (mut to_client, mut to_server) = (BytesMut::new(), BytesMut::new());
    server.close(Some(&going_away()), &mut to_client);
    client.close(None, &mut to_server);
    let mut answers = BytesMut::new();
    for event in events(&mut server, &to_server) {
        server.answer(&event, &mut answers);
    }
    for event in events(&mut client, &to_client) {
        client.answer(&event, &mut answers);
    }
    assert_eq!(answers, b""[..]);
    assert_eq!((server.state(), client.state()), (State::Closed, State::Closed));
}

#[test]
fn the_closing_handshake_from_either_end() {
    for (mut first, mut second) in [(server(), client()), (client(), server())] {
        let (mut there, mut back) = (BytesMut::new(), BytesMut::new());
        first.close(Some(&going_away()), &mut there);
        assert_eq!(first.state(), State::CloseSent);
        let said = events(&mut second, &there);
        assert_eq!(said, [Event::Close(Some(going_away()))]);
        second.answer(&said[0], &mut back);
        assert_eq!(second.state(), State::Closed);
        let reason = CloseReason::new(CloseCode::GOING_AWAY, "");
        assert_eq!(events(&mut first, &back), [Event::Close(Some(reason))]);
        assert_eq!(first.state(), State::Closed);
    }
}

#[test]
fn a_failure_is_told_in_the_close() {
    let mut connection = server();
    let (_, failure) = read(&mut connection, [&hex("c1")[..]]);
    let failure = failure.unwrap();
    assert_eq!(connection.state(), State::CloseDue);
    assert!(!connection.may_send());

    let mut output = BytesMut::new();
    connection.fail(&failure, &mut output);
    assert_eq!(connection.state(), State::Closed);
    let reason = CloseReason::new(CloseCode::PROTOCOL_ERROR, failure.to_string());
    assert_eq!(events(&mut client(), &output), [Event::Close(Some(reason))]);

    output.clear();
    connection.fail(&failure, &mut output);
    connection.close(None, &mut output);
    assert_eq!(output, b""[..], "one Close only");
    assert_eq!(read(&mut connection, [&masked(0x81, b"late")[..]]), (vec![], None));
}

/// The caller may fail the connection by itself, in the middle of a frame: no more is read, no memory is held.
#[test]
fn a_failure_in_the_middle_of_a_frame() {
    let octets = [masked(0x01, b"half of it"), masked(0x89, b"ping"), masked(0x80, b"rest")].concat();
    for cut in 0..octets.len() {
        let (before, after) = octets.split_at(cut);
        let (mut connection, mut output) = (server(), BytesMut::new());
        read(&mut connection, [before]);
        connection.fail(&Failure::TooManyFragments { limit: 1 }, &mut output);
        assert_eq!((connection.state(), connection.buffered()), (State::Closed, 0), "cut at {cut}");
        assert_eq!(read(&mut connection, [after]), (vec![], None), "cut at {cut}");
    }
}

#[test]
fn a_failure_after_our_close_sends_nothing() {
    let mut connection = server();
    let mut output = BytesMut::new();
    connection.close(None, &mut output);
    output.clear();
    let (_, failure) = read(&mut connection, [&hex("c1")[..]]);
    assert_eq!(connection.state(), State::Closed);
    connection.fail(&failure.unwrap(), &mut output);
    assert_eq!(output, b""[..]);
}

#[test]
fn a_ping_of_125_octets_and_one_more() {
    let mut connection = server();
    let mut output = BytesMut::new();
    assert_eq!(connection.send_ping(&[1; 125], &mut output), Ok(()));
    assert_eq!(output, frame(0x89, None, &[1; 125]));
    output.clear();
    assert_eq!(connection.send_ping(&[1; 126], &mut output), Err(SendError::PingTooLong { len: 126 }));
    assert_eq!(output, b""[..]);
}

/// RFC 6455 §5.3: every frame of a client is masked, each with the next key, its Close too.
#[test]
fn a_client_masks_every_frame() {
    use std::cell::Cell;
    thread_local!(static NEXT: Cell<u8> = const { Cell::new(0) });
    let masking_key = || {
        NEXT.set(NEXT.get() + 1);
        [NEXT.get(); 4]
    };
    let mut connection = Connection::new(Role::Client { masking_key }, MessageLimits::default());
    let mut output = BytesMut::new();
    connection.send_text("a", &mut output).unwrap();
    connection.send_ping(b"", &mut output).unwrap();
    connection.close(None, &mut output);
    let expected =
        [frame(0x81, Some([1; 4]), b"a"), frame(0x89, Some([2; 4]), b""), frame(0x88, Some([3; 4]), b"")]
            .concat();
    assert_eq!(output, expected);
}

#[test]
fn reasons_are_cut_at_a_code_point() {
    let fits = "é".repeat(61) + "a";
    assert_eq!(CloseReason::new(CloseCode::NORMAL_CLOSURE, fits.as_str()).reason(), fits);
    let cut = CloseReason::new(CloseCode::NORMAL_CLOSURE, "é".repeat(62));
    assert_eq!(cut.reason(), "é".repeat(61));
    assert!(fits.len() == MAX_REASON_BYTES);
}

#[test]
fn codes_on_the_wire() {
    for code in 0..=u16::MAX {
        let allowed = [1000..=1003, 1007..=1014, 3000..=4999].iter().any(|codes| codes.contains(&code));
        assert_eq!(CloseCode::new(code).map(CloseCode::get), allowed.then_some(code));
    }
}
