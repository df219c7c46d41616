//! Step 5: a hidden tab asks nothing, and loses nothing.

use super::next_request::PAUSE_MS;
use crate::{
    checks::page::{Asking, HELD, batch, batch_of, is_after, message},
    probe::{Outcome, Probe},
};

/// A minute in which nobody looks, in milliseconds.
const AWAY_MS: u32 = 60_000;

/// Whatever was under way when the tab was hidden, nothing comes after it.
pub(in crate::checks) fn quiet(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let text = probe.word(8);
        let asked = page.first()?;
        stage.show(false)?;
        page.json(asked, &batch_of(1, &text))?;
        let did = "We hid the tab, answered the request that was under way, and let a minute pass.";
        page.shows(&[text], "what was asked for before is taken in").map_err(|failure| failure.did(did))?;
        stage.pass(AWAY_MS)?;
        let likely = "look at `document.visibilityState` before you ask, and wait until it is \"visible\"";
        page.quiet("no request while nobody looks", likely).map_err(|failure| failure.did(did))
    })
}

/// Shown again it asks at once, from where it was, and goes on as before.
pub(in crate::checks) fn catches_up(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [(); 4].map(|()| probe.word(8));
        let of = |id: usize, text: &String| message(id, text, None);
        let all: Vec<_> = (1..).zip(&texts).map(|(id, text)| of(id, text)).collect();
        let (before, while_away) = all.split_at(1);
        page.json(page.first()?, &batch(before, 1))?;
        stage.show(false)?;
        stage.pass(AWAY_MS)?;
        stage.show(true)?;
        let did = "We hid the tab for a minute, and showed it again.";
        let likely =
            "a page that is shown is told by `visibilitychange`, of `document`: listen to it while you wait";
        let asked = page.next("one request, at once", likely).map_err(|failure| failure.did(did))?;
        is_after(&asked, 1, did)?;
        page.json(asked, &batch(while_away, 4))?;
        page.shows(&texts, "all that was said meanwhile, each once").map_err(|failure| failure.did(did))?;
        for is_visible in [false, true, false, true] {
            stage.show(is_visible)?;
        }
        let did = "We hid the tab and showed it again, twice within a second.";
        let likely = "to be shown ends a wait; it begins nothing of its own";
        page.after(PAUSE_MS, likely).map(|_| ()).map_err(|failure| failure.did(did))
    })
}
