//! Octets of one direction of a connection, told apart by layer, as they pass: fields, framing, content.
//!
//! It only counts: no rule is checked, and the one thing it asks of a message is where its content ends.

use memchr::memmem;

/// The most of a head that is kept while its end has not come.
const HEAD_BYTES: usize = 64 * 1024;

/// The preface of an HTTP/2 client (RFC 9113 §3.4), which counts as framing.
const PREFACE_BYTES: u64 = 24;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP/1.1, one message behind another.
    Http1,
    /// HTTP/2.
    Http2,
    /// One HTTP/1.1 message without content, then frames of RFC 6455.
    WebSocket,
}

/// Octets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Start lines and fields, or the blocks they are compressed to.
    pub fields: u64,
    /// Frame headers, control frames, chunk sizes.
    pub framing: u64,
    /// What is carried.
    pub content: u64,
}

impl Layers {
    /// All of them.
    pub fn total(self) -> u64 {
        self.fields + self.framing + self.content
    }

    /// What came since `earlier`.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            fields: self.fields - earlier.fields,
            framing: self.framing - earlier.framing,
            content: self.content - earlier.content,
        }
    }
}

/// What the octets to come belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Start line and fields of HTTP/1.1, kept in `head` until their end.
    Head,
    /// So many octets of one layer, then the header of the next part.
    Run(Layer, u64),
    /// A chunk's size, until its line feed.
    ChunkSize,
    /// The trailer of chunked content, until an empty line; so many octets of the line have come.
    Trailer(u64),
    /// A header of a frame, kept in `head` until it is whole.
    Frame,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Fields,
    Framing,
    Content,
}

/// Counts one direction.
#[derive(Debug)]
pub struct Scanner {
    speaks: Speaks,
    state: State,
    chunked: bool,
    head: Vec<u8>,
    layers: Layers,
}

impl Scanner {
    /// For octets from the client, or from the server.
    pub fn new(speaks: Speaks, from_client: bool) -> Self {
        let state = match speaks {
            Speaks::Http2 if from_client => State::Run(Layer::Framing, PREFACE_BYTES),
            Speaks::Http2 => State::Frame,
            Speaks::Http1 | Speaks::WebSocket => State::Head,
        };
        Self { speaks, state, chunked: false, head: Vec::new(), layers: Layers::default() }
    }

    /// What has been counted; a head that is not whole is not in it yet.
    pub fn layers(&self) -> Layers {
        self.layers
    }

    /// Counts what passes.
    pub fn pass(&mut self, mut octets: &[u8]) {
        while let Some((&first, _)) = octets.split_first() {
            let taken = match self.state {
                State::Head => self.head(octets),
                State::Frame => self.frame(first),
                State::ChunkSize => self.chunk_size(first),
                State::Trailer(line) => self.trailer(first, line),
                State::Run(layer, left) => self.run(layer, left, octets.len()),
            };
            octets = octets.get(taken..).unwrap_or_default();
        }
    }

    fn count(&mut self, layer: Layer, octets: u64) {
        *match layer {
            Layer::Fields => &mut self.layers.fields,
            Layer::Framing => &mut self.layers.framing,
            Layer::Content => &mut self.layers.content,
        } += octets;
    }

    fn run(&mut self, layer: Layer, left: u64, available: usize) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(available);
        self.count(layer, taken as u64);
        self.state = match left - taken as u64 {
            0 => self.after_run(),
            left => State::Run(layer, left),
        };
        taken
    }

    fn after_run(&self) -> State {
        match self.speaks {
            Speaks::Http1 if self.chunked => State::ChunkSize,
            Speaks::Http1 => State::Head,
            Speaks::Http2 | Speaks::WebSocket => State::Frame,
        }
    }

    fn begin_run(&mut self, layer: Layer, octets: u64) {
        self.state = if octets == 0 { self.after_run() } else { State::Run(layer, octets) };
    }

    fn head(&mut self, octets: &[u8]) -> usize {
        let before = self.head.len();
        self.head.extend_from_slice(octets.get(..HEAD_BYTES).unwrap_or(octets));
        let Some(end) = memmem::find(&self.head, b"\r\n\r\n") else { return self.head.len() - before };
        let head = std::mem::take(&mut self.head);
        let head = head.get(..end + 4).unwrap_or_default();
        self.count(Layer::Fields, head.len() as u64);
        let text = String::from_utf8_lossy(head).to_ascii_lowercase();
        self.chunked = text.contains("\r\ntransfer-encoding: chunked\r\n");
        if self.chunked {
            self.state = State::ChunkSize;
        } else if self.speaks == Speaks::WebSocket {
            self.state = State::Frame;
        } else {
            // RFC 9110 §8.6: a 304 may name the length of what it does not send.
            let has_content = !text.starts_with("http/1.1 304") && !text.starts_with("http/1.1 204");
            let length = text.split("\r\ncontent-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
            let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            self.begin_run(Layer::Content, if has_content { length } else { 0 });
        }
        end + 4 - before
    }

    fn chunk_size(&mut self, octet: u8) -> usize {
        self.count(Layer::Framing, 1);
        if octet != b'\n' {
            self.head.push(octet);
            return 1;
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.head)).trim().to_owned();
        // The line end behind a chunk's content is an empty line here.
        if !line.is_empty() {
            match u64::from_str_radix(line.split(';').next().unwrap_or_default(), 16).unwrap_or(0) {
                0 => self.state = State::Trailer(0),
                length => self.begin_run(Layer::Content, length),
            }
        }
        1
    }

    fn trailer(&mut self, octet: u8, line: u64) -> usize {
        self.count(Layer::Framing, 1);
        self.state = match (octet, line) {
            (b'\n', 0) => State::Head,
            (b'\n', _) => State::Trailer(0),
            (b'\r', _) => State::Trailer(line),
            _ => State::Trailer(line + 1),
        };
        1
    }

    fn frame(&mut self, octet: u8) -> usize {
        self.count(Layer::Framing, 1);
        self.head.push(octet);
        let parsed = match self.speaks {
            Speaks::Http2 => http2_frame(&self.head),
            _ => websocket_frame(&self.head),
        };
        if let Some((layer, length)) = parsed {
            self.head.clear();
            self.begin_run(layer, length);
        }
        1
    }
}

