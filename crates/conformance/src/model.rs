//! The words of the protocol as a client reads them: message, batch, problem, and what a post came to.

use std::io;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http1::Response;

/// A message, with the octets of its JSON as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number; the first is 1.
    pub id: u64,
    /// Who posted it.
    pub user: String,
    /// What was said.
    pub text: String,
    /// The server's clock, in milliseconds since the Unix epoch.
    pub time: u64,
    /// The draft's nonce.
    pub nonce: Option<String>,
    /// The whole JSON text.
    pub json: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageMembers {
    id: u64,
    user: String,
    text: String,
    time: u64,
    nonce: Option<String>,
}

impl Message {
    /// Reads a message, and checks that its JSON has the members of a message, in their order, and no white
    /// space between them.
    ///
    /// # Panics
    ///
    /// It is no message.
    pub fn parse(json: &str) -> Self {
        let members: MessageMembers =
            serde_json::from_str(json).unwrap_or_else(|error| panic!("no message ({error}): {json}"));
        let MessageMembers { id, user, text, time, nonce } = members;
        let order = ["{\"id\":", ",\"user\":\"", ",\"text\":\"", ",\"time\":"];
        let mut rest = json;
        for (at, member) in order.iter().enumerate() {
            let found = rest.find(member).unwrap_or_else(|| panic!("{member} is not in its place: {json}"));
            assert!(at > 0 || found == 0, "white space before {member}: {json}");
            rest = &rest[found + member.len()..];
        }
        let end = nonce
            .as_ref()
            .map_or_else(|| format!("{time}}}"), |nonce| format!("{time},\"nonce\":\"{nonce}\"}}"));
        assert_eq!(rest, end, "the end of the message: {json}");
        Self { id, user, text, time, nonce, json: json.to_owned() }
    }
}

/// What followers get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Where following goes on. `None` in the answer to a repeated nonce over a WebSocket.
    pub cursor: Option<String>,
    /// How many messages after the client's cursor are no longer retained.
    pub missed: Option<u64>,
    /// The client's cursor was of another log, or past the newest message.
    pub reset: bool,
    /// The octets of its JSON.
    pub size: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchMembers<'a> {
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
    cursor: Option<String>,
    missed: Option<u64>,
    reset: Option<bool>,
}

impl Batch {
    /// The batch that says that there is nothing after `cursor`.
    pub fn empty(cursor: Option<&str>) -> Self {
        Self { messages: Vec::new(), cursor: cursor.map(str::to_owned), missed: None, reset: false, size: 0 }
    }

    /// Reads a batch, and checks what is true of every batch.
    ///
    /// # Panics
    ///
    /// It is no batch.
    pub fn parse(json: &str) -> Self {
        let members: BatchMembers<'_> =
            serde_json::from_str(json).unwrap_or_else(|error| panic!("no batch ({error}): {json}"));
        let messages: Vec<_> = members.messages.iter().map(|message| Message::parse(message.get())).collect();
        if let Some(cursor) = &members.cursor {
            let rule = !cursor.is_empty()
                && cursor.len() <= 64
                && cursor.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
            assert!(rule, "a cursor is 1 to 64 octets of [A-Za-z0-9-], not {cursor:?}");
            let id = messages.last().map(|message| message.id.to_string());
            let place = cursor.rsplit_once('-').map(|(_, id)| id.to_owned());
            assert!(
                id.is_none() || id == place,
                "the cursor {cursor} does not stand after the last message: {json}"
            );
        }
        assert_ne!(members.missed, Some(0), "`missed` is there only if something is: {json}");
        assert_ne!(members.reset, Some(false), "`reset` is there only if it is true: {json}");
        Self {
            messages,
            cursor: members.cursor,
            missed: members.missed,
            reset: members.reset.is_some(),
            size: json.len(),
        }
    }

    /// The ids of its messages.
    pub fn ids(&self) -> Vec<u64> {
        self.messages.iter().map(|message| message.id).collect()
    }

    /// Whether it tells anything.
    pub fn has_news(&self) -> bool {
        !self.messages.is_empty() || self.missed.is_some() || self.reset
    }
}

/// An error as the server says it, RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// `about:blank`.
    pub r#type: String,
    /// The status that it has, or would have, over HTTP.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What was wrong.
    pub detail: String,
    /// The nonce of the rejected draft.
    pub nonce: Option<String>,
    /// Seconds after which it may be tried again.
    #[serde(rename = "retryAfter")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// Reads a problem, and checks what is true of every problem.
    ///
    /// # Panics
    ///
    /// It is no problem.
    pub fn parse(json: &str) -> Self {
        let problem: Self =
            serde_json::from_str(json).unwrap_or_else(|error| panic!("no problem ({error}): {json}"));
        assert_eq!(problem.r#type, "about:blank", "the type of {json}");
        assert!((400..600).contains(&problem.status), "the status of {json}");
        assert!(!problem.title.is_empty() && !problem.detail.is_empty(), "a problem without words: {json}");
        let may_be_tried_again = problem.status == 429 || problem.status == 503;
        assert_eq!(problem.retry_after.is_some(), may_be_tried_again, "`retryAfter` of {json}");
        problem
    }
}

/// What a post came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The message, new in the log.
    New(Message),
    /// The first message with this nonce.
    Repeated(Message),
    /// The draft was refused.
    Refused(Problem),
}

impl Posted {
    /// The message that is in the log now.
    ///
    /// # Panics
    ///
    /// The draft was refused.
    pub fn message(self) -> Message {
        match self {
            Self::New(message) | Self::Repeated(message) => message,
            Self::Refused(problem) => panic!("a draft that keeps the rules was refused: {problem:?}"),
        }
    }

    /// The problem.
    ///
    /// # Panics
    ///
    /// The draft was taken.
    pub fn problem(self) -> Problem {
        match self {
            Self::Refused(problem) => problem,
            taken => panic!("a draft that breaks a rule was taken: {taken:?}"),
        }
    }
}

/// Why a client got no more.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The TCP connection failed or ended in the middle of something.
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    /// HTTP/2 reported a stream error, a connection error or a `GOAWAY`.
    #[error("HTTP/2: {0}")]
    Http2(#[from] h2::Error),
    /// The stream ended with `END_STREAM`.
    #[error("the stream ended with END_STREAM")]
    StreamEnded,
    /// The server sent a Close frame, with this status code if any.
    #[error("the WebSocket was closed with {code:?} {reason:?}")]
    Closed {
        /// The status code; `None` if the frame was empty.
        code: Option<u16>,
        /// The reason.
        reason: String,
    },
    /// The request to follow was refused.
    #[error("refused: {0}")]
    Refused(Box<Response>),
}
