//! A client that writes and reads octets: well formed or not, as a check wants them.

mod frame;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

pub use self::frame::{Frame, masked};
use tokio_rustls::rustls::{self, ClientConnection};

use crate::{
    failure::{Failure, hex},
    trace::{self, Who},
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

/// The other side of a new connection, for the trace.
fn peer(to_page: bool) -> Who {
    Who { connection: trace::connection(), ours: false, to_page }
}

/// A connection: to the learner's server, or from the learner's page.
#[derive(Debug)]
pub struct Wire {
    tcp: TcpStream,
    /// What stands between octets and TCP, if anything does.
    tls: Option<Box<ClientConnection>>,
    /// What was read and is not taken yet.
    pub buffer: Vec<u8>,
    /// How long it waits for what must come.
    pub patience: Duration,
    /// The other side, for the trace.
    peer: Who,
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
        Ok(Self { tcp, tls: None, buffer: Vec::new(), patience, peer: peer(false) })
    }

    /// The same connection with TLS, and the protocol that ALPN agreed on (RFC 7301).
    ///
    /// # Errors
    ///
    /// Why the handshake failed.
    pub fn secured(mut self, mut tls: ClientConnection) -> Result<(Self, Option<String>), String> {
        let _ = self.tcp.set_read_timeout(Some(self.patience));
        while tls.is_handshaking() {
            tls.complete_io(&mut self.tcp).map_err(|error| {
                trace::note(format!("the TLS handshake fails: {error}"));
                error.to_string()
            })?;
        }
        let agreed = tls.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        trace::note(match &agreed {
            Some(protocol) => format!("TLS, and by ALPN the protocol {protocol:?}"),
            None => "TLS, without a protocol by ALPN".to_owned(),
        });
        self.tls = Some(Box::new(tls));
        Ok((self, agreed))
    }

    /// A connection of the page, of which these octets were read already.
    pub(crate) fn of(tcp: TcpStream, buffer: Vec<u8>, patience: Duration) -> Self {
        Self { tcp, tls: None, buffer, patience, peer: peer(true) }
    }

    /// Puts octets that came into the trace.
    pub(crate) fn record(&self, octets: &[u8]) {
        trace::record(self.peer, octets);
    }

    /// Sends octets. That the peer has gone is told by what is read next.
    pub fn send(&mut self, octets: &[u8]) {
        let _ = self.try_send(octets);
    }

    /// Sends octets, and reads none.
    ///
    /// # Errors
    ///
    /// The peer has gone, or takes none of them.
    pub fn try_send(&mut self, octets: &[u8]) -> io::Result<()> {
        let _ = self.tcp.set_write_timeout(Some(self.patience));
        let sent = match &mut self.tls {
            None => self.tcp.write_all(octets),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.tcp).write_all(octets),
        };
        trace::record(self.us(), octets);
        sent
    }

    /// Our side, for the trace.
    const fn us(&self) -> Who {
        Who { ours: true, ..self.peer }
    }

    /// Gives it room again to read on, where it was made with a small receive buffer.
    pub fn widen(&self) {
        let _ = socket2::SockRef::from(&self.tcp).set_recv_buffer_size(1 << 20);
    }

    /// Closes our sending side.
    pub(crate) fn shut(&self) {
        self.shut_behind_answer();
        trace::ended(self.us(), false);
    }

    /// Closes our sending side behind an answer that said so.
    pub(crate) fn shut_behind_answer(&self) {
        let _ = self.tcp.shutdown(std::net::Shutdown::Write);
    }

    /// Whether the peer closes within its patience, whatever it says before.
    pub(crate) fn is_gone(&mut self) -> bool {
        let ended = self.read_until(self.patience, |_| None::<((), usize)>);
        matches!(ended, Err(Ended::Closed | Ended::Reset))
    }

    /// Resets the connection.
    pub fn reset(self) {
        trace::ended(self.us(), true);
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
        let read = match &mut self.tls {
            None => self.tcp.read(&mut octets),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.tcp).read(&mut octets),
        };
        match read {
            Ok(0) => {
                trace::ended(self.peer, false);
                Err(Ended::Closed)
            }
            Ok(count) => {
                let octets = octets.get(..count).unwrap_or_default();
                self.record(octets);
                self.buffer.extend_from_slice(octets);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Ended::Silent(waited))
            }
            Err(_) => {
                trace::ended(self.peer, true);
                Err(Ended::Reset)
            }
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