/// A whole header of RFC 9113 §4.1: what its frame carries, and how much.
fn http2_frame(header: &[u8]) -> Option<(Layer, u64)> {
    let [high, middle, low, kind, _, _, _, _, _] = *header else { return None };
    let length = u64::from(u32::from_be_bytes([0, high, middle, low]));
    let layer = match kind {
        0x0 => Layer::Content,
        // HEADERS and CONTINUATION.
        0x1 | 0x9 => Layer::Fields,
        _ => Layer::Framing,
    };
    Some((layer, length))
}

/// A whole header of RFC 6455 §5.2, masking key included.
fn websocket_frame(header: &[u8]) -> Option<(Layer, u64)> {
    let [first, second, rest @ ..] = header else { return None };
    let masked = if second & 0x80 == 0 { 0 } else { 4 };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if rest.len() < extended + masked {
        return None;
    }
    let length = match extended {
        0 => u64::from(second & 0x7f),
        _ => rest.iter().take(extended).fold(0, |length, &octet| length << 8 | u64::from(octet)),
    };
    // Opcodes of control frames have the high bit set.
    Some((if first & 0x08 == 0 { Layer::Content } else { Layer::Framing }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts in pieces of every size, which must all come to the same.
    fn count(speaks: Speaks, from_client: bool, octets: &[u8]) -> Layers {
        let mut whole = Scanner::new(speaks, from_client);
        whole.pass(octets);
        for size in 1..octets.len() {
            let mut pieces = Scanner::new(speaks, from_client);
            octets.chunks(size).for_each(|piece| pieces.pass(piece));
            assert_eq!(pieces.layers(), whole.layers(), "in pieces of {size}");
        }
        assert_eq!(whole.layers().total(), octets.len() as u64);
        whole.layers()
    }

    #[test]
    fn http1_by_length_in_chunks_and_without_content() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let empty = "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n";
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let octets = format!("{head}12345{empty}{chunked}a\r\n0123456789\r\n0\r\n\r\n{head}12345");
        let fields = (2 * head.len() + empty.len() + chunked.len()) as u64;
        let expected = Layers { fields, framing: 3 + 2 + 3 + 2, content: 20 };
        assert_eq!(count(Speaks::Http1, false, octets.as_bytes()), expected);
    }

    #[test]
    fn websocket_frames_behind_the_handshake() {
        let head = "GET / HTTP/1.1\r\nupgrade: websocket\r\n\r\n";
        let mut octets = head.as_bytes().to_vec();
        octets.extend_from_slice(b"\x81\x85kkkk12345"); // text, masked
        octets.extend_from_slice(b"\x8a\x82kkkk12"); // pong: framing
        octets.extend_from_slice(b"\x81\x7e\x00\x80");
        octets.extend_from_slice(&[b'x'; 128]);
        let expected = Layers { fields: head.len() as u64, framing: 6 + 8 + 4, content: 5 + 128 };
        assert_eq!(count(Speaks::WebSocket, true, &octets), expected);
    }

    #[test]
    fn http2_frames_behind_the_preface() {
        let mut octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        octets.extend_from_slice(b"\0\0\0\x04\0\0\0\0\0"); // SETTINGS
        octets.extend_from_slice(b"\0\0\x03\x01\x04\0\0\0\x01abc"); // HEADERS
        octets.extend_from_slice(b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01"); // WINDOW_UPDATE
        octets.extend_from_slice(b"\0\0\x02\0\x01\0\0\0\x01{}"); // DATA
        let expected = Layers { fields: 3, framing: 24 + 4 * 9 + 4, content: 2 };
        assert_eq!(count(Speaks::Http2, true, &octets), expected);
    }
}
