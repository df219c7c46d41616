//! Step 4: the next request leaves when the answer has come. From here on the check is the server.

use crate::{
    checks::page::{Asking, HELD, batch_of, is_after},
    probe::{Outcome, Probe},
};

/// From an answer to the next request, in milliseconds.
pub(super) const PAUSE_MS: u32 = 1_000;

/// A slow server: its answer takes this long, in milliseconds.
const SLOW_MS: u32 = 5_000;

const INTERVAL: &str =
    "`setInterval` asks whether the last request was answered or not: ask, await, pause, and round again";

/// While a request waits for its answer, there is no other.
pub(in crate::checks) fn one_in_flight(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let asked = page.first()?;
        stage.pass(SLOW_MS)?;
        let due = "one request, and no other before its answer";
        page.quiet(due, INTERVAL)
            .map_err(|failure| failure.did("We left the page's first request without an answer for 5 s."))?;
        let text = probe.word(8);
        page.json(asked, &batch_of(1, &text))?;
        page.shows(&[text], "the message of the answer is on the page")
            .map_err(|failure| failure.likely("a batch belongs to `onBatch`"))
    })
}

/// The pause begins with the answer, however late that was; and the cursor is kept.
pub(in crate::checks) fn interval(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [probe.word(8), probe.word(8)];
        let [first, second] = texts.clone();
        page.json(page.first()?, &batch_of(1, &first))?;
        let likely =
            "`await pause(…)` behind each answer: too short a pause is load, without one it is a hot loop";
        let did = "We answered with a batch.";
        let asked = page.after(PAUSE_MS, likely).map_err(|failure| failure.did(did))?;
        is_after(&asked, 1, did)?;
        let did = "We answered with a batch, then with 304.";
        page.answer(asked, "304 Not Modified", &[], "")?;
        let asked = page.after(PAUSE_MS, likely).map_err(|failure| failure.did(did))?;
        is_after(&asked, 1, did)?;
        stage.pass(SLOW_MS)?;
        let did = "We took 5 s for an answer.";
        page.quiet("no request before the answer", INTERVAL).map_err(|failure| failure.did(did))?;
        page.json(asked, &batch_of(2, &second))?;
        let likely = "the pause is counted from the answer, not from the request";
        let asked = page.after(PAUSE_MS, likely).map_err(|failure| failure.did(did))?;
        is_after(&asked, 2, did)?;
        page.shows(&texts, "both messages, in their order")
    })
}

/// After a request that fails, the first or a later one, there is another, and only one.
pub(in crate::checks) fn survives(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [probe.word(8), probe.word(8)];
        let [first, second] = texts.clone();
        let did = "We broke an answer off in its midst, then let 1 s pass.";
        let due = "one request, 1 s later at the latest";
        let likely = "who follows is told of it, once: `follow()` ends, and `onState('closed', endOf(error))` lets the page connect again";
        page.cut(page.first()?)?;
        stage.pass(PAUSE_MS)?;
        let asked = page.next(due, likely).map_err(|failure| failure.did(did))?;
        page.json(asked, &batch_of(1, &first))?;
        let asked = page.after(PAUSE_MS, likely).map_err(|failure| failure.did(did))?;
        page.cut(asked)?;
        stage.pass(PAUSE_MS)?;
        let asked = page.next(due, likely).map_err(|failure| failure.did(did))?;
        is_after(&asked, 1, did)?;
        page.json(asked, &batch_of(2, &second))?;
        page.shows(&texts, "both messages, each once").map_err(|failure| failure.did(did))
    })
}
