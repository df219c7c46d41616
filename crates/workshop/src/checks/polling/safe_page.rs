//! Step 7: what the page shows: text as text, each message once, and a dot that says what is so.

use serde_json::{Value, json};

use super::next_request::PAUSE_MS;
use crate::{
    checks::page::{Asking, HELD, HELD_LONGEST, JSON, batch, batch_of, is_after, message, with},
    failure::Failure,
    probe::{Outcome, Probe},
};

const ONCE: &str = "show what is newer than the newest shown, and only that; the id says it";

/// Markup in a name and in a text is letters.
pub(in crate::checks) fn inert(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let word = probe.word(6);
        let text = format!("<img src=x onerror=\"this.alt=1\"><b>{word}</b> 1 < 2 &amp; <script>{word}</script>");
        let name = format!("<i>{word}</i>");
        let said = with(message(1, &text, None), "user", name.as_str());
        page.json(page.first()?, &batch(&[said], 1))?;
        let did = format!("We sent a message of the user {name} with the text {text}");
        let likely = "`innerHTML` makes elements of what somebody wrote, and runs what is in them: `textContent` takes letters as letters";
        let elements = "[...document.querySelectorAll('#messages :is(.text, .user) *')].map(({ outerHTML }) => outerHTML)";
        let elements = stage.value(elements)?;
        if let Some(first) = elements.as_array().and_then(|elements| elements.first()) {
            let got = format!("an element: {}", first.as_str().unwrap_or_default());
            return Err(Failure::new("letters, and no element among them", got).did(did).likely(likely));
        }
        let shown = stage.value(
            "[...document.querySelectorAll('#messages .message')].map((row) => \
             [row.querySelector('.user')?.textContent, row.querySelector('.text')?.textContent])",
        )?;
        if shown == json!([[name, text]]) {
            return Ok(());
        }
        let failure = Failure::new("name and text, letter by letter", shown.to_string()).did(did);
        Err(failure.likely("do not cut markup out of a text: shown as text it does no harm"))
    })
}

/// What comes twice, what this page posted itself, and a log that begins anew.
pub(in crate::checks) fn no_duplicates(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [(); 5].map(|()| probe.word(8));
        let [first, second, third, mine, anew] = texts.clone();
        let of = |id: usize, text: &str| message(id, text, None);
        let again = "`await pause(…)` behind each answer";
        page.json(page.first()?, &batch(&[of(1, &first), of(2, &second)], 2))?;
        page.json(page.after(PAUSE_MS, again)?, &batch(&[of(2, &second), of(3, &third)], 3))?;
        let did = "We sent the messages 1 and 2, then 2 and 3.";
        let three = [first, second, third];
        let shown = page.shows(&three, "three messages, each once");
        shown.map_err(|failure| failure.did(did).likely(ONCE))?;
        posted(&page, &mine, &three)?;
        let reset = with(batch_of(1, &anew), "reset", true);
        page.json(page.after(PAUSE_MS, again)?, &reset)?;
        let did = "The server was restarted: we sent a batch with `reset`, and its message with the id 1.";
        let shown = page.shows(&texts, "what is said in the new log is shown too");
        let likely = "where the log begins anew, so do its ids: forget the newest";
        shown.map_err(|failure| failure.did(did).likely(likely))?;
        page.fail(page.after(PAUSE_MS, again)?)?;
        is_after(&page.after(0, "a failure")?, 1, "We sent a batch, then failed a request.")
    })
}

/// A draft of this page, answered, then delivered with its nonce: it is one row, and no draft any more.
fn posted(page: &Asking<'_>, text: &str, before: &[String]) -> Outcome {
    let did = "We took a draft of this page, answered 201, and sent its message in a batch.";
    page.stage.write("brian", text)?;
    let post = page.next("a POST of the draft", "the first answer means `onState('connected')`")?;
    let draft: Value = serde_json::from_slice(&post.request.body).unwrap_or_default();
    let mine = with(message(4, text, draft.get("nonce").and_then(Value::as_str)), "user", "brian");
    page.answer(post, "201 Created", &[JSON], &mine.to_string())?;
    page.json(page.after(PAUSE_MS, "`await pause(…)` behind each answer")?, &batch(&[mine], 4))?;
    let likely = "a message with the nonce of one's own draft is that draft: `this.#outbox.take(message)` gives it back";
    let due = "the message once, and nothing unsent below it";
    let all: Vec<_> = before.iter().cloned().chain([text.to_owned()]).collect();
    page.shows(&all, due)
        .and_then(|()| page.is("workshop.outbox().length === 0", due))
        .map_err(|failure| failure.did(did).likely(likely))
}

/// Connecting, connected, failing, connected again.
pub(in crate::checks) fn dot(probe: &Probe) -> Outcome {
    probe.stage(HELD_LONGEST, |stage| {
        let page = Asking::new(stage);
        let says = |state: &str, when: &str, likely: &str| {
            let is = page
                .is(&format!("workshop.state() === '{state}'"), &format!("{when} the dot says \"{state}\""));
            is.map_err(|failure| failure.likely(likely))
        };
        let asked = page.first()?;
        let early =
            "that a request is under way is no connection: it is one with the first answer, and not before";
        says("connecting", "before the first answer", early)?;
        page.json(asked, &batch_of(1, &probe.word(8)))?;
        says(
            "connected",
            "after the first answer",
            "`onState('connected')`, and the dot says the state's name",
        )?;
        page.fail(page.after(PAUSE_MS, "`await pause(…)` behind each answer")?)?;
        page.fail(page.after(0, "the first time at once")?)?;
        stage.pass(500)?;
        let late =
            "a dot that stays green while nothing comes is worse than none: it says the name of each state";
        says("reconnecting", "half a second after two failures", late)?;
        stage.pass(500)?;
        let asked =
            page.next("a request, 1 s after the second failure", "it comes by the back-off of step 6")?;
        page.json(asked, &batch_of(2, &probe.word(8)))?;
        says("connected", "after the next answer", late)
    })
}
