//! A small HTTP/1.1 client that shows every octet, and a request and a response as all transports use them.

use std::{fmt, io, net::SocketAddr};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{Link, Problem, Socket, socket::soon};

/// The most octets of a response's head that this client reads.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// A request, before it is put into HTTP/1.1 or HTTP/2.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The target: path and query.
    pub target: String,
    /// The fields, in order, without `host` unless it is another than the server's own.
    pub fields: Vec<(String, String)>,
    /// The content; `None` for a request without.
    pub content: Option<Vec<u8>>,
}

impl Request {
    /// A request without content.
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self { method: method.to_owned(), target: target.into(), fields: Vec::new(), content: None }
    }

    /// `GET target`.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// `POST /messages` with this content as JSON.
    pub fn post(content: impl Into<Vec<u8>>) -> Self {
        let request = Self::new("POST", "/messages").with("content-type", "application/json");
        Self { content: Some(content.into()), ..request }
    }

    /// The same request with one more field.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// The same request without the fields of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// The octets of the request in HTTP/1.1. `authority` is its `Host` unless it has one of its own.
    pub fn to_http1(&self, authority: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head += &format!("host: {authority}\r\n");
        }
        for (name, value) in &self.fields {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(content) = &self.content {
            head += &format!("content-length: {}\r\n", content.len());
        }
        let mut octets = (head + "\r\n").into_bytes();
        octets.extend(self.content.iter().flatten());
        octets
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{} {}` {:?}", self.method, self.target, self.fields)?;
        let Some(content) = &self.content else { return Ok(()) };
        let shown = content.get(..200).unwrap_or(content);
        write!(f, " with {} ({} octets)", String::from_utf8_lossy(shown), content.len())
    }
}

/// A response, whichever HTTP it came in.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The fields in order, names in lower case.
    pub fields: Vec<(String, String)>,
    /// The content.
    pub content: Vec<u8>,
}

impl Response {
    /// The value of the field `name`, given in lower case; of the first, if it came more than once.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The content as text.
    ///
    /// # Panics
    ///
    /// It is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.content)
            .unwrap_or_else(|error| panic!("the content is not UTF-8 ({error}): {self}"))
    }

    /// The problem that the response is, after a check of what is true of every problem over HTTP.
    ///
    /// # Panics
    ///
    /// It is no problem, or one of another status.
    pub fn problem(&self) -> Problem {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "content-type of {self}");
        let problem = Problem::parse(self.text());
        assert_eq!(problem.status, self.status, "the problem's status and the response's: {self}");
        let retry_after =
            self.field("retry-after").map(|value| value.parse().expect("seconds in retry-after"));
        assert_eq!(retry_after, problem.retry_after, "retry-after and retryAfter of {self}");
        problem
    }

    /// Checks the fields that every answer carries.
    ///
    /// # Panics
    ///
    /// One is missing.
    pub fn expect_common_fields(&self, what: &str) {
        assert_eq!(
            self.field("x-content-type-options"),
            Some("nosniff"),
            "x-content-type-options of {what}: {self}"
        );
        let cache = self.field("cache-control").unwrap_or("");
        assert!(
            cache.split(", ").any(|directive| directive == "no-store"),
            "cache-control of {what}: {self}"
        );
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        for (name, value) in &self.fields {
            writeln!(f, "{name}: {value}")?;
        }
        let shown = self.content.get(..400).unwrap_or(&self.content);
        write!(f, "\n{} ({} octets)", String::from_utf8_lossy(shown), self.content.len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One connection that speaks HTTP/1.1.
#[derive(Debug)]
pub struct Http1 {
    socket: Socket,
    buffer: BytesMut,
    authority: String,
}

impl Http1 {
    /// Connects.
    ///
    /// # Errors
    ///
    /// The server does not accept.
    pub async fn connect(link: &Link) -> io::Result<Self> {
        Ok(Self { socket: link.connect().await?, buffer: BytesMut::new(), authority: link.authority() })
    }

    /// Sends a request and reads its response.
    ///
    /// # Errors
    ///
    /// The connection fails or ends before the response is whole.
    pub async fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        self.send(request).await?;
        self.response_to(&request.method).await
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// The connection fails.
    pub async fn send(&mut self, request: &Request) -> io::Result<()> {
        let octets = request.to_http1(&self.authority);
        self.send_raw(&octets).await
    }

    /// Sends these octets, well formed or not.
    ///
    /// # Errors
    ///
    /// The connection fails.
    pub async fn send_raw(&mut self, octets: &[u8]) -> io::Result<()> {
        self.socket.write_all(octets).await
    }

    /// Closes the sending side only.
    ///
    /// # Errors
    ///
    /// The connection fails.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.socket.shutdown().await
    }

    /// Reads the response to a request of this method, which decides whether there is content. Informational
    /// ones but `101` are skipped.
    ///
    /// # Errors
    ///
    /// The connection fails or ends before the response is whole; the response is not HTTP/1.1.
    pub async fn response_to(&mut self, method: &str) -> io::Result<Response> {
        loop {
            let mut response = self.head().await?;
            let status = response.status;
            if (100..200).contains(&status) && status != 101 {
                continue;
            }
            if method == "HEAD" || status == 101 || status == 204 || status == 304 {
                return Ok(response);
            }
            response.content = if response.field("transfer-encoding").is_some() {
                self.chunked(&response).await?
            } else if let Some(length) = response.field("content-length") {
                let length =
                    length.parse().map_err(|_| broken("a content-length that is no number", &response))?;
                self.exactly(length).await?
            } else {
                self.rest().await?
            };
            return Ok(response);
        }
    }

    /// Everything until the server closes its sending side.
    ///
    /// # Errors
    ///
    /// The connection fails, by a reset for example.
    pub async fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.socket.read_buf(&mut self.buffer).await? > 0 {}
        Ok(self.buffer.split().to_vec())
    }

    /// Waits until the server has closed or reset the connection, and gives what came before.
    pub async fn until_closed(&mut self) -> Vec<u8> {
        while matches!(self.socket.read_buf(&mut self.buffer).await, Ok(1..)) {}
        self.buffer.split().to_vec()
    }

    /// Resets the connection.
    pub fn cut(self) {
        self.socket.cut();
    }

    /// The socket, and what was read from it but not yet used.
    pub fn into_parts(self) -> (Socket, BytesMut) {
        (self.socket, self.buffer)
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.socket.read_buf(&mut self.buffer).await? {
            0 => {
                let before = String::from_utf8_lossy(&self.buffer).into_owned();
                Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the server closed after {before:?}"),
                ))
            }
            _ => Ok(()),
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        Ok(self.buffer.split_to(length).to_vec())
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.buffer[searched..].windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(searched + end);
                self.buffer.advance(2);
                return String::from_utf8(line.to_vec()).map_err(|error| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("a line in the head: {error}"))
                });
            }
            searched = self.buffer.len().saturating_sub(1);
            if searched > MAX_HEAD_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line without end"));
            }
            self.more().await?;
        }
    }

    async fn head(&mut self) -> io::Result<Response> {
        let line = self.line().await?;
        let bad_line =
            || io::Error::new(io::ErrorKind::InvalidData, format!("no status line of HTTP/1.1: {line:?}"));
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).ok_or_else(bad_line)?;
        let status = status.parse().map_err(|_| bad_line())?;
        let mut response = Response { status, fields: Vec::new(), content: Vec::new() };
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(response);
            }
            match line.split_once(':') {
                Some((name, value)) if !name.is_empty() && !name.ends_with(' ') => {
                    response.fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                _ => return Err(broken(&format!("a line that is no field: {line:?}"), &response)),
            }
        }
    }

    async fn chunked(&mut self, head: &Response) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or("");
            let size =
                usize::from_str_radix(size, 16).map_err(|_| broken(&format!("chunk size {line:?}"), head))?;
            content.extend(self.exactly(size).await?);
            let end = self.line().await?;
            if !end.is_empty() {
                return Err(broken(&format!("a chunk that ends with {end:?}"), head));
            }
            if size == 0 {
                return Ok(content);
            }
        }
    }
}

fn broken(what: &str, head: &Response) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} in the response {head}"))
}

/// Sends these octets on a connection of their own and reads one response to them.
///
/// # Panics
///
/// No whole response comes.
pub async fn raw_request(address: SocketAddr, octets: &[u8]) -> Response {
    let sent = String::from_utf8_lossy(octets.get(..300).unwrap_or(octets)).into_owned();
    let answered = async {
        let mut http = Http1::connect(&Link::to(address)).await?;
        // A server may refuse and close before it has read all; the answer counts.
        let _ = http.send_raw(octets).await;
        http.response_to(sent.split(' ').next().unwrap_or("")).await
    };
    soon(format!("the answer to {sent:?}"), answered)
        .await
        .unwrap_or_else(|error| panic!("no answer ({error}) to {sent:?}"))
}

/// Sends these octets on a connection of their own, closes the sending side, and gives all that the server
/// sends until it closes.
///
/// # Panics
///
/// The server does not close.
pub async fn raw_exchange(address: SocketAddr, octets: &[u8]) -> Vec<u8> {
    let sent = String::from_utf8_lossy(octets.get(..300).unwrap_or(octets)).into_owned();
    soon(format!("the end of the connection after {sent:?}"), async {
        let mut http = Http1::connect(&Link::to(address)).await.expect("the server accepts");
        let _ = http.send_raw(octets).await;
        let _ = http.finish().await;
        http.until_closed().await
    })
    .await
}
