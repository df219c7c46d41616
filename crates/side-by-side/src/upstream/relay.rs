//! The relay of one connection, and where its requests go.

use std::{future::pending, io};

use bytes::BytesMut;
use server::limits;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split},
    net::TcpStream,
};

/// How the relay of a connection ends.
pub(super) enum Next {
    /// With the connection.
    Over,
    /// With a request for the page, which begins with these octets.
    Page(BytesMut),
}

/// What a request's head says of where it goes and how much follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) octets: usize,
    pub(super) is_messages: bool,
    /// The length of the content; `None` where it cannot be told, or it is HTTP no more: all that comes is the other
    /// program's then.
    pub(super) content: Option<usize>,
}

impl Head {
    /// `None` while it is not complete. What is none is the other program's to refuse.
    pub(super) fn of(octets: &[u8]) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; limits::MAX_FIELDS];
        let mut head = httparse::Request::new(&mut fields);
        match head.parse(octets) {
            Ok(httparse::Status::Partial) if octets.len() <= limits::MAX_HEAD_BYTES => None,
            Ok(httparse::Status::Complete(octets)) => {
                let path = head.path.and_then(|target| target.split('?').next());
                let value = |name| {
                    let mut fields = head.headers.iter();
                    fields.find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
                };
                let is_endless = value("upgrade").is_some() || value("transfer-encoding").is_some();
                let length = value("content-length").map_or(Some(0), |length| {
                    std::str::from_utf8(length).ok().and_then(|length| length.trim().parse().ok())
                });
                let content = length.filter(|_| !is_endless);
                Some(Self { octets, is_messages: path == Some("/messages"), content })
            }
            _ => Some(Self { octets: 0, is_messages: true, content: None }),
        }
    }
}

/// Relays until the server ends the connection or `io` fails; with `split`, which are the octets that came already,
/// until there is a request that is none for `/messages`. How long either may be silent is theirs to decide.
pub(super) async fn relay<I>(io: &mut I, mut server: TcpStream, early: Option<BytesMut>) -> io::Result<Next>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_client, mut to_client) = split(io);
    let (mut from_server, mut to_server) = server.split();
    let down = async {
        copy(&mut from_server, &mut to_client).await?;
        Ok(Next::Over)
    };
    let up = async {
        let next = match early {
            Some(early) => requests(&mut from_client, &mut to_server, early).await?,
            None => {
                copy(&mut from_client, &mut to_server).await?;
                Next::Over
            }
        };
        if matches!(next, Next::Over) {
            // The server may still have something to say.
            to_server.shutdown().await?;
            pending::<()>().await;
        }
        Ok(next)
    };
    tokio::select! {
        ended = down => ended,
        next = up => next,
    }
}

/// Passes requests on, as they are, while they are for `/messages`. A client asks when it has its answer, so when it
/// asks for the page nothing is under way.
async fn requests(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut octets: BytesMut,
) -> io::Result<Next> {
    loop {
        let head = loop {
            match Head::of(&octets) {
                Some(head) => break head,
                None if from.read_buf(&mut octets).await? > 0 => {}
                None => {
                    to.write_all(&octets).await?;
                    return Ok(Next::Over);
                }
            }
        };
        if !head.is_messages {
            return Ok(Next::Page(octets));
        }
        let mut left = head.content.map(|content| head.octets.saturating_add(content));
        while left != Some(0) {
            if octets.is_empty() && from.read_buf(&mut octets).await? == 0 {
                return Ok(Next::Over);
            }
            let passed = octets.split_to(left.map_or(octets.len(), |left| left.min(octets.len())));
            left = left.map(|left| left - passed.len());
            to.write_all(&passed).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_whose_it_is_and_what_follows() {
        let of = |text: &str| Head::of(text.as_bytes());
        let messages = "GET /messages?after=k-1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let whole = Head { octets: messages.len(), is_messages: true, content: Some(0) };
        assert_eq!(of(messages), Some(whole));
        for cut in 0..messages.len() {
            assert_eq!(of(&messages[..cut]), None, "{cut}");
        }
        let post = of("POST /messages HTTP/1.1\r\nContent-Length: 12\r\n\r\n{").unwrap();
        assert_eq!((post.is_messages, post.content), (true, Some(12)));
        for endless in ["Upgrade: websocket", "Transfer-Encoding: chunked", "Content-Length: x"] {
            let head = of(&format!("GET /messages HTTP/1.1\r\n{endless}\r\n\r\n")).unwrap();
            assert_eq!((head.is_messages, head.content), (true, None), "{endless}");
        }
        for page in ["/", "/?panel", "/messages.js", "/style.css"] {
            assert!(!of(&format!("GET {page} HTTP/1.1\r\n\r\n")).unwrap().is_messages, "{page}");
        }
        assert!(of("what is this\r\n\r\n").unwrap().is_messages, "the other program's to refuse");
    }
}
