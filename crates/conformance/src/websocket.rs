//! A small WebSocket client by hand (RFC 6455): it can also send what breaks the rules.

use std::{io, net::SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Buf, BytesMut};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Link, Lost, Socket,
    http1::{Http1, Request, Response},
};

/// RFC 6455 §1.3: what a server puts behind the key before it hashes both.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The key of RFC 6455 §1.3; a test needs no random one, since no cache stands between.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The masking key of all frames; any is allowed (RFC 6455 §5.3), and this one makes a wrong unmasking visible.
const MASKING_KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The most octets of a frame that this client reads: a batch and its frame header.
const MAX_FRAME_BYTES: u64 = 256 * 1024;

/// Opcodes (RFC 6455 §11.8).
pub mod opcode {
    /// Continuation frame.
    pub const CONTINUATION: u8 = 0;
    /// Text frame.
    pub const TEXT: u8 = 1;
    /// Binary frame.
    pub const BINARY: u8 = 2;
    /// Connection close frame.
    pub const CLOSE: u8 = 8;
    /// Ping frame.
    pub const PING: u8 = 9;
    /// Pong frame.
    pub const PONG: u8 = 10;
}

/// A frame, unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// FIN: the last of its message.
    pub fin: bool,
    /// RSV1, RSV2, RSV3 in the bits 4, 2, 1.
    pub rsv: u8,
    /// What it is, see [`opcode`].
    pub opcode: u8,
    /// The payload data.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A whole message, or a control frame.
    pub fn whole(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, rsv: 0, opcode, payload: payload.into() }
    }

    /// A Close frame.
    pub fn close(code: u16, reason: &str) -> Self {
        Self::whole(opcode::CLOSE, [&code.to_be_bytes(), reason.as_bytes()].concat())
    }

    /// The octets of the frame as a client sends it, masked.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        let length = self.payload.len();
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ ..=125), _) => octets.push(0x80 | short),
            (_, Ok(medium)) => {
                octets.push(0x80 | 126);
                octets.extend(medium.to_be_bytes());
            }
            _ => {
                octets.push(0x80 | 127);
                octets.extend((length as u64).to_be_bytes());
            }
        }
        octets.extend(MASKING_KEY);
        octets.extend(self.payload.iter().zip(MASKING_KEY.iter().cycle()).map(|(octet, key)| octet ^ key));
        octets
    }
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// A Close frame.
    Close {
        /// The status code; `None` if the frame was empty.
        code: Option<u16>,
        /// The reason.
        reason: String,
    },
    /// TCP ended without a Close frame.
    Ended,
}

/// One WebSocket, in the client's role.
#[derive(Debug)]
pub struct WebSocket {
    socket: Socket,
    buffer: BytesMut,
    /// The server's answer to the opening handshake.
    pub handshake: Response,
    /// How many pings were answered.
    pub pings: usize,
    /// Whether pings are answered.
    pub answers_pings: bool,
}

/// The request of an opening handshake to this target, which offers the subprotocol `json`.
pub fn handshake(target: impl Into<String>) -> Request {
    Request::get(target)
        .with("connection", "Upgrade")
        .with("upgrade", "websocket")
        .with("sec-websocket-version", "13")
        .with("sec-websocket-key", KEY)
        .with("sec-websocket-protocol", "json")
}

impl WebSocket {
    /// Opens a WebSocket on `target`, such as `/messages`.
    ///
    /// # Errors
    ///
    /// The connection fails; [`Lost::Refused`] with the answer, if that is not `101`.
    pub async fn connect(link: &Link, target: &str) -> Result<Self, Lost> {
        Self::open(link, &handshake(target)).await
    }

