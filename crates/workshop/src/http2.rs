//! HTTP/2 as a client, frame by frame (RFC 9113): it opens each window, and answers each ping, only as a check wants it.

mod frame;

use std::collections::{BTreeMap, BTreeSet};

use fluke_hpack::Decoder;

use frame::{error_name, frame, parse, put_text};

use crate::client::{Ended, Head, Wire};

/// What a client begins with (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2).
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// The largest payload of our DATA frames: what every peer takes (RFC 9113 §4.2).
const MAX_FRAME: usize = 16_384;

/// What came on a connection.
#[derive(Clone, Debug)]
pub enum Event {
    /// The head of an answer.
    Head {
        /// The stream.
        stream: u32,
        /// Status and fields.
        head: Head,
        /// Whether END_STREAM is set.
        end: bool,
    },
    /// Content.
    Data {
        /// The stream.
        stream: u32,
        /// The content of one frame.
        octets: Vec<u8>,
        /// Whether END_STREAM is set.
        end: bool,
    },
    /// RST_STREAM with this error code.
    Reset {
        /// The stream.
        stream: u32,
        /// The error code.
        code: u32,
    },
    /// GOAWAY with this error code.
    GoAway(u32),
    /// PING that is no answer.
    Ping([u8; 8]),
    /// What the client has dealt with: SETTINGS, windows, answers.
    Other,
}

impl Event {
    /// In a few words.
    pub fn told(&self) -> String {
        let ends = |end: &bool| if *end { " with END_STREAM" } else { "" };
        match self {
            Self::Head { stream, head, end } => {
                format!("HEADERS {}{} on stream {stream}", head.status, ends(end))
            }
            Self::Data { stream, octets, end } => {
                let text: String = String::from_utf8_lossy(octets).chars().take(60).collect();
                format!("DATA of {} octets{} on stream {stream}: {text:?}", octets.len(), ends(end))
            }
            Self::Reset { stream, code } => format!("RST_STREAM {} on stream {stream}", error_name(*code)),
            Self::GoAway(code) => format!("GOAWAY {}: the connection ends", error_name(*code)),
            Self::Ping(_) => "PING".to_owned(),
            Self::Other => "SETTINGS or WINDOW_UPDATE".to_owned(),
        }
    }
}

/// A connection that speaks HTTP/2.
pub struct Http2 {
    /// The octets.
    pub wire: Wire,
    /// Streams whose windows are not opened again.
    pub stuck: BTreeSet<u32>,
    /// The last frame that came, as it came.
    pub last: Vec<u8>,
    /// Whether pings are answered.
    pub answers_pings: bool,
    decoder: Decoder<'static>,
    /// The header block that is under way, and its stream's END_STREAM.
    block: (Vec<u8>, bool),
    next: u32,
    authority: String,
    scheme: &'static str,
    /// What came on other streams than the one that was asked for.
    waiting: BTreeMap<u32, Vec<Event>>,
}

impl Http2 {
    /// Begins to speak, with this setting beside the defaults, and the connection's window opened by `more` octets.
    pub fn new(
        mut wire: Wire,
        port: u16,
        scheme: &'static str,
        setting: Option<(u16, u32)>,
        more: u32,
    ) -> Self {
        let mut settings = Vec::new();
        if let Some((id, value)) = setting {
            settings.extend(id.to_be_bytes());
            settings.extend(value.to_be_bytes());
        }
        let mut octets = PREFACE.to_vec();
        octets.extend(frame(SETTINGS, 0, 0, &settings));
        octets.extend(frame(WINDOW_UPDATE, 0, 0, &more.to_be_bytes()));
        wire.send(&octets);
        Self {
            wire,
            stuck: BTreeSet::new(),
            last: Vec::new(),
            answers_pings: true,
            decoder: Decoder::new(),
            block: (Vec::new(), false),
            next: 1,
            authority: format!("localhost:{port}"),
            scheme,
            waiting: BTreeMap::new(),
        }
    }

    /// Sends a request's head; gives its stream.
    pub fn request(&mut self, method: &str, path: &str, fields: &[(&str, &str)], end: bool) -> u32 {
        let mut block = Vec::new();
        let authority = self.authority.clone();
        let pseudo =
            [(":method", method), (":scheme", self.scheme), (":authority", &*authority), (":path", path)];
        for (name, value) in pseudo.iter().chain(fields) {
            // A literal field that is not indexed, without Huffman (RFC 7541 §6.2.2).
            block.push(0);
            put_text(&mut block, name);
            put_text(&mut block, value);
        }
        let stream = self.next;
        self.next += 2;
        let flags = END_HEADERS | if end { END_STREAM } else { 0 };
        self.wire.send(&frame(HEADERS, flags, stream, &block));
        stream
    }

