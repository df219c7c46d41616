//! Step 11: a draft and its answer, in the page's module. The check is the server.

use std::time::Duration;

use serde_json::{Value, json};

use super::page::{connected, opened};
use crate::{
    checks::page::{AT_ONCE, HELD, batch, message, shows},
    failure::Failure,
    probe::{Outcome, Probe},
    scripted::Socket,
    stage::Stage,
};

/// What becomes of a draft that is posted on a socket that is not open yet; in `workshop.late`, of one on the same socket
/// as soon as it is not open any more. The log client does the first where it is told too early that there is a
/// connection, the second where the server closes.
const EARLY_AND_LATE: &str = "import('/transports/websocket.js').then(({ connect }) => {
  const { WebSocket } = globalThis;
  let socket;
  globalThis.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      socket = this;
    }
  };
  const connection = connect(new URL('/messages', location.href), { onBatch() {}, onState() {} });
  globalThis.WebSocket = WebSocket;
  const post = () => {
    try {
      const answer = connection.post({ user: 'a', text: 'b', nonce: 'c' }).then(() => 'sent', () => 'refused');
      return Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 0, 'a promise that waits'))]);
    } catch (error) {
      return `throws ${error.message}`;
    }
  };
  workshop.late = new Promise((resolve) => {
    const look = () => (socket.readyState >= WebSocket.CLOSING ? resolve(post()) : setTimeout(look, 1));
    look();
  });
  return post();
})";

/// What is written too early waits, and goes out once.
pub(in crate::checks) fn disabled(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let text = probe.word(8);
        let did = format!("We wrote {text:?} before the page had a connection, then answered the handshake.");
        let asked = stage.asked("the page opens a WebSocket")?;
        let told = stage.value(EARLY_AND_LATE)?;
        if told != "refused" {
            let due = "`post` before the socket is open gives a promise that is rejected";
            let failure = Failure::new(due, told.as_str().unwrap_or_default());
            return Err(failure.likely("`send` throws until `readyState` is `OPEN`: look at it first"));
        }
        stage.write("brian", &text)?;
        let mut socket = asked.upgrade()?;
        let due = "before the first batch nothing is sent: the page does not know yet that this is a chat";
        let waits = stage.until("workshop.hint().includes('Not connected')", due);
        waits
            .map_err(|failure| failure.did(did.clone()).likely("an open socket is taken for a connection"))?;
        if !socket.is_silent(QUIET) {
            let failure = Failure::new(due, "a draft").did(did);
            return Err(failure.likely("an open socket is taken for a connection: wait for the first batch"));
        }
        socket.json(&batch(&[], 0));
        let heard =
            socket.heard("the draft, after the first batch").map_err(|failure| failure.did(did.clone()))?;
        is_draft(&heard, &text).map_err(|failure| failure.did(did.clone()))?;
        if !socket.is_silent(QUIET) {
            return Err(Failure::new("the draft goes out once", "twice").did(did));
        }
        refused_while_closing(stage)
    })
}

/// The server closes the WebSocket that [`EARLY_AND_LATE`] has opened; the browser opened it after the page's own.
fn refused_while_closing(stage: &Stage) -> Outcome {
    let mut closing = opened(stage, "the WebSocket that we asked for")?;
    closing.begin_close(1001);
    let told = stage.value("workshop.late")?;
    if told == "refused" {
        return Ok(());
    }
    let due = "`post` on a socket that closes gives a promise that is rejected";
    let failure = Failure::new(due, told.as_str().unwrap_or_default());
    let did = "We sent a Close, and posted while the socket was not open any more and not yet closed.";
    Err(failure
        .did(did)
        .likely("`send` on a socket that closes throws nothing and sends nothing: only `readyState` tells"))
}

/// So long nothing may be said. A page that would say it takes some milliseconds.
const QUIET: Duration = Duration::from_millis(150);

fn is_draft(heard: &Value, text: &str) -> Outcome {
    let due = format!("a draft, JSON in one text, with the text {text:?}");
    let is = heard.get("text").and_then(Value::as_str) == Some(text)
        && heard.get("user").and_then(Value::as_str) == Some("brian")
        && heard.get("nonce").is_some_and(Value::is_string);
    if is {
        Ok(())
    } else {
        Err(Failure::new(due, heard.to_string()).likely("`socket.send(JSON.stringify(draft))`"))
    }
}

