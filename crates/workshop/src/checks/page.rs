//! What the checks of a page share: a log that is made up, and a page that asks for it over HTTP, on a clock that is held.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    probe::Outcome,
    scripted::Asked,
    stage::{Setting, Stage},
};

/// The epoch of the log that the checks make up.
pub(super) const EPOCH: &str = "k3f9";

/// Back-off does not wait: what is checked is what is asked for, not when.
pub(super) const AT_ONCE: Setting = Setting { chance: Some(0.0), held: false };

/// Nothing happens by itself, and back-off does not wait.
pub(super) const HELD: Setting = Setting { chance: Some(0.0), held: true };

/// Likewise, and back-off waits as long as it ever does.
pub(super) const HELD_LONGEST: Setting = Setting { chance: Some(1.0), held: true };

/// JSON, for an answer.
pub(super) const JSON: (&str, &str) = ("content-type", "application/json");

/// A message of the log.
pub(super) fn message(id: usize, text: &str, nonce: Option<&str>) -> Value {
    let message = json!({ "id": id, "user": "zoe", "text": text, "time": 1_763_600_000_000_u64 + id as u64 });
    match nonce {
        Some(nonce) => with(message, "nonce", nonce),
        None => message,
    }
}

/// `object` with one more member, or another value of it.
pub(super) fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
    object
}

/// A batch; its cursor stands after message `last`.
pub(super) fn batch(messages: &[Value], last: usize) -> Value {
    json!({ "messages": messages, "cursor": cursor(last) })
}

/// A batch with one message.
pub(super) fn batch_of(id: usize, text: &str) -> Value {
    batch(&[message(id, text, None)], id)
}

/// The cursor after message `last`.
pub(super) fn cursor(last: usize) -> String {
    format!("{EPOCH}-{last}")
}

/// Whether the page shows these texts, in JavaScript.
pub(super) fn rows(texts: &[String]) -> String {
    // Both sides write JSON in the same way.
    format!("JSON.stringify(workshop.rows()) === {}", json!(json!(texts).to_string()))
}

/// Waits until the page shows these texts.
pub(super) fn shows(stage: &Stage, texts: &[String], due: &str) -> Outcome {
    stage.until(&rows(texts), due)
}

/// A page that asks over HTTP, and how many of its requests were ended.
///
/// Each step is over when the page has done all that follows from it, so what it does not do is told at once.
pub(super) struct Asking<'a> {
    pub(super) stage: &'a Stage,
    ended: Cell<usize>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(stage: &'a Stage) -> Self {
        Self { stage, ended: Cell::new(0) }
    }

    /// The first request, which comes when the page is loaded.
    pub(super) fn first(&self) -> Result<Asked, Failure> {
        self.stage.asked("the page asks for messages as soon as it is loaded")
    }

    /// The one request that the page makes now, without any more time.
    pub(super) fn next(&self, due: &str, likely: &str) -> Result<Asked, Failure> {
        let waiting = self.stage.waiting()?;
        if waiting.len() == 1 {
            return self.stage.asked(due);
        }
        Err(Failure::new(due, self.told(&waiting)).likely(likely))
    }

    /// The next request, which comes after exactly so many milliseconds.
    pub(super) fn after(&self, milliseconds: u32, likely: &str) -> Result<Asked, Failure> {
        let due = match milliseconds {
            0 => "the next request now".to_owned(),
            _ => format!("the next request after {milliseconds} ms"),
        };
        if let Some(early) = milliseconds.checked_sub(1) {
            self.stage.pass(early)?;
            self.quiet(&format!("{due}, and none before"), likely)?;
        }
        self.stage.pass(milliseconds.min(1))?;
        self.next(&due, likely)
    }

    /// Fails if the page has made a request that was not taken.
    pub(super) fn quiet(&self, due: &str, likely: &str) -> Outcome {
        let waiting = self.stage.waiting()?;
        if waiting.is_empty() {
            return Ok(());
        }
        Err(Failure::new(due, self.told(&waiting)).likely(likely))
    }

    fn told(&self, waiting: &[String]) -> String {
        let page = self.stage.told();
        match waiting {
            [] => format!("no request; {page}"),
            [one] => format!("{one}; {page}"),
            [first, ..] => format!("{} requests, the first {first}; {page}", waiting.len()),
        }
    }

    /// Answers, and waits until the page has read it.
    pub(super) fn answer(&self, asked: Asked, status: &str, fields: &[(&str, &str)], body: &str) -> Outcome {
        asked.answer(status, fields, body);
        self.ended()
    }

    /// Answers with a batch, or other JSON.
    pub(super) fn json(&self, asked: Asked, value: &Value) -> Outcome {
        self.answer(asked, "200 OK", &[JSON], &value.to_string())
    }

    /// Fails it, without content.
    pub(super) fn fail(&self, asked: Asked) -> Outcome {
        self.answer(asked, "503 Service Unavailable", &[], "")
    }

    /// Breaks an answer off in its midst. (Chromium would by itself repeat a request that had no octet of an answer.)
    pub(super) fn cut(&self, asked: Asked) -> Outcome {
        let mut pieces = asked.begin("200 OK", &[JSON]);
        pieces.send(b"{\"messages\":[");
        pieces.cut();
        self.ended()
    }

    /// Waits until one more request is over for the page.
    pub(super) fn ended(&self) -> Outcome {
        self.ended.set(self.ended.get() + 1);
        let due = "the page goes on with the answer, or with its end";
        self.stage.wait(&format!("workshop.heard() >= {}", self.ended.get()), due)
    }

    /// Whether the page shows these texts now.
    pub(super) fn shows(&self, texts: &[String], due: &str) -> Outcome {
        self.is(&rows(texts), due)
    }

    /// Whether this is true now, in JavaScript.
    pub(super) fn is(&self, expression: &str, due: &str) -> Outcome {
        if self.stage.is(expression, due)? {
            return Ok(());
        }
        Err(Failure::new(due, self.stage.told()))
    }
}

/// Whether the page asks for what is behind message `last`.
pub(super) fn is_after(asked: &Asked, last: usize, did: &str) -> Outcome {
    let cursor = cursor(last);
    if asked.request.query("after") == Some(&*cursor) {
        return Ok(());
    }
    let failure = Failure::new(format!("GET /messages?after={cursor}"), asked.request.told()).did(did);
    Err(failure.likely(
        "the cursor of the newest batch is where the page stands: keep it, and ask for what is behind it",
    ))
}
