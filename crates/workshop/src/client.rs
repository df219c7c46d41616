//! A client that writes and reads octets: well formed or not, as a check wants them.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    failure::{Failure, hex},
    trace,
};

/// The key of the handshakes whose key does not matter: that of RFC 6455 §1.3.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What came instead of octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The peer closed its side in good order.
    Closed,
    /// The connection was reset.
    Reset,
    /// Nothing within this time.
    Silent(Duration),
}

impl Ended {
    /// In a sentence.
    pub fn told(self) -> String {
        match self {
            Self::Closed => "the end of TCP".to_owned(),
            Self::Reset => "a reset of the connection".to_owned(),
            Self::Silent(waited) => format!("nothing came in {:.1} s", waited.as_secs_f32()),
        }
    }
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status code; 0 where there is none.
    pub status: u16,
    /// Names in lower case, and values.
    pub fields: Vec<(String, String)>,
    /// As it came.
    pub text: String,
}

impl Head {
    /// The value of a field, its lines joined; `None` if it is absent.
    pub fn field(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Whether a field is a list with this element, in any case.
    pub fn lists(&self, name: &str, element: &str) -> bool {
        self.field(name)
            .is_some_and(|value| value.split(',').any(|listed| listed.trim().eq_ignore_ascii_case(element)))
    }

    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or_default();
        let fields = lines.filter_map(|line| line.split_once(':'));
        let fields =
            fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Self { status, fields, text: text.to_owned() }
    }
}

/// A frame as it came, taken for what its header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// All its octets.
    pub octets: Vec<u8>,
    /// The lower four bits of the first octet.
    pub opcode: u8,
    /// What follows the header.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The status code of a Close frame.
    pub fn code(&self) -> Option<u16> {
        self.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }

    /// In a few words.
    pub fn told(&self) -> String {
        let bytes = self.payload.len();
        match self.opcode {
            0 => format!("a continuation of {bytes} bytes"),
            1 => format!("a text of {bytes} bytes"),
            2 => format!("a binary message of {bytes} bytes"),
            8 => self
                .code()
                .map_or_else(|| "a Close without a code".to_owned(), |code| format!("Close {code}")),
            9 => format!("a ping of {bytes} bytes"),
            10 => format!("a pong of {bytes} bytes"),
            other => format!("a frame of the reserved opcode {other}"),
        }
    }

    fn parse(octets: &[u8]) -> Option<Self> {
        let (&first, &second) = (octets.first()?, octets.get(1)?);
        let (length, start) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*octets.get(2..)?.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*octets.get(2..)?.first_chunk()?), 10),
            short => (u64::from(short), 2),
        };
        let start = if second & 0x80 == 0 { start } else { start + 4 };
        let end = usize::try_from(length).ok()?.checked_add(start)?;
        let payload = octets.get(start..end)?.to_vec();
        Some(Self { octets: octets.get(..end)?.to_vec(), opcode: first & 15, payload })
    }
}

/// A connection to the learner's server.
#[derive(Debug)]
pub struct Wire {
    tcp: TcpStream,
    /// What was read and is not taken yet.
    pub buffer: Vec<u8>,
    /// How long it waits for what must come.
    pub patience: Duration,
    /// Its number, for the trace.
    number: usize,
}

impl Wire {
    /// Connects; with `receive_buffer`, so that little fits between server and reader.
    ///
    /// # Errors
    ///
    /// The server does not accept.
    pub fn connect(
        address: SocketAddr,
        patience: Duration,
        receive_buffer: Option<usize>,
    ) -> Result<Self, Failure> {
        let connect = || -> io::Result<TcpStream> {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
            if let Some(octets) = receive_buffer {
                socket.set_recv_buffer_size(octets)?;
            }
            socket.connect_timeout(&address.into(), patience)?;
            socket.set_tcp_nodelay(true)?;
            Ok(socket.into())
        };
        let tcp = connect().map_err(|error| {
            Failure::new("a connection to the port that your program said", format!("{error}"))
                .likely("it does not accept any more, or it has ended")
        })?;
        Ok(Self { tcp, buffer: Vec::new(), patience, number: trace::connection() })
    }

    /// Sends octets. That the peer has gone is told by what is read next.
    pub fn send(&mut self, octets: &[u8]) {
        let _ = self.tcp.set_write_timeout(Some(self.patience));
        let _ = self.tcp.write_all(octets);
        trace::record(self.number, true, octets);
    }

    /// Gives it room again to read on, where it was made with a small receive buffer.
    pub fn widen(&self) {
        let _ = socket2::SockRef::from(&self.tcp).set_recv_buffer_size(1 << 20);
    }

    /// Resets the connection.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
    }

    /// Reads once more into the buffer, within what is left until `until`.
    fn fill(&mut self, until: Instant, waited: Duration) -> Result<(), Ended> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Ended::Silent(waited));
        }
        let _ = self.tcp.set_read_timeout(Some(left));
        let mut octets = [0; 16 * 1024];
        match self.tcp.read(&mut octets) {
            Ok(0) => Err(Ended::Closed),
            Ok(count) => {
                let octets = octets.get(..count).unwrap_or_default();
                trace::record(self.number, false, octets);
                self.buffer.extend_from_slice(octets);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Ended::Silent(waited))
            }
            Err(_) => Err(Ended::Reset),
        }
    }

    /// Reads on until `done` finds what it wants in the buffer.
    ///
    /// # Errors
    ///
    /// What came instead; what was read stays in the buffer.
    pub fn read_until<T>(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&[u8]) -> Option<(T, usize)>,
    ) -> Result<T, Ended> {
        let until = Instant::now() + limit;
        loop {
            if let Some((found, octets)) = done(&self.buffer) {
                self.buffer.drain(..octets.min(self.buffer.len()));
                return Ok(found);
            }
            self.fill(until, limit)?;
        }
    }

    /// The head of an answer.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub fn head(&mut self) -> Result<Head, Ended> {
        self.read_until(self.patience, |octets| {
            let end = octets.windows(4).position(|end| end == b"\r\n\r\n")?;
            let text = String::from_utf8_lossy(octets.get(..end)?).into_owned();
            Some((Head::parse(&text), end + 4))
        })
    }

    /// The next frame, whatever it is.
    ///
    /// # Errors
    ///
    /// What came instead; octets that are no whole frame stay in the buffer.
    pub fn frame(&mut self) -> Result<Frame, Ended> {
        self.frame_within(self.patience)
    }

    /// The next frame, within `limit`.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub fn frame_within(&mut self, limit: Duration) -> Result<Frame, Ended> {
        self.read_until(limit, |octets| Frame::parse(octets).map(|frame| (frame.clone(), frame.octets.len())))
    }

    /// How the connection ends: `Ok` when the peer closes in good order and nothing comes before.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub fn end(&mut self) -> Result<(), String> {
        match self.read_until(self.patience, |octets| (!octets.is_empty()).then_some(((), 0))) {
            Ok(()) => Err(format!("octets after the last frame: {}", hex(&self.buffer))),
            Err(Ended::Closed) => Ok(()),
            Err(ended) => Err(ended.told()),
        }
    }
}

/// A frame of a client, masked with `key`.
pub fn masked(fin_and_opcode: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![fin_and_opcode];
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => frame.push(0x80 | short),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(key);
    frame.extend(payload.iter().zip(key.into_iter().cycle()).map(|(octet, key)| octet ^ key));
    frame
}
