//! Step 11: the page's side. The check is the server.

use serde_json::json;

use super::posting::{nonce_of, stage_tells};
use crate::{
    checks::page::{AT_ONCE, batch, cursor, message, shows},
    failure::Failure,
    probe::{Outcome, Probe},
    scripted::Socket,
    stage::Stage,
};

/// The next WebSocket that the page opens, answered.
pub(super) fn opened(stage: &Stage, due: &str) -> Result<Socket, Failure> {
    stage.asked(due)?.upgrade()
}

/// A page that is connected, to a log without messages.
pub(super) fn connected(stage: &Stage) -> Result<Socket, Failure> {
    let mut socket = opened(stage, "the page opens a WebSocket")?;
    socket.json(&batch(&[], 0));
    is_green(stage, "the dot is green after the first batch")?;
    Ok(socket)
}

fn is_green(stage: &Stage, due: &str) -> Outcome {
    stage.until("workshop.state() === 'connected'", due)
}

/// Connecting, connected, and not connected any more.
pub(in crate::checks) fn dot(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let asked = stage.asked("the page opens a WebSocket")?;
        let early = "the handshake was not answered yet: say `connected` with the first batch";
        let due = "while the handshake is not answered the dot says \"connecting\"";
        stage.until("workshop.state() === 'connecting'", due).map_err(|failure| failure.likely(early))?;
        let mut socket = asked.upgrade()?;
        let text = probe.word(8);
        socket.json(&batch(&[message(1, &text, None)], 1));
        let did = "We answered the handshake and sent a batch with one message.";
        shows(stage, &[text], "the message of the first batch is on the page")
            .map_err(|failure| failure.did(did))?;
        let due = "after the first batch the dot says \"connected\"";
        is_green(stage, due)
            .map_err(|failure| failure.did(did).likely("nobody calls `onState('connected')`"))?;
        socket.close(1001);
        // The page asks again, and nobody answers.
        let due = "after the server has closed with 1001, the dot says so, and the page asks again";
        let likely = "a close in good order is an end too: listen to `close`, and call `over`";
        let _again = stage.asked(due).map_err(|failure| failure.likely(likely))?;
        stage.until("workshop.state() !== 'connected'", due).map_err(|failure| failure.likely(likely))
    })
}

/// Whatever ends a connection, the page asks again.
pub(in crate::checks) fn reconnects(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let mut socket = connected(stage)?;
        let likely = "who follows is told `closed` once, whatever the reason: listen to `close`";
        let again = |what: &str, likely: &str| {
            let due = "the page opens a new WebSocket";
            stage.asked(due).map_err(|failure| failure.did(format!("We {what}.")).likely(likely))
        };
        socket.json(&json!({ "neither": probe.word(6) }));
        let likely_deaf = "what is no batch, no message and no problem ends the connection: `over`";
        let asked = again("sent JSON that is no batch", likely_deaf)?;
        let mut socket = asked.upgrade()?;
        socket.json(&batch(&[], 0));
        socket.say("{\"messages\":[");
        let asked = again("sent half a JSON", "`parse` throws: catch it, close, `over`")?;
        asked.answer("503 Service Unavailable", &[], "");
        let asked = again("answered the handshake with 503", likely)?;
        asked.upgrade()?.reset();
        let asked = again("broke the connection off without a Close", likely)?;
        asked.upgrade()?.close(1000);
        let asked = again("closed with 1000, in good order", "a close with 1000 is an end too")?;
        let mut socket = asked.upgrade()?;
        socket.json(&batch(&[], 0));
        is_green(stage, "connected again")
    })
}

/// Nothing is lost, nothing twice: the cursor, and the nonce of the draft that had no answer.
pub(in crate::checks) fn no_loss(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let texts: Vec<_> = (0..4).map(|_| probe.word(8)).collect();
        let three: Vec<_> = texts.iter().take(3).cloned().collect();
        let of = |range: std::ops::Range<usize>| -> Vec<_> {
            range.filter_map(|at| Some(message(at + 1, texts.get(at)?, None))).collect()
        };
        let mut socket = opened(stage, "the page opens a WebSocket")?;
        socket.json(&batch(&of(0..2), 2));
        socket.json(&batch(&of(2..3), 3));
        shows(stage, &three, "three messages, in their order")?;
        let draft = probe.word(8);
        stage.write("brian", &draft)?;
        let lost = socket.heard("the draft")?;
        socket.reset();
        let did = "We sent three messages, heard a draft, and broke the connection off without an answer.";
        let asked = stage.asked("the page opens a new WebSocket").map_err(|failure| failure.did(did))?;
        let cursor = cursor(3);
        if asked.request.query("after") != Some(&*cursor) {
            let failure =
                Failure::new(format!("GET /messages?after={cursor}"), asked.request.told()).did(did);
            return Err(
                failure.likely("`connect` is given the cursor of the last batch: it belongs in the address")
            );
        }
        let mut socket = asked.upgrade()?;
        socket.json(&batch(&of(3..4), 4));
        let again = socket.heard("the same draft again, on the new connection");
        let likely =
            "what waits for an answer must be rejected when the connection is over, or nobody posts it again";
        let again = again.map_err(|failure| stage_tells(stage, failure).did(did).likely(likely))?;
        if again != lost {
            return Err(Failure::new(format!("the same draft: {lost}"), again.to_string()).did(did));
        }
        socket.json(&batch(&[message(5, &draft, Some(&nonce_of(&lost)))], 5));
        let all: Vec<_> = texts.iter().cloned().chain([draft]).collect();
        shows(stage, &all, "all messages, each once, in their order").map_err(|failure| failure.did(did))
    })
}

/// The address comes from the page's, scheme and all.
pub(in crate::checks) fn protocol(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let _asked = stage.asked("the page opens a WebSocket")?;
        let host = stage.origin.trim_start_matches("http://").to_owned();
        let likely = "take host and port from `url`; only the scheme is another";
        let name = probe.word(6);
        for (page, due) in [
            (format!("http://{host}/messages"), format!("ws://{host}/messages")),
            (format!("http://{name}.test:8123/messages"), format!("ws://{name}.test:8123/messages")),
            (format!("https://{name}.test/messages"), format!("wss://{name}.test/messages")),
        ] {
            let before = stage.sockets()?.len();
            let call = format!(
                "import('/transports/websocket.js').then(({{ connect }}) => \
                 void connect(new URL({}), {{ onBatch() {{}}, onState() {{}} }}))",
                json!(page)
            );
            stage.value(&call)?;
            let opened = stage.sockets()?.get(before).cloned().unwrap_or_default();
            if opened != due {
                let failure =
                    Failure::new(due, opened).did(format!("We called `connect` for a page at {page}."));
                return Err(failure.likely(likely));
            }
        }
        Ok(())
    })
}
