//! A client that shows every frame (RFC 9113 §4) and does nothing by itself but acknowledge settings and answer pings.

use bytes::{Buf, Bytes, BytesMut};
use conformance::{Batch, Socket, http2::frame, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Server;

/// Frame types (RFC 9113 §6).
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// Flags (RFC 9113 §6).
pub(crate) mod flag {
    pub(crate) const ACK: u8 = 0x1;
    pub(crate) const END_STREAM: u8 = 0x1;
    pub(crate) const END_HEADERS: u8 = 0x4;
}

/// Settings (RFC 9113 §6.5.2).
pub(crate) mod setting {
    pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;
    pub(crate) const MAX_HEADER_LIST_SIZE: u16 = 6;
}

/// Error codes (RFC 9113 §7).
pub(crate) mod error {
    pub(crate) const NO_ERROR: u32 = 0;
    pub(crate) const PROTOCOL_ERROR: u32 = 1;
    pub(crate) const REFUSED_STREAM: u32 = 7;
    pub(crate) const CANCEL: u32 = 8;
    pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;
}

/// A frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Bytes,
}

impl Frame {
    /// Takes the first frame out of `buffer`, once it is whole.
    pub(crate) fn take(buffer: &mut BytesMut) -> Option<Self> {
        let length = usize::try_from(
            buffer
                .get(..9)?
                .first_chunk::<3>()?
                .iter()
                .fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet)),
        )
        .ok()?;
        if buffer.len() < 9 + length {
            return None;
        }
        let mut head = buffer.split_to(9);
        head.advance(3);
        let (kind, flags, stream) = (head.get_u8(), head.get_u8(), head.get_u32());
        Some(Self { kind, flags, stream, payload: buffer.split_to(length).freeze() })
    }

    pub(crate) fn is(&self, kind: u8, stream: u32) -> bool {
        self.kind == kind && self.stream == stream
    }

    pub(crate) fn ends_stream(&self) -> bool {
        matches!(self.kind, kind::DATA | kind::HEADERS) && self.flags & flag::END_STREAM != 0
    }

    /// The error code of RST_STREAM or GOAWAY.
    pub(crate) fn code(&self) -> u32 {
        let mut payload = self.payload.clone();
        if self.kind == kind::GOAWAY {
            payload.advance(4);
        }
        payload.get_u32()
    }

    /// The status, where HPACK's static table has it (RFC 7541 appendix A).
    pub(crate) fn status(&self) -> Option<u16> {
        match self.payload.first() {
            Some(0x88) => Some(200),
            Some(0x89) => Some(204),
            Some(0x8c) => Some(400),
            Some(0x8d) => Some(404),
            _ => None,
        }
    }
}

/// One connection in cleartext.
#[derive(Debug)]
pub(crate) struct Wire {
    socket: Socket,
    buffer: BytesMut,
    /// The text of DATA on the stream that is followed, not yet a line.
    text: BytesMut,
    /// Whether pings are answered.
    pub(crate) answers_pings: bool,
    /// How many pings of the server's came.
    pub(crate) pings: usize,
    authority: String,
}

impl Wire {
    /// Connects, and sends the preface with these settings.
    pub(crate) async fn open(server: &Server, settings: &[(u16, u32)]) -> Self {
        let socket = server.link().connect().await.expect("the server accepts");
        let mut wire = Self {
            socket,
            buffer: BytesMut::new(),
            text: BytesMut::new(),
            answers_pings: true,
            pings: 0,
            authority: server.authority(),
        };
        wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        wire.send(&settings_frame(settings)).await;
        wire
    }

    /// Sends these octets.
    pub(crate) async fn send(&mut self, octets: &[u8]) {
        self.socket.write_all(octets).await.expect("the connection lives");
    }

    /// Asks for `path` on `stream`.
    pub(crate) async fn get(&mut self, stream: u32, path: &str) {
        let head = headers(stream, &get_fields(path, &self.authority), true);
        self.send(&head).await;
    }

    /// Opens the window of a stream, or with 0 of the connection, by so many octets.
    pub(crate) async fn open_window(&mut self, stream: u32, octets: u32) {
        self.send(&frame(kind::WINDOW_UPDATE, 0, stream, &octets.to_be_bytes())).await;
    }

