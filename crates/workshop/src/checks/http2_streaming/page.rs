//! Step 9: the page's side. The check is the server; a page sees pieces of an answer whatever the version of HTTP.

use serde_json::json;

use crate::{
    checks::page::{AT_ONCE, HELD, batch_of, is_after, rows},
    failure::Failure,
    probe::{Outcome, Probe},
    scripted::{Asked, Pieces},
    stage::Stage,
};

/// After so long a silence the page gives a stream up, in milliseconds.
const SILENCE_MS: u32 = 45_000;

const LINES: &str =
    "a chunk is no record: it may end within a line, and hold several. Keep what is behind the last line end";

/// A record: a batch with one message, as a line.
fn record(id: usize, text: &str) -> Vec<u8> {
    format!("{}\n", batch_of(id, text)).into_bytes()
}

fn begun(asked: Asked) -> Pieces {
    asked.begin("200 OK", &[("content-type", "application/x-ndjson")])
}

/// The stream that the page asks for when it is loaded.
fn opened(stage: &Stage) -> Result<Pieces, Failure> {
    stage.asked("the page asks for the stream as soon as it is loaded").map(begun)
}

/// Waits until the page shows these texts, or has left the stream and asked for another.
fn shows(stage: &Stage, texts: &[String], due: &str, likely: &str) -> Outcome {
    let (rows, many) = (rows(texts), texts.len());
    let expression = format!(
        "{rows} || workshop.rows().length >= {many} && workshop.rows().at(-1).includes('\\ufffd') || workshop.asked().length > 1"
    );
    stage.until(&expression, due).map_err(|failure| failure.likely(likely))?;
    if stage.value(&rows)? == true {
        return Ok(());
    }
    let left = if stage.waiting()?.is_empty() { "" } else { "it has left the stream, and asks anew; " };
    Err(Failure::new(due, format!("{left}{}", stage.told())).likely(likely))
}

/// The next stream that the page asks for.
fn again(stage: &Stage, what: &str, likely: &str) -> Result<Asked, Failure> {
    let asked = stage.asked("the page asks for a new stream");
    asked.map_err(|failure| failure.did(format!("We {what}.")).likely(likely))
}

/// Sends lines so that each piece ends within the next line: `cut` gives its octets in the piece before. What a line
/// says is on the page before the next piece goes out, so no two pieces are read as one.
fn cut_anywhere(
    stage: &Stage,
    pieces: &mut Pieces,
    texts: &[String],
    cut: impl Fn(usize, &[u8]) -> usize,
    likely: &str,
) -> Outcome {
    let did = "Each piece that we sent ended within a line; the next began with the rest of it.";
    let mut sent = 0;
    for (index, text) in texts.iter().enumerate() {
        let id = index + 1;
        let next = texts.get(id).map(|text| record(id + 1, text)).unwrap_or_default();
        let ahead = if next.is_empty() { 0 } else { cut(id, &next) };
        let line = record(id, text);
        let piece = [line.get(sent..).unwrap_or_default(), next.get(..ahead).unwrap_or_default()].concat();
        pieces.send(&piece);
        sent = ahead;
        let due = format!("message {id} is on the page as soon as its line has ended");
        shows(stage, texts.get(..id).unwrap_or_default(), &due, likely)
            .map_err(|failure| failure.did(did))?;
    }
    Ok(())
}

/// Half a line, several lines, an empty one.
pub(in crate::checks) fn split(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let mut texts: Vec<_> = (0..6).map(|_| probe.word(8)).collect();
        let mut pieces = opened(stage)?;
        cut_anywhere(stage, &mut pieces, &texts, |_, line| 1 + probe.below(line.len() - 2), LINES)?;
        let together = [probe.word(8), probe.word(8)];
        let [first, second] = &together;
        pieces.send(&[&*record(7, first), b"\n\n", &*record(8, second), b"\n"].concat());
        texts.extend(together.clone());
        let did = "We sent two lines in one piece, and empty lines around them.";
        let likely = "an empty line is a sign of life and no record: pass it over";
        shows(stage, &texts, "both messages", likely).map_err(|failure| failure.did(did))
    })
}

/// Characters of two, three and four octets, cut behind their first, second and third.
pub(in crate::checks) fn utf8(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let word = probe.word(4);
        let texts: Vec<_> = ["é", "€", "€", "😀", "😀", "😀"].map(|char| format!("{word}{char}{word}")).to_vec();
        let texts: Vec<_> = [word].into_iter().chain(texts).collect();
        let mut pieces = opened(stage)?;
        let cut = |id: usize, line: &[u8]| {
            let begins = line.iter().position(|octet| !octet.is_ascii()).unwrap_or_default();
            begins + [1, 1, 2, 1, 2, 3].get(id - 1).copied().unwrap_or_default()
        };
        let likely = "a chunk may end within a character: one `TextDecoder`, and `decode(value, { stream: true })`, keep its first octets";
        cut_anywhere(stage, &mut pieces, &texts, cut, likely)
    })
}

