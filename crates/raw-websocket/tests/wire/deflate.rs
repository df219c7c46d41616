//! permessage-deflate on the wire (RFC 7692): what is agreed on, and messages both ways.

use bytes::BytesMut;
use conformance::{
    Frame, Incoming, Request, Response, Target, WebSocket, raw_request, soon,
    websocket::{connect, handshake, opcode},
    websocket_wire::violations::hex,
};
use raw_websocket::connection::{Connection, Event};
use raw_websocket::deflate::{Compression, Deflater, Offer, WindowBits};
use raw_websocket::frame::{FrameHeader, Role, parse_length, parse_masking_key, parse_start};
use raw_websocket::handshake::client::ClientHandshake;
use raw_websocket::message::MessageLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Wire;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The answer to a handshake with this line.
async fn answer(target: &Target<Wire>, offer: &str) -> Response {
    let request = handshake("/messages").with("sec-websocket-extensions", offer);
    raw_request(target.address, &request.to_http1(&target.authority())).await
}

/// A client by our own core, that takes and sends compressed messages.
struct Client {
    tcp: TcpStream,
    input: BytesMut,
    connection: Connection,
}

impl Client {
    /// Follows with this offer, and gives what the server has agreed on.
    async fn connect(target: &Target<Wire>, offer: Offer) -> Self {
        let handshake = ClientHandshake::new(*b"the sample nonce", Vec::new()).with_deflate(offer);
        let fields = handshake.fields();
        let request = fields.iter().fold(Request::get("/messages"), |request, (name, value)| {
            request.with(name.as_str(), value.to_str().expect("a field in ASCII"))
        });
        let mut tcp = TcpStream::connect(target.address).await.expect("the server accepts");
        tcp.write_all(&request.to_http1(&target.authority())).await.expect("a handshake is sent");
        let mut input = BytesMut::new();
        let end = loop {
            soon("an answer", tcp.read_buf(&mut input)).await.expect("an answer");
            if let Some(at) = input.windows(4).position(|octets| octets == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8(input.split_to(end).to_vec()).expect("a head in ASCII");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
        let mut response = http::Response::builder().status(status);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            response = response.header(name, value);
        }
        let response = response.body(()).expect("an answer");
        let opened = handshake.judge(&response).expect("an answer that keeps the rules");
        assert!(opened.deflate.is_some(), "{head}");
        let limits = MessageLimits { max_message_bytes: 1 << 20, ..MessageLimits::default() };
        let connection =
            Connection::new(Role::Client { masking_key: || KEY }, limits).with_deflate(opened.deflate);
        Self { tcp, input, connection }
    }

    async fn send(&mut self, draft: &str) {
        let mut output = BytesMut::new();
        self.connection.send_text(draft, &mut output).expect("the connection is open");
        assert_eq!(output.first(), Some(&if draft.len() < 64 { 0x81 } else { 0xc1 }));
        self.tcp.write_all(&output).await.expect("a draft is sent");
    }

    /// The next message, and its frame's header. A server cuts no message into fragments.
    async fn text(&mut self) -> (FrameHeader, String) {
        let role = Role::Client { masking_key: || KEY };
        let (header, len) = loop {
            let start = parse_start(&self.input, true).expect("a first octet");
            let length = start.and_then(|start| parse_length(&self.input, start, role).expect("a length"));
            let header =
                start.zip(length).and_then(|(start, length)| parse_masking_key(&self.input, start, length));
            if let Some((header, head_len)) = header
                && let Ok(len) = usize::try_from(header.payload_len)
                && self.input.len() >= head_len + len
            {
                break (header, head_len + len);
            }
            let read = soon("a message", self.tcp.read_buf(&mut self.input)).await.expect("a message");
            assert_ne!(read, 0, "the end, where a message is due");
        };
        let event = self.connection.receive(&mut self.input.split_to(len)).expect("no rule is broken");
        match event {
            Some(Event::Text(text)) => (header, text),
            other => panic!("{other:?}, where a text is due"),
        }
    }
}

/// RFC 7692 §7.1: no context takeover in either direction, whatever else is offered; malformed offers are 400.
#[tokio::test]
async fn what_is_agreed_on() {
    let target = Target::<Wire>::start().await;
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (offer, status, expected) in [
        ("permessage-deflate", 101, Some(agreed.to_owned())),
        ("permessage-deflate; client_max_window_bits", 101, Some(agreed.to_owned())),
        (
            "x-other, permessage-deflate; server_max_window_bits=10; client_max_window_bits=\"9\"",
            101,
            Some(format!("{agreed}; server_max_window_bits=10; client_max_window_bits=9")),
        ),
        // zlib does not compress with 256 octets: the next offer is taken.
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", 101, Some(agreed.to_owned())),
        ("permessage-deflate; server_max_window_bits=8", 101, None),
        ("permessage-deflate; unknown", 101, None),
        ("permessage-deflate; =;;;\"", 400, None),
        (",,", 400, None),
    ] {
        let response = answer(&target, offer).await;
        assert_eq!(response.status, status, "{offer}: {response}");
        assert_eq!(response.field("sec-websocket-extensions"), expected.as_deref(), "{offer}: {response}");
        if status == 400 {
            response.problem();
        }
    }
    target.stop().await;
}

/// Drafts and batches, small and large, of clients with any window and of one without: all hear the same.
#[tokio::test]
async fn messages_both_ways() {
    let target = Target::<Wire>::start().await;
    let mut plain = connect(target.address).await;
    soon("a first batch", plain.read()).await.expect("a batch");
    let offers = [None, WindowBits::new(9), WindowBits::new(12)].map(|bits| Offer {
        server_max_window_bits: bits,
        client_max_window_bits: bits,
        ..Offer::default()
    });
    let mut clients = Vec::new();
    for offer in offers {
        let mut client = Client::connect(&target, offer).await;
        client.text().await;
        clients.push(client);
    }
    let text = "to be or not to be, \u{20ac} \u{1f600} ".repeat(40);
    for (at, text) in ["hi", &text, "hi", &text].into_iter().enumerate() {
        let draft = format!(r#"{{"user":"brian","text":"{text}"}}"#);
        clients[at % 3].send(&draft).await;
        let heard = match soon("a batch", plain.read()).await.expect("a batch") {
            Incoming::Text(batch) => batch,
            other => panic!("{other:?}, where a batch is due"),
        };
        assert!(heard.contains(text), "{heard}");
        for client in &mut clients {
            let (header, batch) = client.text().await;
            assert_eq!(batch, heard, "the same octets for everyone");
            assert!(header.rsv1, "a batch of {} octets is compressed", batch.len());
            assert!(header.payload_len < batch.len() as u64);
        }
    }
    // What is retained comes compressed too, here for the first client again.
    let mut late = Client::connect(&target, offers[0]).await;
    let (header, batch) = late.text().await;
    assert!(header.rsv1 && batch.contains(&text) && header.payload_len * 10 < batch.len() as u64);
    drop((plain, clients, late));
    target.stop().await;
}

/// Each rule that a compressed message can break, and the code that it gets.
#[tokio::test]
async fn violations_get_their_close_code() {
    let target = Target::<Wire>::start().await;
    let compression = Compression { context_takeover: true, window_bits: WindowBits::MAX };
    let bomb = Deflater::new(compression).compress(&vec![b'a'; 1 << 20]).expect("it is compressed");
    let bomb = Frame { rsv: 4, ..Frame::whole(opcode::TEXT, bomb) };
    for (code, octets) in [
        (1002, hex("c9 80 00000000")),
        (1002, hex("a1 80 00000000")),
        (1002, hex("41 81 00000000 f2 c0 80 00000000")),
        (1003, hex("c2 80 00000000")),
        (1007, hex("c1 81 00000000 07")),
        (1007, hex("c1 83 00000000 f2 48 cd")),
        (1009, hex("c1 ff 0000000000010000")),
        (1009, bomb.to_octets()),
    ] {
        let request = handshake("/messages").with("sec-websocket-extensions", "permessage-deflate");
        let mut socket = WebSocket::open(&target.link(), &request).await.expect("a WebSocket");
        soon("a first batch", socket.read()).await.expect("a batch");
        socket.send_raw(&octets).await.expect("octets are sent");
        assert_eq!(soon("a Close", socket.close_code()).await.expect("a Close"), Some(code), "{octets:02x?}");
    }
    target.stop().await;
}

/// Hundreds of drafts of 32 KiB in 16 KiB: each is refused, and the 64th is the last.
#[tokio::test]
async fn many_large_drafts_in_one_packet() {
    let target = Target::<Wire>::start().await;
    let compression = Compression { context_takeover: false, window_bits: WindowBits::MAX };
    let draft = Deflater::new(compression).compress(&[b' '; 32 * 1024]).expect("it is compressed");
    let frame = Frame { rsv: 4, ..Frame::whole(opcode::TEXT, draft) }.to_octets();
    let frames = frame.repeat(16 * 1024 / frame.len());
    assert!(frames.len() / frame.len() > 200, "{} octets a frame", frame.len());
    let request = handshake("/messages").with("sec-websocket-extensions", "permessage-deflate");
    let mut socket = WebSocket::open(&target.link(), &request).await.expect("a WebSocket");
    soon("a first batch", socket.read()).await.expect("a batch");
    socket.send_raw(&frames).await.expect("drafts are sent");
    for number in 0..64 {
        let answer = soon("an answer", socket.read()).await.expect("an answer");
        assert!(
            matches!(&answer, Incoming::Text(problem) if problem.contains("\"status\":4")),
            "{number}: {answer:?}"
        );
    }
    assert_eq!(soon("a Close", socket.close_code()).await.expect("a Close"), Some(1008));
    target.stop().await;
}