pub(super) fn nonce_of(draft: &Value) -> String {
    draft.get("nonce").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A draft without an answer, on a clock that is held.
pub(in crate::checks) fn late(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let mut socket = connected(stage)?;
        let limit = "import('/transports/http.js').then(({ ANSWER_TIMEOUT_MS }) => ANSWER_TIMEOUT_MS)";
        let limit = stage.value(limit)?.as_u64().and_then(|limit| u32::try_from(limit).ok()).unwrap_or_default();
        let text = probe.word(8);
        stage.write("brian", &text)?;
        let lost = socket.heard("the draft")?;
        let did = format!("We heard a draft, left the connection open and gave no answer for {limit} ms.");
        stage.pass(limit.saturating_sub(1))?;
        has_opened(stage, 1, "one millisecond earlier the page still waits")
            .map_err(|failure| failure.did(did.clone()))?;
        stage.pass(1)?;
        let likely = "a socket whose other end has vanished looks open: only a timer tells, which closes it and calls `over`";
        // The page opens another one after its back-off, which does not wait here.
        stage.pass(0)?;
        let due = "after that time the connection is over, and the page opens a new WebSocket";
        let mut socket = opened(stage, due).map_err(|failure| failure.did(did.clone()).likely(likely))?;
        socket.json(&batch(&[], 0));
        let again = socket.heard("the same draft again").map_err(|failure| failure.did(did.clone()))?;
        if again != lost {
            return Err(Failure::new(format!("the same draft: {lost}"), again.to_string()).did(did));
        }
        socket.json(&batch(&[message(1, &text, Some(&nonce_of(&lost)))], 1));
        shows(stage, &[text], "the message on the page, when it is answered")?;
        stage.pass(limit)?;
        has_opened(stage, 2, "a draft that was answered ends nothing").map_err(|failure| {
            failure
                .did(format!("The draft was answered; then {limit} ms passed."))
                .likely("its timer goes on: `clearTimeout`, whatever the answer was")
        })
    })
}

/// Whether the page has made so many WebSockets, and no other: it does as soon as one is over.
fn has_opened(stage: &Stage, count: usize, due: &str) -> Outcome {
    let opened = stage.sockets()?.len();
    if opened == count {
        return Ok(());
    }
    Err(Failure::new(due, format!("it has opened {opened} WebSockets; {}", stage.told())))
}

/// Three drafts: one comes back as a message, one is refused, one is in the log already.
pub(in crate::checks) fn answers(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let mut socket = connected(stage)?;
        let texts: Vec<_> = (0..4).map(|_| probe.word(8)).collect();
        let did =
            "We wrote four messages: one came back in a batch, one was refused, one was in the log already.";
        for text in &texts {
            stage.write("brian", text)?;
        }
        let next = |socket: &mut Socket, text: &str, likely: &str| -> Result<String, Failure> {
            let heard = socket.heard(&format!("the draft {text:?}, when the one before it is answered"));
            let heard = heard.map_err(|failure| stage_tells(stage, failure).did(did).likely(likely))?;
            is_draft(&heard, text).map_err(|failure| failure.did(did).likely(likely))?;
            Ok(nonce_of(&heard))
        };
        let [first, second, third, fourth] =
            [0, 1, 2, 3].map(|at| texts.get(at).cloned().unwrap_or_default());
        let nonce = next(&mut socket, &first, "`waiting`, then `send`")?;
        // Between them others speak.
        socket.json(&batch(&[message(1, "another's", Some("x"))], 1));
        socket.json(&batch(&[message(2, &first, Some(&nonce))], 2));
        let nonce = next(
            &mut socket,
            &second,
            "the message with the draft's nonce is its answer: settle what waits for it",
        )?;
        socket.json(&json!({ "type": "about:blank", "status": 422, "title": "Refused", "nonce": nonce }));
        stage.until("workshop.hint().includes('Refused')", "the refusal is shown").map_err(|failure| {
            failure.did(did).likely("a problem rejects the draft with its nonce, by `Refused`")
        })?;
        let nonce = next(
            &mut socket,
            &third,
            "a problem with a draft's nonce is its answer; the connection goes on",
        )?;
        socket.json(&json!({ "messages": [message(9, &third, Some(&nonce))] }));
        let likely = "messages without a cursor answer a repeated nonce: that is no broken batch";
        let nonce = next(&mut socket, &fourth, likely)?;
        socket.json(&batch(&[message(3, &fourth, Some(&nonce))], 3));
        // It is answered, and nothing waits for it any more: a problem with its nonce is nobody's.
        socket.json(&json!({ "type": "about:blank", "status": 500, "title": "Late", "nonce": nonce }));
        let due =
            "a problem of a draft that was answered ends the connection, and the page opens a new WebSocket";
        let asked = stage.asked(due).map_err(|failure| {
            failure
                .did("A draft was answered; then a problem came with its nonce.")
                .likely("what was answered still waits: take it out of `waiting`, whatever the answer was")
        });
        asked.map(|_| ())
    })
}

pub(super) fn stage_tells(stage: &Stage, failure: Failure) -> Failure {
    let got = format!("{}; {}", failure.got, stage.told());
    let mut failure = failure;
    failure.got = got;
    failure
}
