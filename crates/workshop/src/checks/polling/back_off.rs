//! Step 6: a server that fails: what is a failure, and when to ask again.

use serde_json::json;

use super::next_request::PAUSE_MS;
use crate::{
    checks::page::{Asking, HELD, HELD_LONGEST, JSON, batch_of},
    failure::Failure,
    probe::{Outcome, Probe},
    scripted::Asked,
    stage::Setting,
};

/// What the content of an error has.
const PROBLEM: (&str, &str) = ("content-type", "application/problem+json");

/// A failure without anything beside it.
const STATUS: &str = "503 Service Unavailable";

/// The longest waits: none after the first failure, then doubling up to 30 s, in milliseconds.
const LONGEST_MS: [u32; 8] = [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];

/// A 500 is no answer, whatever it holds. And of a post that was answered so nobody knows, while below 500 it was refused.
pub(in crate::checks) fn is_failure(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [probe.word(8), probe.word(8)];
        let [first, second] = texts.clone();
        page.json(page.first()?, &batch_of(1, &first))?;
        let asked = page.after(PAUSE_MS, "`await pause(…)` behind each answer")?;
        let did = "We answered 500, with content that one could take for a batch.";
        page.answer(asked, "500 Internal Server Error", &[JSON], &batch_of(9, &probe.word(8)).to_string())?;
        let likely =
            "`fetch` rejects only where there is no answer at all, and a 500 is one: look at `response.ok`";
        let asked = page.after(0, likely).map_err(|failure| failure.did(did))?;
        page.json(asked, &batch_of(2, &second))?;
        page.shows(&texts, "only what came with 200").map_err(|failure| failure.did(did).likely(likely))?;
        posts(&page, &probe.word(8))
    })
}

/// A post that failed is posted again, under its nonce; one that was refused is not.
fn posts(page: &Asking<'_>, text: &str) -> Outcome {
    page.stage.write("brian", text)?;
    let likely = "a draft leaves when there is a connection: the first answer means `onState('connected')`";
    let post = page.next("a POST of the draft", likely)?;
    let draft = post.request.body.clone();
    let did = "We answered the post of a draft with 500.";
    page.answer(post, "500 Internal Server Error", &[], "")?;
    let likely = "from 500 on the server failed, and the draft may or may not be in the log: that is `Lost`, and it is posted again";
    let post = page.after(0, likely).map_err(|failure| failure.did(did))?;
    if post.request.body != draft {
        let got = String::from_utf8_lossy(&post.request.body).into_owned();
        return Err(Failure::new("the very same draft", got).did(did));
    }
    let problem = json!({ "type": "about:blank", "status": 422, "title": "Not in this chat" });
    let did = "Then with 422, and a problem with the title \"Not in this chat\".";
    page.answer(post, "422 Unprocessable Content", &[PROBLEM], &problem.to_string())?;
    let likely = "below 500 the server refuses, and would again: that is `Refused`, with the problem as the server tells it";
    let told =
        page.is("workshop.hint().includes('Not in this chat')", "the page says why, and does not post again");
    told.map_err(|failure| failure.did(did).likely(likely))?;
    page.stage.pass(PAUSE_MS - 1)?;
    page.quiet("no further post", likely).map_err(|failure| failure.did(did))
}

/// What the server asks for goes before what the page would do.
pub(in crate::checks) fn retry_after(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        page.json(page.first()?, &batch_of(1, &probe.word(8)))?;
        let asked = page.after(PAUSE_MS, "`await pause(…)` behind each answer")?;
        page.answer(asked, STATUS, &[("retry-after", "7")], "")?;
        let likely =
            "`retry-after` is a number of seconds, and the server knows better than the page when it is back";
        let did = "We answered 503 with `retry-after: 7`.";
        page.after(7_000, likely).map(|_| ()).map_err(|failure| failure.did(did))
    })
}

/// Fails one request after the other; each next one comes after the wait of its turn.
fn fails(page: &Asking<'_>, mut asked: Asked, waits: &[u32], likely: &str) -> Result<Asked, Failure> {
    for (failures, &wait) in (1..).zip(waits) {
        page.fail(asked)?;
        let did =
            format!("We answered 503, for the {} time, and chance gives the longest wait.", nth(failures));
        asked = page.after(wait, likely).map_err(|failure| failure.did(did))?;
    }
    Ok(asked)
}

fn nth(number: usize) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "2nd".to_owned(),
        3 => "3rd".to_owned(),
        _ => format!("{number}th"),
    }
}

/// Nothing, a second, two, four, and so on, but not for ever.
pub(in crate::checks) fn grows(probe: &Probe) -> Outcome {
    probe.stage(HELD_LONGEST, |stage| {
        let page = Asking::new(stage);
        let likely = "the first time at once; then up to 1 s, and the bound doubles with each failure, to 30 s and no further";
        fails(&page, page.first()?, &LONGEST_MS, likely).map(|_| ())
    })
}

/// A failure after a connection that lasted is the first one again.
pub(in crate::checks) fn resets(probe: &Probe) -> Outcome {
    probe.stage(HELD_LONGEST, |stage| {
        let page = Asking::new(stage);
        let [waits @ .., _, _, _, _, _] = LONGEST_MS;
        let likely = "after a connection that lasted the failures are counted from 1 again";
        let asked = fails(&page, page.first()?, &waits, "each failure doubles the bound")?;
        page.json(asked, &batch_of(1, &probe.word(8)))?;
        let asked = page.after(PAUSE_MS, "`await pause(…)` behind each answer")?;
        let told = |failure: Failure| {
            failure.did("Three failures came before, then an answer and a second of peace.")
        };
        fails(&page, asked, &waits, likely).map(|_| ()).map_err(told)
    })
}

/// The wait is drawn, evenly, from 0 to its bound.
pub(in crate::checks) fn spread(probe: &Probe) -> Outcome {
    let setting = Setting { chance: Some(0.25), held: true };
    probe.stage(setting, |stage| {
        let page = Asking::new(stage);
        let likely = "all pages notice an outage in the same second: let each wait a random part of the bound, or all come back at once";
        page.fail(page.first()?)?;
        page.fail(page.after(0, "the first time at once")?)?;
        let did = "We answered 503 twice; `Math.random()` gives 0.25, and the bound is 1 s.";
        let asked = page.after(250, likely).map_err(|failure| failure.did(did))?;
        stage.value("void (Math.random = () => 0.75)")?;
        page.fail(asked)?;
        let did = "We answered 503 three times; now `Math.random()` gives 0.75, and the bound is 2 s.";
        page.after(1_500, likely).map(|_| ()).map_err(|failure| failure.did(did))
    })
}