    /// Sends a GET; gives its stream.
    pub fn get(&mut self, path: &str) -> u32 {
        self.request("GET", path, &[], true)
    }

    /// Sends a POST of JSON; gives its stream.
    pub fn post(&mut self, content: &str) -> u32 {
        let fields = [("content-type", "application/json")];
        let stream = self.request("POST", "/messages", &fields, false);
        self.data(stream, content.as_bytes(), true);
        stream
    }

    /// Sends content.
    pub fn data(&mut self, stream: u32, octets: &[u8], end: bool) {
        let last = octets.chunks(MAX_FRAME).count().max(1);
        let pieces = octets.chunks(MAX_FRAME).chain(octets.is_empty().then_some(octets));
        for (number, piece) in (1..).zip(pieces) {
            let flags = if end && number == last { END_STREAM } else { 0 };
            self.wire.send(&frame(DATA, flags, stream, piece));
        }
    }

    /// Opens a window by so many octets: that of a stream, or of the connection where `stream` is 0.
    pub fn open_window(&mut self, stream: u32, octets: u32) {
        self.wire.send(&frame(WINDOW_UPDATE, 0, stream, &octets.to_be_bytes()));
    }

    /// Resets a stream with this error code.
    pub fn reset(&mut self, stream: u32, code: u32) {
        self.wire.send(&frame(RST_STREAM, 0, stream, &code.to_be_bytes()));
    }

    /// What comes next on a stream; what comes on others is kept for them. What is of the connection comes with any.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub fn on(&mut self, stream: u32) -> Result<Event, Ended> {
        if let Some(kept) = self.waiting.get_mut(&stream).filter(|kept| !kept.is_empty()) {
            return Ok(kept.remove(0));
        }
        loop {
            let event = self.event()?;
            match event {
                Event::Head { stream: other, .. }
                | Event::Data { stream: other, .. }
                | Event::Reset { stream: other, .. }
                    if other != stream =>
                {
                    self.waiting.entry(other).or_default().push(event);
                }
                Event::Other | Event::Ping(_) => {}
                event => return Ok(event),
            }
        }
    }

    /// What the next frame says, answered where it asks for an answer.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub fn event(&mut self) -> Result<Event, Ended> {
        self.last.clear();
        let (kind, flags, stream, payload) = self.wire.read_until(self.wire.patience, parse)?;
        self.last = frame(kind, flags, stream, &payload);
        let number = |at: usize| {
            payload.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |octets| u32::from_be_bytes(*octets))
        };
        Ok(match kind {
            DATA => {
                self.give_back(stream, payload.len());
                Event::Data { stream, octets: payload, end: flags & END_STREAM != 0 }
            }
            HEADERS | CONTINUATION => {
                if kind == HEADERS {
                    self.block.1 = flags & END_STREAM != 0;
                }
                self.block.0.extend(payload);
                if flags & END_HEADERS == 0 {
                    return Ok(Event::Other);
                }
                let block = std::mem::take(&mut self.block.0);
                Event::Head { stream, head: self.head_of(&block), end: self.block.1 }
            }
            RST_STREAM => Event::Reset { stream, code: number(0) },
            GOAWAY => Event::GoAway(number(4)),
            SETTINGS if flags & ACK == 0 => {
                self.wire.send(&frame(SETTINGS, ACK, 0, &[]));
                Event::Other
            }
            PING if flags & ACK == 0 => {
                if self.answers_pings {
                    self.wire.send(&frame(PING, ACK, 0, &payload));
                }
                Event::Ping(payload.first_chunk().copied().unwrap_or_default())
            }
            _ => Event::Other,
        })
    }

    /// Opens the windows again by what was taken.
    fn give_back(&mut self, stream: u32, octets: usize) {
        let Some(octets) = u32::try_from(octets).ok().filter(|&octets| octets > 0) else { return };
        self.open_window(0, octets);
        if !self.stuck.contains(&stream) {
            self.open_window(stream, octets);
        }
    }

    fn head_of(&mut self, block: &[u8]) -> Head {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let fields = self.decoder.decode(block).unwrap_or_default();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (text(name), text(value))).collect();
        let status = fields.iter().find(|(name, _)| name == ":status");
        let status = status.and_then(|(_, status)| status.parse().ok()).unwrap_or_default();
        let lines: Vec<_> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Head { status, fields, text: lines.join("\r\n") }
    }
}
