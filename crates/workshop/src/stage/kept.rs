//! What the browser says of a page, sorted.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::scripted::Arrived;

/// The most lines of what the page says that are kept.
const MAX_LINES: usize = 20;

/// What came and was not asked for yet.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) arrived: VecDeque<Arrived>,
    /// How many of those that were not for a WebSocket were taken.
    pub(super) taken: usize,
    pub(super) answers: BTreeMap<u64, Value>,
    /// Where the browser is going.
    going: Option<String>,
    /// The address of the page that is loaded.
    pub(super) shown: Option<String>,
    pub(super) has_ended: bool,
    /// The addresses of all WebSockets that the page made.
    pub(super) sockets: Vec<String>,
    /// What the page says on its console.
    pub(super) lines: Vec<String>,
    /// The first exception that nobody caught, and where it was thrown, such as `web/transports/websocket.js:57:5`.
    pub(super) thrown: Option<(String, Option<String>)>,
}

impl Kept {
    /// The next request that came.
    pub(super) fn take(&mut self) -> Option<Arrived> {
        let arrived = self.arrived.pop_front()?;
        self.taken += usize::from(!arrived.is_upgrade());
        Some(arrived)
    }

    pub(super) fn keep(&mut self, said: Value, origin: &str) {
        if let Some(number) = said.get("id").and_then(Value::as_u64) {
            self.answers.insert(number, said);
            return;
        }
        let text = |pointer| said.pointer(pointer).and_then(Value::as_str);
        match text("/method") {
            Some("Page.frameNavigated") if said.pointer("/params/frame/parentId").is_none() => {
                self.going = text("/params/frame/url").map(ToOwned::to_owned);
            }
            Some("Page.domContentEventFired") => self.shown = self.going.take(),
            Some("Network.webSocketCreated") => {
                self.sockets.push(text("/params/url").unwrap_or_default().to_owned());
            }
            Some("Runtime.exceptionThrown") => {
                let thrown =
                    said.pointer("/params/exceptionDetails").map(|details| exception(details, origin));
                self.thrown = self.thrown.take().or(thrown);
            }
            Some("Runtime.consoleAPICalled") if self.lines.len() < MAX_LINES => {
                let words = said.pointer("/params/args").and_then(Value::as_array).into_iter().flatten();
                let words = words.filter_map(|word| word.get("value").or_else(|| word.get("description")));
                let words: Vec<_> = words
                    .map(|word| word.as_str().map_or_else(|| word.to_string(), ToOwned::to_owned))
                    .collect();
                self.lines.push(words.join(" "));
            }
            _ => {}
        }
    }
}

/// What was thrown, and where.
pub(super) fn exception(details: &Value, origin: &str) -> (String, Option<String>) {
    let text = |pointer| details.pointer(pointer).and_then(Value::as_str);
    let what = text("/exception/description").or_else(|| text("/text")).unwrap_or_default();
    let what = what.lines().next().unwrap_or_default().to_owned();
    let place = |details: &Value| {
        let file = details.get("url")?.as_str()?.strip_prefix(origin)?.to_owned();
        let [line, column] =
            ["lineNumber", "columnNumber"].map(|name| details.get(name).and_then(Value::as_u64));
        Some(format!("web{file}:{}:{}", line? + 1, column? + 1))
    };
    let frame = details.pointer("/stackTrace/callFrames/0");
    (what, frame.and_then(place).or_else(|| place(details)))
}

/// Why nothing came.
pub(super) enum Unheard {
    Silent,
    /// The page threw, and nobody caught it.
    Thrown,
    Ended,
}