    /// Opens a WebSocket with this request, made with [`handshake`].
    ///
    /// # Errors
    ///
    /// The connection fails; [`Lost::Refused`] with the answer, if that is not `101`.
    ///
    /// # Panics
    ///
    /// The answer is `101` and breaks RFC 6455 §4.2.2.
    pub async fn open(link: &Link, request: &Request) -> Result<Self, Lost> {
        let mut http = Http1::connect(link).await?;
        let response = http.exchange(request).await?;
        if response.status != 101 {
            return Err(Lost::Refused(Box::new(response)));
        }
        let is = |name: &str, token: &str| {
            response.field(name).is_some_and(|value| value.eq_ignore_ascii_case(token))
        };
        assert!(
            is("upgrade", "websocket") && is("connection", "upgrade"),
            "upgrade and connection of {response}"
        );
        let key =
            request.fields.iter().find(|(name, _)| name == "sec-websocket-key").map_or("", |(_, key)| key);
        let accept = STANDARD.encode(Sha1::digest(format!("{key}{GUID}")));
        assert_eq!(response.field("sec-websocket-accept"), Some(accept.as_str()), "the accept of {response}");
        let offered = request.fields.iter().filter(|(name, _)| name == "sec-websocket-protocol");
        let json = offered.flat_map(|(_, value)| value.split(',')).any(|protocol| protocol.trim() == "json");
        assert_eq!(
            response.field("sec-websocket-protocol"),
            json.then_some("json"),
            "the subprotocol of {response}"
        );
        let offers_deflate = request.fields.iter().any(|(name, _)| name == "sec-websocket-extensions");
        assert!(
            offers_deflate || response.field("sec-websocket-extensions").is_none(),
            "unasked: {response}"
        );
        let (socket, buffer) = http.into_parts();
        Ok(Self { socket, buffer, handshake: response, pings: 0, answers_pings: true })
    }

    /// Sends a text message in one frame.
    ///
    /// # Errors
    ///
    /// The connection fails.
    pub async fn send_text(&mut self, text: impl Into<Vec<u8>>) -> io::Result<()> {
        self.send(&Frame::whole(opcode::TEXT, text)).await
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// The connection fails.
    pub async fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.send_raw(&frame.to_octets()).await
    }

    /// Sends these octets, well formed or not.
    ///
    /// # Errors
    ///
    /// The connection fails.
    pub async fn send_raw(&mut self, octets: &[u8]) -> io::Result<()> {
        self.socket.write_all(octets).await
    }

    /// Sends these octets in writes of `size` octets each.
    ///
    /// # Errors
    ///
    /// The connection fails.
    pub async fn send_split(&mut self, octets: &[u8], size: usize) -> io::Result<()> {
        for part in octets.chunks(size) {
            self.send_raw(part).await?;
        }
        Ok(())
    }