    /// The next frame that is neither a SETTINGS nor a ping of the server's; `None` at the connection's end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            let Some(came) = Frame::take(&mut self.buffer) else {
                match soon("a frame", self.socket.read_buf(&mut self.buffer)).await {
                    Ok(1..) => continue,
                    _ => return None,
                }
            };
            let is_ack = came.flags & flag::ACK != 0;
            match came.kind {
                kind::SETTINGS if !is_ack => {
                    // At the connection's end there may be nobody to tell.
                    let _ = self.socket.write_all(&frame(kind::SETTINGS, flag::ACK, 0, &[])).await;
                }
                kind::PING if !is_ack => {
                    self.pings += 1;
                    if self.answers_pings {
                        let _ = self.socket.write_all(&frame(kind::PING, flag::ACK, 0, &came.payload)).await;
                    }
                }
                _ => return Some(came),
            }
        }
    }

    /// The next frame that `is_it`; those before it are let go.
    pub(crate) async fn until(&mut self, what: &str, is_it: impl Fn(&Frame) -> bool) -> Frame {
        let mut before = Vec::new();
        let found = async {
            while let Some(came) = self.next().await {
                if is_it(&came) {
                    return Some(came);
                }
                before.push((came.kind, came.flags, came.stream, came.payload.len()));
            }
            None
        };
        let found = soon(what, found).await;
        found.ok_or_else(|| format!("the connection ended before {what}, after {before:?}")).expect("a frame")
    }

    /// The next frame of `stream`.
    pub(crate) async fn until_of(&mut self, stream: u32) -> Frame {
        self.until(&format!("a frame of stream {stream}"), |came| came.stream == stream).await
    }

    /// All frames that come before the answer to a ping that is sent now.
    pub(crate) async fn round_trip(&mut self) -> Vec<Frame> {
        self.send(&frame(kind::PING, 0, 0, b"are you?")).await;
        let mut before = Vec::new();
        loop {
            let came = soon("the answer to a ping", self.next()).await.expect("the connection lives");
            if came.kind == kind::PING && came.flags & flag::ACK != 0 {
                return before;
            }
            before.push(came);
        }
    }

    /// The next line of `stream`, without its end; each DATA is given back to both windows if `gives_back`.
    pub(crate) async fn line(&mut self, stream: u32, gives_back: bool) -> String {
        loop {
            if let Some(end) = self.text.iter().position(|octet| *octet == b'\n') {
                let line = self.text.split_to(end);
                self.text.advance(1);
                return String::from_utf8(line.to_vec()).expect("a line in UTF-8");
            }
            let data = self.until("DATA", |came| came.stream == stream && came.kind != kind::HEADERS).await;
            assert!(data.is(kind::DATA, stream) && !data.ends_stream(), "the stream goes on: {data:?}");
            self.text.extend_from_slice(&data.payload);
            let octets = u32::try_from(data.payload.len()).expect("a frame");
            if gives_back && octets > 0 {
                self.open_window(0, octets).await;
                self.open_window(stream, octets).await;
            }
        }
    }

    /// The next batch of `stream`; empty lines are let go.
    pub(crate) async fn batch(&mut self, stream: u32) -> Batch {
        loop {
            let line = self.line(stream, true).await;
            if !line.is_empty() {
                return Batch::parse(&line);
            }
        }
    }

    /// Waits for the connection's end; gives the frames before it.
    pub(crate) async fn until_closed(&mut self) -> Vec<Frame> {
        let mut before = Vec::new();
        while let Some(came) = soon("the connection's end", self.next()).await {
            before.push(came);
        }
        before
    }

    /// The socket, for who reads and writes at once, and what was read.
    pub(crate) fn into_parts(self) -> (Socket, BytesMut) {
        (self.socket, self.buffer)
    }
}

/// A SETTINGS frame.
pub(crate) fn settings_frame(settings: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, value) in settings {
        payload.extend(name.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(kind::SETTINGS, 0, 0, &payload)
}

/// A RST_STREAM frame.
pub(crate) fn reset_frame(stream: u32, code: u32) -> Vec<u8> {
    frame(kind::RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// The HEADERS of a request, whole.
pub(crate) fn headers(stream: u32, fields: &[(&str, &str)], ends_stream: bool) -> Vec<u8> {
    let flags = flag::END_HEADERS | if ends_stream { flag::END_STREAM } else { 0 };
    frame(kind::HEADERS, flags, stream, &block(fields))
}

/// The fields of a GET.
pub(crate) fn get_fields<'a>(path: &'a str, authority: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", authority)]
}

/// A header block of literals that are not indexed (RFC 7541 §6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            string(&mut block, text);
        }
    }
    block
}

/// A string literal, not Huffman coded (RFC 7541 §5.1, §5.2).
pub(crate) fn string(block: &mut Vec<u8>, text: &str) {
    let mut rest = text.len();
    if rest < 0x7f {
        block.push(u8::try_from(rest).expect("7 bits"));
    } else {
        block.push(0x7f);
        rest -= 0x7f;
        while rest >= 0x80 {
            block.push(u8::try_from(rest % 0x80).expect("7 bits") | 0x80);
            rest /= 0x80;
        }
        block.push(u8::try_from(rest).expect("7 bits"));
    }
    block.extend(text.as_bytes());
}
