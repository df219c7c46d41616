//! The floor: a server that sends each message to each client with one `send`, and does nothing else.
//!
//! It speaks enough of RFC 6455 for the load: it reads no JSON, keeps no log, and drops a client that does not take what
//! it is sent. It can be told to drop one delivery in so many: the comparison must find that out.

use std::{cell::RefCell, collections::BTreeMap, io, net::Ipv4Addr, rc::Rc};

use base64::{Engine, prelude::BASE64_STANDARD};
use memchr::memmem;
use sha1::{Digest, Sha1};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// The longest head or message that is read (octets).
const INPUT_BYTES: usize = 64 * 1024;

/// What RFC 6455 §1.3 appends to a key.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[derive(Default)]
struct Everybody {
    clients: BTreeMap<u64, OwnedWriteHalf>,
    accepted: u64,
    messages: u64,
    deliveries: u64,
    drop_one_in: Option<u64>,
}

/// Serves on a free port of loopback, which it says on standard output, until the process ends.
///
/// # Errors
///
/// No port is free, or the listener fails.
#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
pub async fn serve(port: u16, drop_one_in: Option<u64>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let everybody = Rc::new(RefCell::new(Everybody { drop_one_in, ..Everybody::default() }));
    loop {
        let (socket, _) = listener.accept().await?;
        // A client that goes takes its errors with it.
        tokio::task::spawn_local(converse(socket, everybody.clone()));
    }
}

async fn converse(socket: TcpStream, everybody: Rc<RefCell<Everybody>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut reader, mut writer) = socket.into_split();
    let mut input = Vec::new();
    let head = loop {
        if let Some(end) = memmem::find(&input, b"\r\n\r\n") {
            break input.drain(..end + 4).collect::<Vec<u8>>();
        }
        more(&mut reader, &mut input).await?;
    };
    writer.write_all(answer(&head).as_bytes()).await?;
    let number = {
        let mut everybody = everybody.borrow_mut();
        everybody.accepted += 1;
        let number = everybody.accepted;
        everybody.clients.insert(number, writer);
        number
    };
    let ended = hear(&mut reader, &mut input, &everybody).await;
    everybody.borrow_mut().clients.remove(&number);
    ended
}

async fn more(reader: &mut OwnedReadHalf, input: &mut Vec<u8>) -> io::Result<()> {
    if input.len() > INPUT_BYTES || reader.read_buf(input).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

async fn hear(
    reader: &mut OwnedReadHalf,
    input: &mut Vec<u8>,
    everybody: &RefCell<Everybody>,
) -> io::Result<()> {
    loop {
        while let Some((opcode, payload, taken)) = frame(input) {
            input.drain(..taken);
            match opcode {
                0x1 => everybody.borrow_mut().send_to_all(&payload),
                0x8 => return Ok(()),
                _ => {}
            }
        }
        more(reader, input).await?;
    }
}

impl Everybody {
    fn send_to_all(&mut self, draft: &[u8]) {
        self.messages += 1;
        let mut batch = format!(r#"{{"messages":[{{"id":{},"#, self.messages).into_bytes();
        batch.extend_from_slice(draft.get(1..).unwrap_or(b"}"));
        batch.extend_from_slice(b"]}");
        let mut octets = vec![0x81];
        match u16::try_from(batch.len()) {
            Ok(length @ 126..) => {
                octets.push(126);
                octets.extend_from_slice(&length.to_be_bytes());
            }
            Ok(length) => octets.extend_from_slice(&length.to_be_bytes()[1..]),
            Err(_) => return,
        }
        octets.append(&mut batch);
        let (deliveries, drop_one_in) = (&mut self.deliveries, self.drop_one_in);
        self.clients.retain(|_, client| {
            *deliveries += 1;
            if drop_one_in.is_some_and(|many| deliveries.is_multiple_of(many)) {
                return true;
            }
            client.try_write(&octets).is_ok_and(|sent| sent == octets.len())
        });
    }
}

/// A whole frame from a client: its opcode, its payload unmasked, and what it takes of the input.
fn frame(input: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let [first, second, rest @ ..] = input else { return None };
    let (length, rest, header) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), rest.get(2..)?, 4),
        // Longer than what is read.
        127 => (usize::MAX - 64, rest, 2),
        length => (usize::from(length), rest, 2),
    };
    let (key, rest) = rest.split_first_chunk::<4>()?;
    let payload =
        rest.get(..length)?.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key).collect();
    Some((first & 0x0f, payload, header + 4 + length))
}

/// The answer to an opening handshake, which is not judged (RFC 6455 §4.2.2).
fn answer(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    let digest = Sha1::digest(key.unwrap_or_default() + KEY_SUFFIX);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-accept: {}\r\nsec-websocket-protocol: json\r\n\r\n",
        BASE64_STANDARD.encode(digest)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_is_that_of_the_rfc() {
        // RFC 6455 §1.3.
        let answer = answer(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    }

    #[test]
    fn frames_are_taken_whole_or_not_at_all() {
        // RFC 6455 §5.7: "Hello", masked.
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        for end in 0..hello.len() {
            assert_eq!(frame(&hello[..end]), None);
        }
        assert_eq!(frame(&hello), Some((1, b"Hello".to_vec(), 11)));
    }
}