    /// The next frame; `None` at the end of TCP.
    ///
    /// # Errors
    ///
    /// The connection fails, or ends within a frame.
    ///
    /// # Panics
    ///
    /// The frame breaks RFC 6455 §5.
    pub async fn read_frame(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some((frame, length)) = parse(&self.buffer) {
                self.buffer.advance(length);
                return Ok(Some(frame));
            }
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// The next message or Close frame, put together of its fragments. Pings are answered meanwhile.
    ///
    /// # Errors
    ///
    /// The connection fails, or ends within a frame.
    ///
    /// # Panics
    ///
    /// The server breaks RFC 6455, or sends a binary message.
    pub async fn read(&mut self) -> io::Result<Incoming> {
        let mut message: Option<Vec<u8>> = None;
        loop {
            let Some(frame) = self.read_frame().await? else { return Ok(Incoming::Ended) };
            match frame.opcode {
                opcode::PING => {
                    if self.answers_pings {
                        self.pings += 1;
                        self.send(&Frame::whole(opcode::PONG, frame.payload)).await?;
                    }
                    continue;
                }
                opcode::PONG => continue,
                opcode::CLOSE => {
                    let reason = frame.payload.get(2..).unwrap_or_default().to_vec();
                    let reason = String::from_utf8(reason).expect("a reason in UTF-8");
                    let code = match frame.payload[..] {
                        [] => None,
                        [only] => panic!("a Close frame with half a status code: {only}"),
                        [high, low, ..] => Some(u16::from_be_bytes([high, low])),
                    };
                    return Ok(Incoming::Close { code, reason });
                }
                opcode::TEXT if message.is_none() => message = Some(frame.payload),
                opcode::CONTINUATION => match &mut message {
                    Some(message) => message.extend(frame.payload),
                    None => panic!("a continuation of nothing"),
                },
                other => panic!("opcode {other} within {message:?}"),
            }
            if frame.fin {
                let message = message.take().unwrap_or_default();
                let text = String::from_utf8(message).expect("a text message in UTF-8");
                return Ok(Incoming::Text(text));
            }
        }
    }

    /// Reads to the end of TCP and gives the status code that the server closed with; text on the way is dropped.
    ///
    /// # Errors
    ///
    /// The connection fails, or ends without a Close frame.
    ///
    /// # Panics
    ///
    /// The server sends something after its Close frame.
    pub async fn close_code(&mut self) -> io::Result<Option<u16>> {
        loop {
            match self.read().await? {
                Incoming::Text(_) => {}
                Incoming::Ended => return Err(io::ErrorKind::UnexpectedEof.into()),
                Incoming::Close { code, .. } => {
                    let after = self.read_frame().await?;
                    assert_eq!(after, None, "the server sent a frame after its Close frame");
                    return Ok(code);
                }
            }
        }
    }

    /// Closes with this status code, and gives that of the server's answer.
    ///
    /// # Errors
    ///
    /// The connection fails, or ends without a Close frame.
    pub async fn close(&mut self, code: u16) -> io::Result<Option<u16>> {
        self.send(&Frame::close(code, "")).await?;
        self.close_code().await
    }

    /// Resets the connection.
    pub fn cut(self) {
        self.socket.cut();
    }
}

/// The frame that `octets` begin with, and its length, if it is whole.
///
/// # Panics
///
/// It breaks RFC 6455 §5 for a server.
pub fn parse(octets: &[u8]) -> Option<(Frame, usize)> {
    let (&first, &second) = (octets.first()?, octets.get(1)?);
    let (fin, rsv, opcode) = (first & 0x80 != 0, first >> 4 & 7, first & 15);
    assert_eq!(rsv, 0, "reserved bits without an extension (RFC 6455 §5.2)");
    assert!(matches!(opcode, 0..=2 | 8..=10), "opcode {opcode} is reserved (RFC 6455 §5.2)");
    assert!(second & 0x80 == 0, "a server masks no frame (RFC 6455 §5.1)");
    let number = |range: std::ops::Range<usize>| {
        octets.get(range).map(|octets| octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
    };
    let (length, head) = match second {
        126 => (number(2..4)?, 4),
        127 => (number(2..10)?, 10),
        short => (u64::from(short), 2),
    };
    let least = match head {
        4 => 126,
        10 => 65_536,
        _ => 0,
    };
    assert!(length >= least, "{length} is not in its shortest form (RFC 6455 §5.2)");
    assert!(length <= MAX_FRAME_BYTES, "a frame of {length} octets is more than a batch");
    assert!(opcode < 8 || (fin && length <= 125), "a control frame is whole and small (RFC 6455 §5.5)");
    let end = head + usize::try_from(length).ok()?;
    let payload = octets.get(head..end)?.to_vec();
    Some((Frame { fin, rsv, opcode, payload }, end))
}

/// Opens a WebSocket on `/messages` of a server that must take it.
///
/// # Panics
///
/// It does not.
pub async fn connect(address: SocketAddr) -> WebSocket {
    let link = Link::to(address);
    let opened = WebSocket::connect(&link, "/messages");
    crate::soon("an opening handshake", opened).await.unwrap_or_else(|error| panic!("no WebSocket: {error}"))
}
