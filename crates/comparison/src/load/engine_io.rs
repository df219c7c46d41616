//! Engine.IO 4 and Socket.IO 5 above it: packets over a WebSocket or over long polling.
//!
//! A packet is a digit and its data: 0 open, 1 close, 2 ping, 3 pong, 4 message. A Socket.IO packet within a message is a
//! digit too: 0 connect, 1 disconnect, 2 event. So an event comes as `42["name",data]`.

use std::{io, sync::Arc};

use bytes::Bytes;
use memchr::memmem;

use super::{audience::Hearer, connect::Target, http1::Http1};
use crate::counted::Counts;

/// Where a WebSocket is opened.
pub(super) const WEBSOCKET_PATH: &str = "/socket.io/?EIO=4&transport=websocket";

const POLLING_PATH: &str = "/socket.io/?EIO=4&transport=polling";
const TEXT: &str = "text/plain;charset=UTF-8";
/// Connects to the namespace that is there without being named.
pub(super) const CONNECT: &[u8] = b"40";
const PONG: &[u8] = b"3";

/// Between the packets of one content.
const SEPARATOR: u8 = 0x1e;

/// Hears a packet; gives what it is to be answered with.
pub(super) fn heard(packet: &[u8], hearer: &mut Hearer) -> io::Result<Option<&'static [u8]>> {
    match packet {
        [b'0', ..] => Ok(Some(CONNECT)),
        [b'2', ..] => Ok(Some(PONG)),
        [b'4', b'0', ..] => {
            hearer.ready();
            Ok(None)
        }
        [b'4', b'2', ..] => {
            hearer.message(packet);
            Ok(None)
        }
        _ => {
            Err(io::Error::other(format!("a packet came that is none: {}", String::from_utf8_lossy(packet))))
        }
    }
}

/// An event that posts this draft.
pub(super) fn post(draft: &str) -> Bytes {
    format!(r#"42["post",{draft}]"#).into()
}

/// A session over long polling: requests that wait on one connection, what is said to the server on another.
pub(super) struct Session {
    path: String,
    listening: Http1,
    speaking: Speaker,
}

impl Session {
    pub(super) async fn open(target: &Target, counts: Option<&Arc<Counts>>) -> io::Result<Self> {
        let mut listening = Http1::connect(target, counts).await?;
        let opened = listening.get(POLLING_PATH, None).await?.expect("the handshake of Engine.IO")?;
        let id =
            session_id(&opened.content).ok_or_else(|| io::Error::other("Engine.IO opened without a sid"))?;
        let path = format!("{POLLING_PATH}&sid={id}");
        let mut speaking =
            Speaker { connection: Http1::connect(target, counts).await?.reopening(), path: path.clone() };
        speaking.say(Bytes::from_static(CONNECT)).await?;
        Ok(Self { path, listening, speaking })
    }

    /// Follows until the session ends.
    pub(super) async fn follow(mut self, hearer: &mut Hearer) -> io::Result<()> {
        loop {
            hearer.asked();
            let answer = self.listening.get(&self.path, None).await?.expect("a poll of Engine.IO")?;
            for packet in answer.content.split(|&octet| octet == SEPARATOR) {
                if let Some(answer) = heard(packet, hearer)? {
                    self.speaking.say(Bytes::from_static(answer)).await?;
                }
            }
            hearer.answered();
        }
    }

    /// A client of the same session that only speaks.
    pub(super) async fn speaker(&self, target: &Target) -> io::Result<Speaker> {
        Ok(Speaker { connection: Http1::connect(target, None).await?.reopening(), path: self.path.clone() })
    }
}

/// Says packets for a session.
pub(super) struct Speaker {
    connection: Http1,
    path: String,
}

impl Speaker {
    /// Says packets; done when the server has them.
    pub(super) async fn say(&mut self, packets: Bytes) -> io::Result<()> {
        self.connection.post(&self.path, TEXT, packets).await?.expect("a packet of Engine.IO")?;
        Ok(())
    }
}

/// Packets in one content.
pub(super) fn join(packets: &[Bytes]) -> Bytes {
    packets.join(&SEPARATOR).into()
}

fn session_id(content: &[u8]) -> Option<&str> {
    let rest = content.get(memmem::find(content, br#""sid":""#)? + 7..)?;
    std::str::from_utf8(rest.split(|&octet| octet == b'"').next()?).ok()
}