/// Whatever ends a stream, the page says so, and asks for another.
pub(in crate::checks) fn red(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let text = probe.word(8);
        let asked = stage.asked("the page asks for the stream as soon as it is loaded")?;
        stage.value("void workshop.until(() => workshop.state() === 'connected').then(() => { globalThis.wasGreen = true; })")?;
        asked.answer("503 Service Unavailable", &[("content-type", "application/x-ndjson")], "");
        let likely = "`fetch` rejects only where there is no answer: look at `response.ok`";
        let asked = again(stage, "answered 503", likely)?;
        if stage.value("globalThis.wasGreen === true")? == true {
            return Err(Failure::new("no green dot where the answer is a 503", stage.told()).likely(likely));
        }
        let mut pieces = begun(asked);
        pieces.send(&record(1, &text));
        stage.until("workshop.state() === 'connected'", "the dot is green when a stream has begun")?;
        pieces.end();
        let likely = "`done` is an end like any other, and nobody asks again who is not told: throw `Lost`";
        let asked = again(stage, "ended the stream in good order", likely)?;
        stage.until("workshop.state() !== 'connected'", "after its end the dot is not green")?;
        let mut pieces = begun(asked);
        pieces.send(b"{\"messages\":[");
        pieces.cut();
        let asked = again(stage, "broke the stream off within a line", "`read` rejects: let `follow` end")?;
        let mut pieces = begun(asked);
        pieces.send(format!("{}\n", json!({ "neither": probe.word(6) })).as_bytes());
        let likely = "a line that is no batch ends the connection: `readBatch` throws, and nobody may catch it but `follow`";
        let _again = again(stage, "sent a line that is no batch", likely)?;
        if pieces.is_given_up() {
            return Ok(());
        }
        let failure = Failure::new("the stream before is given up", "it is still read").did("We sent a line that is no batch.");
        Err(failure.likely("nobody aborts it, and each new stream adds one: `closing.abort()` when `follow` has failed"))
    })
}

/// A stream that breaks off within a line: the next one begins behind the last whole one.
pub(in crate::checks) fn no_loss(probe: &Probe) -> Outcome {
    probe.stage(AT_ONCE, |stage| {
        let texts: Vec<_> = (0..5).map(|_| probe.word(8)).collect();
        let line = |id: usize| texts.get(id - 1).map(|text| record(id, text)).unwrap_or_default();
        let mut pieces = opened(stage)?;
        let half = line(4);
        let half = half.get(..half.len() / 2).unwrap_or_default();
        pieces.send(&[line(1), line(2), line(3), half.to_vec()].concat());
        let three = texts.get(..3).unwrap_or_default();
        shows(stage, three, "three messages, in their order", LINES)?;
        pieces.cut();
        let did = "We sent three lines and half of a fourth, and broke the stream off.";
        let asked = again(stage, "broke the stream off", "`read` rejects: let `follow` end")?;
        is_after(&asked, 3, did)?;
        let mut pieces = begun(asked);
        pieces.send(&[line(4), line(5)].concat());
        let due = "all messages, each once, in their order";
        stage.until(&rows(&texts), due).map_err(|failure| failure.did(did))
    })
}

/// A stream without even a heartbeat is dead, and one with heartbeats is not.
pub(in crate::checks) fn silence(probe: &Probe) -> Outcome {
    probe.stage(HELD, |stage| {
        let texts = [probe.word(8), probe.word(8)];
        let [first, second] = &texts;
        let mut pieces = opened(stage)?;
        pieces.send(&record(1, first));
        let one = texts.get(..1).unwrap_or_default();
        shows(stage, one, "the message of the first line", LINES)?;
        stage.pass(SILENCE_MS - 1)?;
        pieces.send(b"\n");
        let did = "We sent nothing for 45 s less 1 ms, then an empty line.";
        let likely = "each chunk breaks the silence, the one with an empty line too: `silence.broken()`";
        let counts_anew = format!("workshop.begun().includes({SILENCE_MS})");
        let counted = stage.until(&counts_anew, "the silence is counted from the empty line");
        counted.map_err(|failure| failure.did(did).likely(likely))?;
        stage.pass(SILENCE_MS - 1)?;
        pieces.send(&record(2, second));
        shows(stage, &texts, "the stream is still read", likely).map_err(|failure| failure.did(did))?;
        stage.pass(SILENCE_MS)?;
        let did = "We sent nothing for 45 s, as one whose other end has vanished.";
        if !pieces.is_given_up() {
            let likely = "nothing ends the request: its signal is that of `closing` or of `silence`, by `AbortSignal.any`";
            return Err(Failure::new("the stream is given up", "it is still waited for").did(did).likely(likely));
        }
        stage.until("workshop.begun().includes(0) || workshop.asked().length > 1", "the page connects again")?;
        stage.pass(0)?;
        is_after(&again(stage, "sent nothing for 45 s", "what is given up is asked for again")?, 2, did)
    })
}
