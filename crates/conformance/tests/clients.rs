//! The clients and the ledger, against servers that follow a script: what is right is read, what is wrong is caught.

use std::panic::{AssertUnwindSafe, catch_unwind};

use conformance::{
    Batch, Fate, Frame, Http1, Incoming, Ledger, Link, Message, Problem, Random, WebSocket, soon,
    websocket::{self, opcode},
    within,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A server that takes one connection and does what `script` does.
async fn scripted<F, T>(script: impl FnOnce(TcpStream) -> F + Send + 'static) -> (Link, JoinHandle<T>)
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let link = Link::to(listener.local_addr().unwrap());
    let server = tokio::spawn(async move { script(listener.accept().await.unwrap().0).await });
    (link, server)
}

/// What `wrong` panics with.
#[track_caller]
fn caught<T>(wrong: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(wrong)).err().expect("what is wrong is caught");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap()
}

fn message(id: u64) -> String {
    format!(r#"{{"id":{id},"user":"brian","text":"hi","time":1763600000000}}"#)
}

fn batch(ids: impl IntoIterator<Item = u64>, cursor: u64, more: &str) -> Batch {
    let messages: Vec<_> = ids.into_iter().map(message).collect();
    Batch::parse(&format!(r#"{{"messages":[{}],"cursor":"k3f9-{cursor}"{more}}}"#, messages.join(",")))
}

#[test]
fn a_ledger_takes_what_is_in_order() {
    let mut ledger = Ledger::default();
    ledger.add(batch([4, 5], 5, ""));
    ledger.add(batch([], 5, ""));
    ledger.add(batch([6], 6, ""));
    ledger.add(batch([10, 11], 11, r#","missed":3"#));
    assert_eq!((ledger.ids(), ledger.missed, ledger.last()), (vec![4, 5, 6, 10, 11], 3, 11));
    assert_eq!(ledger.cursor.as_deref(), Some("k3f9-11"));
}

#[test]
fn a_ledger_catches_what_is_lost_or_comes_twice() {
    for (what, wrong) in [
        ("twice", batch([3], 3, "")),
        ("lost", batch([5], 5, "")),
        ("twice in a batch", batch([4, 4], 4, "")),
        ("out of order", batch([5, 4], 4, "")),
        ("missed one too few", batch([6], 6, r#","missed":1"#)),
        ("missed one too many", batch([5], 5, r#","missed":2"#)),
        ("reset", batch([4], 4, r#","reset":true"#)),
    ] {
        let mut ledger = Ledger::after(3);
        let said = caught(|| ledger.add(wrong));
        assert!(said.contains("is due") || said.contains("reset"), "{what}: {said}");
    }
}

#[test]
fn a_message_has_its_members_in_their_order() {
    let read = Message::parse(r#"{"id":7,"user":"a,\"text\":\"","text":"b","time":5,"nonce":"n"}"#);
    assert_eq!((read.id, read.text.as_str(), read.nonce.as_deref()), (7, "b", Some("n")));
    for wrong in [
        r#"{"user":"a","id":7,"text":"b","time":5}"#,
        r#"{"id":7,"user":"a","text":"b","nonce":"n","time":5}"#,
        r#"{ "id":7,"user":"a","text":"b","time":5}"#,
        r#"{"id":7,"user":"a","text":"b","time":5 }"#,
        r#"{"id":7,"user":"a","text":"b","time":5,"nonce":null}"#,
        r#"{"id":7,"user":"a","text":"b","time":5,"more":1}"#,
        r#"{"id":7,"user":"a","text":"b"}"#,
        r#"{"id":"7","user":"a","text":"b","time":5}"#,
    ] {
        caught(|| Message::parse(wrong));
    }
}

#[test]
fn a_batch_and_a_problem_keep_their_rules() {
    for wrong in [
        r#"{"messages":[],"cursor":""}"#.to_owned(),
        r#"{"messages":[],"cursor":"a b-1"}"#.to_owned(),
        format!(r#"{{"messages":[],"cursor":"{}"}}"#, "x".repeat(65)),
        format!(r#"{{"messages":[{}],"cursor":"x-8"}}"#, message(7)),
        r#"{"messages":[],"cursor":"x-1","reset":false}"#.to_owned(),
        r#"{"messages":[],"cursor":"x-1","missed":0}"#.to_owned(),
        r#"{"cursor":"x-1"}"#.to_owned(),
    ] {
        caught(|| Batch::parse(&wrong));
    }
    let right = r#"{"type":"about:blank","status":429,"title":"t","detail":"d","retryAfter":1}"#;
    assert_eq!(Problem::parse(right).retry_after, Some(1));
    for wrong in [
        right.replace("429", "422"),
        right.replace(",\"retryAfter\":1", ""),
        right.replace("about:blank", "about:else"),
        right.replace("\"d\"", "\"\""),
        right.replace("429", "200"),
    ] {
        caught(|| Problem::parse(&wrong));
    }
}

#[test]
fn a_seed_brings_the_same_numbers_back() {
    let mut random = Random::seeded();
    let mut same = random.clone();
    let numbers: Vec<_> = (0..100).map(|_| random.within(3..40)).collect();
    assert!(numbers.iter().all(|number| (3..40).contains(number)), "{numbers:?}");
    assert_eq!(numbers, (0..100).map(|_| same.within(3..40)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_connection_is_cut_after_as_many_octets_as_were_chosen() {
    for octets in [0, 1, 7, 99] {
        let (link, server) =
            scripted(async |mut stream: TcpStream| match stream.write_all(&[b'x'; 100]).await {
                Ok(()) => stream.read(&mut [0]).await.map_err(|error| error.kind()),
                Err(error) => Err(error.kind()),
            })
            .await;
        let mut socket = link.with_fate(Fate::CutAfterReading(octets)).connect().await.unwrap();
        let mut read = Vec::new();
        let error = soon("the cut", socket.read_to_end(&mut read)).await.unwrap_err();
        assert_eq!((read.len(), error.kind()), (octets, std::io::ErrorKind::ConnectionReset));
        drop(socket);
        let seen = soon("the server's end", server).await.unwrap();
        assert_eq!(seen, Err(std::io::ErrorKind::ConnectionReset), "a cut after {octets} octets is an RST");

        let (link, server) = scripted(async |mut stream: TcpStream| {
            let mut read = Vec::new();
            let mut octet = [0];
            while stream.read_exact(&mut octet).await.is_ok() {
                read.extend(octet);
            }
            read
        })
        .await;
        let mut socket = link.with_fate(Fate::CutAfterWriting(octets)).connect().await.unwrap();
        let error = soon("the cut", socket.write_all(&[b'x'; 100])).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        drop(socket);
        // An RST may overtake octets that the server had not read yet.
        let read = soon("the server's end", server).await.unwrap();
        assert!(read.len() <= octets, "{} octets arrived, {octets} were to be written", read.len());
    }
}

/// Reads the response that a server sends as `octets`, in writes of `size`.
async fn response(octets: &'static [u8], size: usize, method: &str) -> Result<(u16, String), String> {
    let (link, _server) = scripted(move |mut stream: TcpStream| async move {
        stream.set_nodelay(true).unwrap();
        for part in octets.chunks(size) {
            stream.write_all(part).await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut http = Http1::connect(&link).await.unwrap();
    let response = soon("a response", http.response_to(method)).await.map_err(|error| error.to_string())?;
    Ok((response.status, response.text().to_owned()))
}

#[tokio::test]
async fn responses_are_read_however_they_are_framed_and_split() {
    let cases: [(&[u8], &str, u16, &str); 7] = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloNEXT", "GET", 200, "hello"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
            "GET",
            200,
            "hello",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "GET", 200, "until the end"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "HEAD", 200, ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", 204, ""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", "GET", 304, ""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n", "POST", 201, ""),
    ];
    for (octets, method, status, content) in cases {
        for size in [1, 2, 5, octets.len()] {
            assert_eq!(
                response(octets, size, method).await,
                Ok((status, content.to_owned())),
                "in parts of {size}"
            );
        }
    }
    for wrong in [
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n".as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        b"",
    ] {
        response(wrong, 4, "GET").await.unwrap_err();
    }
}

#[test]
fn frames_are_those_of_the_rfc() {
    // RFC 6455 §5.7: a single-frame masked text message, "Hello".
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(Frame::whole(opcode::TEXT, "Hello").to_octets(), masked);
    for (payload, head) in [(125, 2 + 4), (126, 4 + 4), (65_535, 4 + 4), (65_536, 10 + 4)] {
        assert_eq!(Frame::whole(opcode::BINARY, vec![0; payload]).to_octets().len(), head + payload);
    }
    // §5.7: the unmasked forms, of 5, 256 and 65,536 octets.
    let hello = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(websocket::parse(&hello), Some((Frame::whole(opcode::TEXT, "Hello"), 7)));
    let medium = [&[0x82, 0x7e, 0x01, 0x00][..], &[1; 256]].concat();
    assert_eq!(websocket::parse(&medium), Some((Frame::whole(opcode::BINARY, [1; 256]), 260)));
    let large = [&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0][..], &[1; 65_536]].concat();
    assert_eq!(
        websocket::parse(&large).map(|(frame, length)| (frame.payload.len(), length)),
        Some((65_536, 65_546))
    );
    for whole in [&hello[..], &medium, &large[..300]] {
        assert!(
            (0..whole.len())
                .filter(|end| *end < 7 || *end < 260)
                .all(|end| websocket::parse(&whole[..end]).is_none())
        );
    }
}

#[test]
fn a_frame_that_no_server_may_send_is_caught() {
    for (octets, section) in [
        (&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58][..], "§5.1"),
        (&[0xc1, 0x00], "§5.2"),
        (&[0x83, 0x00], "§5.2"),
        (&[0x81, 0x7e, 0x00, 0x05], "§5.2"),
        (&[0x81, 0x7f, 0, 0, 0, 0, 0, 0, 1, 0], "§5.2"),
        (&[0x09, 0x00], "§5.5"),
        (&[0x89, 0x7e, 0x00, 0x7e], "§5.5"),
    ] {
        let said = caught(|| websocket::parse(octets));
        assert!(said.contains(section), "{octets:x?}: {said}");
    }
}

#[tokio::test]
async fn a_websocket_reads_fragments_and_answers_pings() {
    let (link, server) = scripted(async |mut stream: TcpStream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        // RFC 6455 §1.3: the accept of the key in its example.
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: json\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        let frames = [&b"\x01\x02{\"\x89\x04ping\x00\x00\x80\x02\"}"[..], b"\x88\x05\x03\xe9bye"].concat();
        for octet in frames {
            stream.write_all(&[octet]).await.unwrap();
        }
        let mut pong = [0; 10];
        stream.read_exact(&mut pong).await.unwrap();
        pong
    })
    .await;
    let mut socket = soon("a handshake", WebSocket::connect(&link, "/messages")).await.unwrap();
    assert_eq!(soon("a message", socket.read()).await.unwrap(), Incoming::Text("{\"\"}".to_owned()));
    let close = Incoming::Close { code: Some(1001), reason: "bye".to_owned() };
    assert_eq!(soon("a close", socket.read()).await.unwrap(), close);
    assert_eq!(soon("the end", socket.read()).await.unwrap(), Incoming::Ended);
    assert_eq!(server.await.unwrap().to_vec(), Frame::whole(opcode::PONG, "ping").to_octets());
}

#[tokio::test]
async fn a_wait_says_what_it_waited_for() {
    let waiting = tokio::spawn(within(std::time::Duration::ZERO, "Godot", std::future::pending::<()>()));
    let said = waiting.await.unwrap_err().into_panic();
    assert_eq!(said.downcast_ref::<String>().unwrap(), "waited 0 s in vain for Godot");
}
