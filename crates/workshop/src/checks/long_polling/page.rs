//! Step 6: the page's side. The check is the server.

use crate::{
    checks::page::{Asking, HELD, batch_of, is_after},
    failure::Failure,
    probe::{Outcome, Probe},
    scripted::Asked,
};

/// How long the page lets the server wait, in seconds.
const WAIT_S: u32 = 25;

/// After this the page gives a request up: the wait, and as long as it gives any answer; in milliseconds.
const GIVES_UP_MS: u32 = 35_000;

const AT_ONCE_AGAIN: &str =
    "a pause is polling's: here the server waits, so the next request leaves as soon as the answer has come";

/// Whether a request allows the server to wait so long.
fn waits(asked: &Asked, seconds: u32, likely: &str) -> Outcome {
    if asked.request.query("wait").and_then(|wait| wait.parse().ok()) == Some(seconds) {
        return Ok(());
    }
    let due = format!("a request with wait={seconds}");
    Err(Failure::new(due, asked.request.told()).likely(likely))
}

/// First without a wait, then request after request, from the cursor of the newest batch.
pub(in crate::checks) fn at_once(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [probe.word(8), probe.word(8)];
        let [first, second] = texts.clone();
        let asked = page.first()?;
        let likely = "the first answer says that there is a connection: with wait=0 it comes at once";
        waits(&asked, 0, likely)?;
        page.json(asked, &batch_of(1, &first))?;
        let due = "one request, with no time between";
        let did = "We answered with a batch.";
        let asked = page.next(due, AT_ONCE_AGAIN).map_err(|failure| failure.did(did))?;
        waits(&asked, WAIT_S, "from the second request on the server may wait")
            .map_err(|failure| failure.did(did))?;
        is_after(&asked, 1, did)?;
        let did = "We answered with 204: nothing came while the request was held.";
        page.answer(asked, "204 No Content", &[], "")?;
        let likely = "204 has no content to read: it is no failure, and the cursor stays where it is";
        let asked = page.next(due, likely).map_err(|failure| failure.did(did))?;
        is_after(&asked, 1, did)?;
        page.json(asked, &batch_of(2, &second))?;
        let asked = page.next(due, AT_ONCE_AGAIN)?;
        is_after(&asked, 2, "We answered with a second batch.")?;
        page.shows(&texts, "both messages, in their order")
    })
}

/// The page is more patient than the server, but not for ever: a cable may be cut.
pub(in crate::checks) fn outwaits(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [probe.word(8), probe.word(8)];
        let [first, second] = texts.clone();
        page.json(page.first()?, &batch_of(1, &first))?;
        let asked = page.next("one request, with no time between", AT_ONCE_AGAIN)?;
        stage.pass(1_000 * WAIT_S + 1_000)?;
        page.json(asked, &batch_of(2, &second))?;
        let did = "We held a request for its 25 s and one more for the way, then answered with a batch.";
        let likely = "the page's own limit, in milliseconds, is the wait, in seconds, and what any answer may take";
        page.shows(&texts, "the answer is taken").map_err(|failure| failure.did(did).likely(likely))?;
        let _held = page.next("one request, with no time between", AT_ONCE_AGAIN)?;
        stage.pass(GIVES_UP_MS + 1_000)?;
        let did = "We held a request for 36 s, as one whose other end has vanished.";
        let likely = "without a limit of its own the page waits for ever: `AbortSignal.timeout`, beside `closing.signal`";
        page.ended().map_err(|failure| failure.did(did).likely(likely))?;
        let asked = page.after(0, "what was given up is asked for again").map_err(|failure| failure.did(did))?;
        is_after(&asked, 2, did)
    })
}

/// What breaks in the midst of an answer is asked for again, but not in a hot loop.
pub(in crate::checks) fn lost_answer(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let texts = [probe.word(8), probe.word(8)];
        let [first, second] = texts.clone();
        page.json(page.first()?, &batch_of(1, &first))?;
        let hot = "a hot loop: what fails at once would be asked for a thousand times a second. Let `follow` end, and say `closed`";
        page.cut(page.next("one request, with no time between", AT_ONCE_AGAIN)?)?;
        let did = "We broke an answer off in its midst.";
        page.quiet("nothing before the back-off's wait", hot).map_err(|failure| failure.did(did))?;
        let likely = "who follows is told, once: `onState('closed', endOf(error))`";
        let asked = page.after(0, likely).map_err(|failure| failure.did(did))?;
        is_after(&asked, 1, did)?;
        page.json(asked, &batch_of(2, &second))?;
        page.shows(&texts, "both messages, each once").map_err(|failure| failure.did(did))?;
        let did = "We answered 503, without content.";
        page.fail(page.next("one request, with no time between", AT_ONCE_AGAIN)?)?;
        page.quiet("nothing before the back-off's wait", hot).map_err(|failure| failure.did(did))?;
        page.after(0, likely).map(|_| ()).map_err(|failure| failure.did(did))
    })
}

/// A connection that is closed by the page lets its request go, and says nothing any more.
pub(in crate::checks) fn aborts(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let page = Asking::new(stage);
        let _of_page = page.first()?;
        // As the log client does it when the device has lost its network.
        stage.value(
            "import('/transports/long-polling.js').then(({ connect }) => { \
             globalThis.told = []; \
             const following = { onBatch() {}, onState: (state) => told.push(state) }; \
             globalThis.second = connect(new URL('/messages', location.href), following); })",
        )?;
        let mut asked = page.next("a request of the second connection", "`connect` asks at once")?;
        stage.value("void second.close()")?;
        let did = "We called `connect`, held its request, and called `close`.";
        if !asked.is_given_up() {
            let failure = Failure::new("the request is given up", "it is still there").did(did);
            return Err(failure.likely(
                "nobody aborts it: `closing.signal` belongs to the request, beside the limit of time",
            ));
        }
        page.ended()?;
        let likely = "`close` is no failure: after it nothing is called back";
        page.is("told.length === 0", "nothing is called back")
            .map_err(|failure| failure.did(did).likely(likely))
    })
}
