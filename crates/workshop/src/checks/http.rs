//! What checks of the HTTP/1.1 tracks share: asking, posting, and batches as they come.

use serde_json::Value;

use crate::{
    client::{Ended, Wire},
    failure::Failure,
    http1::Answer,
    probe::Probe,
    process::Running,
};

/// Posts that are sent before their answers are read.
const PIPELINED: usize = 32;

/// A connection to the learner's server that asks and posts.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) wire: Wire,
    host: String,
}

impl Client {
    pub(super) fn new(probe: &Probe, server: &Running) -> Result<Self, Failure> {
        Self::with_buffer(probe, server, None)
    }

    /// One that takes little at once.
    pub(super) fn with_buffer(
        probe: &Probe,
        server: &Running,
        receive_buffer: Option<usize>,
    ) -> Result<Self, Failure> {
        let wire = Wire::connect(server.address, probe.patience(), receive_buffer)?;
        Ok(Self { wire, host: format!("localhost:{}", server.address.port()) })
    }

    /// Sends a GET.
    pub(super) fn get(&mut self, target: &str, fields: &[(&str, &str)]) {
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.wire.send(format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.host).as_bytes());
    }

    /// Sends the head of a POST whose content has this length.
    pub(super) fn post_head(&mut self, length: usize) {
        self.wire.send(self.head_of_post(length).as_bytes());
    }

    fn head_of_post(&self, length: usize) -> String {
        format!(
            "POST /messages HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            self.host
        )
    }

    /// Sends a POST.
    pub(super) fn post(&mut self, content: &[u8]) {
        let head = self.head_of_post(content.len());
        self.wire.send(&[head.as_bytes(), content].concat());
    }

    /// The next answer; without one, what was `due`.
    pub(super) fn answer(&mut self, due: &str) -> Result<Answer, Failure> {
        self.wire.answer().map_err(|ended| Failure::new(due, self.unanswered(ended)))
    }

    fn unanswered(&self, ended: Ended) -> String {
        if self.wire.buffer.is_empty() {
            return ended.told();
        }
        let came: String = String::from_utf8_lossy(&self.wire.buffer).chars().take(80).collect();
        format!("{came:?}, and then {}", ended.told())
    }

    /// Asks, and gives the answer.
    pub(super) fn asked(
        &mut self,
        target: &str,
        fields: &[(&str, &str)],
        due: &str,
    ) -> Result<Answer, Failure> {
        self.get(target, fields);
        self.answer(due)
    }

    /// Asks for what is after this cursor, or for all that is retained, and gives the batch.
    pub(super) fn follow(&mut self, after: Option<&str>) -> Result<Batch, Failure> {
        let target = target(after);
        let due = "200, and a batch";
        let answer =
            self.asked(&target, &[], due).map_err(|failure| failure.did(format!("We sent GET {target}.")))?;
        batch(&answer).map_err(|failure| failure.did(format!("We sent GET {target}.")))
    }

    /// Posts a draft, and gives the message that it became.
    pub(super) fn posted(&mut self, draft: &str) -> Result<Value, Failure> {
        let did = |failure: Failure| failure.did(format!("We posted {draft:.80}."));
        let due = "201 Created, and the message";
        self.post(draft.as_bytes());
        let answer = self.answer(due).map_err(did)?;
        match (answer.head.status, serde_json::from_slice(&answer.content)) {
            (201, Ok(message)) => Ok(message),
            _ => Err(did(Failure::new(due, answer.told()))),
        }
    }

    /// Posts drafts, several before the first answer is read, and gives the messages.
    pub(super) fn posted_all(&mut self, drafts: &[String]) -> Result<Vec<Value>, Failure> {
        let due = "201 Created for each of the drafts";
        let mut messages = Vec::new();
        for some in drafts.chunks(PIPELINED) {
            some.iter().for_each(|draft| self.post(draft.as_bytes()));
            for _ in some {
                let answer = self.answer(due)?;
                match serde_json::from_slice(&answer.content) {
                    Ok(message) if answer.head.status == 201 => messages.push(message),
                    _ => return Err(Failure::new(due, answer.told())),
                }
            }
        }
        Ok(messages)
    }
}

/// The target that asks for what is after this cursor.
pub(super) fn target(after: Option<&str>) -> String {
    after.map_or_else(|| "/messages".to_owned(), |cursor| format!("/messages?after={cursor}"))
}

/// A draft's JSON.
pub(super) fn draft(user: &str, text: &str, nonce: &str) -> String {
    serde_json::json!({ "user": user, "text": text, "nonce": nonce }).to_string()
}

/// So many drafts with texts of their own: `WORD-1` and on.
pub(super) fn drafts(word: &str, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| draft("brian", &format!("{word}-{number}"), &format!("{word}{number}")))
        .collect()
}

/// A batch as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) messages: Vec<Value>,
    pub(super) cursor: String,
    pub(super) missed: Option<u64>,
    pub(super) reset: bool,
}

impl Batch {
    pub(super) fn ids(&self) -> Vec<u64> {
        self.messages.iter().map(|message| message.get("id").and_then(Value::as_u64).unwrap_or(0)).collect()
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let text = |message: &Value| message.get("text").and_then(Value::as_str).unwrap_or("?").to_owned();
        self.messages.iter().map(text).collect()
    }
}

/// Some numbers, in a few words.
pub(super) fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    let all: Vec<_> = items.iter().map(ToString::to_string).collect();
    match (all.as_slice(), all.len()) {
        ([], _) => "none".to_owned(),
        ([first, second, .., last], count) if count > 6 => {
            format!("{first}, {second}, … {last} ({count} of them)")
        }
        (all, _) => all.join(", "),
    }
}

/// The batch of an answer.
pub(super) fn batch(answer: &Answer) -> Result<Batch, Failure> {
    if answer.head.status != 200 {
        return Err(Failure::new("200 OK, and a batch", answer.told()));
    }
    let due = r#"a batch: {"messages":[…],"cursor":"…"}"#;
    let fail = |cause: String| Err(Failure::new(due, answer.told()).likely(cause));
    let value: Value = match serde_json::from_slice(&answer.content) {
        Ok(value) => value,
        Err(error) => {
            return fail(format!("what came is no JSON: {error}; mind the commas between messages"));
        }
    };
    let members = match &value {
        Value::Object(members) => members,
        Value::Array(_) => {
            return fail("the messages alone: the client could not tell where they end".into());
        }
        Value::String(_) => {
            return fail("JSON within a JSON string: it was encoded twice".into());
        }
        _ => return fail("that is JSON, but no object".into()),
    };
    let Some(Value::Array(messages)) = members.get("messages") else {
        return fail("the member `messages` is missing, or no array".into());
    };
    let cursor = members.get("cursor").and_then(Value::as_str).unwrap_or_default();
    if cursor.is_empty() || !cursor.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-') {
        return fail("the member `cursor` is missing: from where shall the client go on?".into());
    }
    if let Some(odd) = messages.iter().find(|message| !is_message(message)) {
        return fail(format!("a message has `id`, `user`, `text` and `time`; this has not: {odd:.80}"));
    }
    Ok(Batch {
        messages: messages.clone(),
        cursor: cursor.to_owned(),
        missed: members.get("missed").and_then(Value::as_u64),
        reset: members.get("reset").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn is_message(message: &Value) -> bool {
    let number = |name| message.get(name).is_some_and(Value::is_u64);
    let text = |name| message.get(name).is_some_and(Value::is_string);
    number("id") && text("user") && text("text") && number("time")
}
