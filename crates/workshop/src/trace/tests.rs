//! Conversations, and how they are told.

use super::*;

const WE: Who = Who { connection: 1, ours: true, to_page: false };
const YOU: Who = Who { ours: false, ..WE };

fn recorded(happen: impl FnOnce()) -> Vec<String> {
    begin();
    happen();
    told(&end())
}

fn upgraded() {
    record(
        WE,
        b"GET /messages HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    record(
        YOU,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
}

#[test]
fn fields_are_told_where_they_differ() {
    let ask = |connection, value: &str| {
        let request =
            format!("GET /messages HTTP/1.1\r\nHost: localhost\r\nConnection: {value}\r\nAccept: a\r\n\r\n");
        record(Who { connection, ..WE }, request.as_bytes());
    };
    let lines = recorded(|| {
        ask(1, "keep-alive, Upgrade");
        ask(2, "upgrade");
        ask(3, "upgrade");
    });
    let text = lines.join("\n");
    assert!(text.contains("Host: localhost") && text.contains("Connection: keep-alive, Upgrade"), "{text}");
    assert_eq!(text.matches("Host:").count(), 1, "{text}");
    assert_eq!(text.matches("Connection: upgrade").count(), 1, "{text}");
    assert!(!text.contains("Accept"), "no noise of a browser's: {text}");
}

#[test]
fn what_comes_octet_by_octet_is_told_as_what_it_is() {
    let frame = crate::client::masked(0x81, b"{\"text\":\"hi\"}", [1, 2, 3, 4]);
    let lines = recorded(|| {
        upgraded();
        frame.iter().for_each(|octet| record(WE, &[*octet]));
    });
    let text = lines.join("\n");
    assert!(text.contains("{\"text\":\"hi\"}") && text.contains("in 19 writes"), "{text}");
}

#[test]
fn what_is_the_same_is_counted_and_the_end_is_told() {
    let pings = crate::client::masked(0x89, b"late", [1, 2, 3, 4]).repeat(39);
    let lines = recorded(|| {
        upgraded();
        record(WE, &pings);
        record(YOU, b"\x88\x02\x03\xe8");
        ended(YOU, false);
        ended(YOU, false);
    });
    let text = lines.join("\n");
    assert_eq!(text.matches("\"late\"").count(), 1, "{text}");
    assert!(text.contains("38 times more"), "{text}");
    assert!(text.contains("88 02") && text.contains("1000"), "{text}");
    assert_eq!(text.matches("the end of TCP").count(), 1, "{text}");
}

#[test]
fn a_frame_of_which_only_the_header_was_sent_is_told() {
    let lines = recorded(|| {
        upgraded();
        record(WE, b"\x81\xfe\x80\x01\x01\x02\x03\x04");
        record(YOU, b"\x88\x02\x03\xf1");
    });
    let (before, after) = lines.split_at(lines.iter().position(|line| line.contains("88 02")).unwrap());
    assert!(before.iter().any(|line| line.contains("81 fe 80 01")), "{lines:?}");
    assert_eq!(after.len(), 1, "{lines:?}");
}

#[test]
fn what_begins_before_something_else_and_ends_after_it_is_told_twice() {
    let other = Who { connection: 2, ..WE };
    let lines = recorded(|| {
        record(WE, b"GET /first HTTP/1.1\r\nHost: a\r\n");
        record(other, b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
        record(WE, b"\r\n");
    });
    let at = |words: &str| lines.iter().position(|line| line.contains(words));
    let (begun, second, first) =
        (at("30 octets, the rest later: \"GET /first"), at("GET /second"), at("the rest: GET /first"));
    assert!(begun.is_some() && begun < second && second < first, "{lines:?}");
}

#[test]
fn a_text_is_told_though_a_piece_of_it_ends_within_a_character() {
    let lines = recorded(|| {
        upgraded();
        record(
            YOU,
            &[b"\x81\x7f\0\0\0\0\0\x01\x38\x81{".as_slice(), "😀".repeat(20_000).as_bytes()].concat(),
        );
    });
    let text = lines.join("\n");
    assert!(text.contains("{😀😀") && text.contains("octets more"), "{text}");
}

#[test]
fn behind_the_octets_that_are_kept_it_is_told_how_many_there_were() {
    let lines = recorded(|| {
        upgraded();
        let frame = crate::client::masked(0x81, &vec![b'x'; 60_000], [1, 2, 3, 4]);
        (0..36).for_each(|_| record(WE, &frame));
        measured("memory", "your program uses 10 MiB");
        measured("memory", "your program uses 9 MiB");
    });
    let text = lines.join("\n");
    assert!(text.contains("59,888 octets more") && text.contains("63,292 octets more"), "{text}");
    assert!(text.contains("uses 9 MiB") && !text.contains("uses 10 MiB"), "{text}");
    assert!(lines.iter().all(|line| line.chars().count() <= 76), "{text}");
}
