//! What a check does with a request of the page: answers it, whole or in pieces, makes a WebSocket of it, breaks it off.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use super::Request;
use crate::{
    client::{Ended, Wire},
    failure::Failure,
};

/// What the accept value is made of beside the key (RFC 6455 §1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that waits for what the check does with it. Dropped, its connection is closed.
#[derive(Debug)]
pub struct Asked {
    /// What was asked.
    pub request: Request,
    pub(super) wire: Wire,
}

impl Asked {
    fn head(mut self, status: &str, fields: &[(&str, &str)]) -> Wire {
        let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.wire.send(format!("HTTP/1.1 {status}\r\n{lines}\r\n").as_bytes());
        self.wire
    }

    /// Answers, and closes the connection.
    pub fn answer(self, status: &str, fields: &[(&str, &str)], body: &str) {
        let length = body.len().to_string();
        // A 304 has no content, whose length would be another's (RFC 9110 §8.6).
        let has_body = !status.starts_with("304") && !status.starts_with("204");
        let length = [("content-length", &*length)].into_iter().filter(|_| has_body);
        let fields: Vec<_> = length.chain([("connection", "close")]).chain(fields.iter().copied()).collect();
        let mut wire = self.head(status, &fields);
        wire.send(body.as_bytes());
        wire.shut_behind_answer();
    }

    /// Answers 200 with JSON.
    pub fn json(self, body: &serde_json::Value) {
        self.answer("200 OK", &[("content-type", "application/json")], &body.to_string());
    }

    /// Begins an answer that comes in pieces.
    #[must_use]
    pub fn begin(self, status: &str, fields: &[(&str, &str)]) -> Pieces {
        let more = [("transfer-encoding", "chunked"), ("connection", "close")];
        let fields: Vec<_> = more.into_iter().chain(fields.iter().copied()).collect();
        Pieces(self.head(status, &fields))
    }

    /// Answers the opening handshake of a WebSocket, with the subprotocol `json` if it is offered.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn upgrade(self) -> Result<Socket, Failure> {
        let Some(key) = self.request.field("sec-websocket-key").filter(|_| self.request.is_upgrade()) else {
            return Err(Failure::new("the page opens a WebSocket", self.request.told()));
        };
        let accept = STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize());
        let offers = self.request.field("sec-websocket-protocol").unwrap_or_default();
        let is_offered = offers.split(',').any(|offer| offer.trim() == "json");
        let mut fields =
            vec![("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", &*accept)];
        if is_offered {
            fields.push(("sec-websocket-protocol", "json"));
        }
        Ok(Socket(self.head("101 Switching Protocols", &fields)))
    }

    /// Resets the connection, without an answer.
    pub fn reset(self) {
        self.wire.reset();
    }

    /// Whether the page gives up on this request, by closing its connection, within the patience of the check.
    pub fn is_given_up(&mut self) -> bool {
        self.wire.is_gone()
    }
}

/// An answer that comes in pieces: chunks of HTTP/1.1, of which a page sees only the content.
#[derive(Debug)]
pub struct Pieces(Wire);

impl Pieces {
    /// Sends a piece; a page may find it together with others, or cut.
    pub fn send(&mut self, octets: &[u8]) {
        if !octets.is_empty() {
            let chunk = [format!("{:x}\r\n", octets.len()).as_bytes(), octets, b"\r\n"].concat();
            self.0.send(&chunk);
        }
    }

    /// Ends it as it should be.
    pub fn end(mut self) {
        self.0.send(b"0\r\n\r\n");
        self.0.shut_behind_answer();
    }

    /// Breaks it off.
    pub fn cut(self) {
        self.0.reset();
    }

    /// Whether the page gives it up within the patience of the check.
    pub fn is_given_up(&mut self) -> bool {
        self.0.is_gone()
    }
}

/// The server's side of a WebSocket.
#[derive(Debug)]
pub struct Socket(Wire);

impl Socket {
    /// Sends a text.
    pub fn say(&mut self, text: &str) {
        self.0.send(&frame(0x81, text.as_bytes()));
    }

    /// Sends JSON.
    pub fn json(&mut self, value: &serde_json::Value) {
        self.say(&value.to_string());
    }

    /// The next text of the page, as JSON; `null` if it is none.
    ///
    /// # Errors
    ///
    /// What came instead.
    pub fn heard(&mut self, due: &str) -> Result<serde_json::Value, Failure> {
        loop {
            let frame = self.0.frame().map_err(|ended| Failure::new(due, ended.told()))?;
            match frame.opcode {
                1 => return Ok(serde_json::from_slice(&frame.unmasked()).unwrap_or_default()),
                9 | 10 => {}
                _ => return Err(Failure::new(due, frame.told())),
            }
        }
    }

    /// Whether the page says nothing before this time is over.
    pub fn is_silent(&mut self, time: Duration) -> bool {
        matches!(self.0.frame_within(time), Err(Ended::Silent(_)))
    }

    /// The code with which the page closes; `None` where it is a Close without one, or the end of TCP.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn close_of_page(&mut self, due: &str) -> Result<Option<u16>, Failure> {
        loop {
            match self.0.frame() {
                Ok(frame) if frame.opcode == 8 => {
                    return Ok(frame.unmasked().first_chunk().map(|code| u16::from_be_bytes(*code)));
                }
                Ok(_) => {}
                Err(Ended::Closed | Ended::Reset) => return Ok(None),
                Err(ended) => return Err(Failure::new(due, ended.told())),
            }
        }
    }

    /// Sends a Close with this code, and leaves TCP open.
    pub fn begin_close(&mut self, code: u16) {
        self.0.send(&frame(0x88, &code.to_be_bytes()));
    }

    /// Closes in good order: a Close with this code, the page's answer, the end of TCP.
    pub fn close(mut self, code: u16) {
        self.begin_close(code);
        // What it answers, if anything, is not judged here.
        while self.0.frame().is_ok_and(|frame| frame.opcode != 8) {}
        self.0.shut();
    }

    /// Ends TCP without a Close, as a process that is killed.
    pub fn reset(self) {
        self.0.reset();
    }
}

/// A frame of a server.
fn frame(fin_and_opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![fin_and_opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..126), _) => frame.push(short),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}
