//! Step 3: polls that cost little: what is new, 304, and what was missed.

use crate::{
    checks::http::{Client, batch, draft, drafts, listed, target},
    failure::Failure,
    http1::Answer,
    probe::{Outcome, Probe},
};

/// Messages that a log retains.
const RETAINED: usize = 256;

/// The most octets of a batch.
const MAX_BATCH: usize = 256 * 1024;

/// Long texts, of 2,000 characters of four octets, that the log begins with: more than seven batches.
const LONG: usize = 240;

/// Rounds of posts and a poll.
const ROUNDS: usize = 40;

/// What must come after a cursor, and what came.
fn same(wanted: &[u64], got: &[u64], did: &str) -> Outcome {
    if got == wanted {
        return Ok(());
    }
    let cause = match (wanted, got) {
        ([], _) => "nothing is new: what the cursor stands after has been given",
        ([first, ..], [begin, ..]) if begin.checked_add(1) == Some(*first) => {
            "one too many: a cursor stands after its message, which has been given"
        }
        ([first, ..], [begin, ..]) if first.checked_add(1) == Some(*begin) => {
            "one too few: the first message after the cursor is new"
        }
        (_, [1, ..]) => "all of the log again: the cursor in `after` is not looked at",
        _ => "a batch begins after the client's cursor, and its own cursor stands after its last message",
    };
    let failure = Failure::new(format!("messages {}", listed(wanted)), format!("messages {}", listed(got)));
    Err(failure.did(did).likely(cause))
}

/// Two posts, and nothing else, after the cursor; then nothing.
pub(super) fn only_new(probe: &Probe) -> Outcome {
    let word = probe.word(6);
    probe.serve(&drafts(&word, 4), &[], |server| {
        let did =
            "Of a log of 4 messages we took the first batch, posted 2 more, and asked after its cursor.";
        let mut client = Client::new(probe, server)?;
        let first = client.follow(None)?;
        client.posted_all(&drafts(&probe.word(5), 2))?;
        let news = client.follow(Some(&first.cursor))?;
        same(&[5, 6], &news.ids(), did)?;
        let nothing = client.follow(Some(&news.cursor))?;
        same(&[], &nothing.ids(), &format!("{did} Then we asked after the cursor of that."))?;
        if nothing.cursor == news.cursor {
            return Ok(());
        }
        let got = format!("the cursor {}", nothing.cursor);
        Err(Failure::new(format!("the cursor {} again", news.cursor), got).did(did))
    })
}

fn judged(answer: &Answer, etag: &str, did: &str) -> Outcome {
    let due = format!("304 Not Modified, `etag: {etag}`, no content");
    let got = answer.head.field("etag").unwrap_or_default();
    if answer.head.status == 304 && answer.content.is_empty() && got == etag {
        return Ok(());
    }
    let cause = match answer.head.status {
        304 => "304 carries the `etag` that 200 would (RFC 9110 §15.4.5), and no content",
        _ => "`if-none-match` is a list of tags compared weakly: the client has this batch already",
    };
    let got = format!("{}, etag: {got}, {} octets", answer.line(), answer.content.len());
    Err(Failure::new(due, got).did(did).likely(cause))
}

/// The tag, what it saves, and what it must not hide.
pub(super) fn not_modified(probe: &Probe) -> Outcome {
    let word = probe.word(6);
    probe.serve(&drafts(&word, 3), &[], |server| {
        let mut client = Client::new(probe, server)?;
        let answer = client.asked("/messages", &[], "200 OK, and a batch")?;
        let cursor = batch(&answer)?.cursor;
        let etag = format!("\"{cursor}\"");
        let got = answer.head.field("etag").unwrap_or_else(|| "none".to_owned());
        if got != etag {
            let failure = Failure::new(format!("etag: {etag}, the cursor in quotes"), format!("etag: {got}"));
            return Err(failure
                .did("We sent GET /messages.")
                .likely("an entity tag stands in quotes (RFC 9110 §8.8.3)"));
        }
        let weak = format!("W/{etag}");
        let listed = format!("\"other\", {weak}");
        for (after, tag) in
            [(Some(&*cursor), &etag), (Some(&*cursor), &weak), (Some(&*cursor), &listed), (None, &etag)]
        {
            let did = format!("We sent GET {} with `if-none-match: {tag}`; nothing is new.", target(after));
            let answer = client
                .asked(&target(after), &[("if-none-match", tag)], "304 Not Modified")
                .map_err(|failure| failure.did(did.clone()))?;
            judged(&answer, &etag, &did)?;
        }
        client.posted(&draft("dana", "four", &word))?;
        let newest = client.follow(None)?.cursor;
        let did = "A message was posted, and we asked after the cursor before it";
        for tag in [&etag, &format!("\"{newest}\"")] {
            let did = format!("{did}, with `if-none-match: {tag}`.");
            let answer =
                client.asked(&target(Some(&cursor)), &[("if-none-match", tag)], "200 OK, and a batch")?;
            if answer.head.status != 200 {
                let failure = Failure::new("200 and the new message", answer.told()).did(did);
                return Err(
                    failure.likely("304 hides a message: the client asks after a cursor that has news")
                );
            }
            same(&[4], &batch(&answer)?.ids(), &did)?;
        }
        Ok(())
    })
}

/// A log of 1.9 MB from its beginning, batch by batch; then posts and polls by turns.
pub(super) fn exact(probe: &Probe) -> Outcome {
    let long = "\u{1f600}".repeat(2_000);
    let log: Vec<_> = (1..=LONG).map(|number| draft("brian", &long, &format!("long-{number}"))).collect();
    probe.serve(&log, &[], |server| {
        let did = format!("We read a log of {LONG} messages of 8 KB from its beginning, batch after batch.");
        let mut client = Client::new(probe, server)?;
        let (mut next, mut cursor) = (1, None);
        loop {
            let target = target(cursor.as_deref());
            let answer = client.asked(&target, &[], "200 OK, and a batch")?;
            let batch = batch(&answer).map_err(|failure| failure.did(did.clone()))?;
            let (size, ids) = (answer.content.len(), batch.ids());
            if size > MAX_BATCH {
                let failure =
                    Failure::new(format!("a batch of at most {MAX_BATCH} octets"), format!("{size} octets"));
                return Err(failure.did(did).likely(
                    "what does not fit waits for the next batch: one slow client must not cost a log",
                ));
            }
            let wanted: Vec<_> = (next..).take(ids.len().max(1)).collect();
            cursor = Some(batch.cursor);
            if next > LONG as u64 {
                same(&[], &ids, &did)?;
                break;
            }
            same(&wanted, &ids, &did)?;
            next += ids.len() as u64;
        }
        for round in 1..=ROUNDS {
            let posts = probe.below(4);
            let word = format!("{}{round}", probe.word(4));
            client.posted_all(&drafts(&word, posts))?;
            let did =
                format!("In round {round} of {ROUNDS} we posted {posts} drafts, and asked after our cursor.");
            let batch = client.follow(cursor.as_deref())?;
            same(&(next..).take(posts).collect::<Vec<_>>(), &batch.ids(), &did)?;
            next += posts as u64;
            cursor = Some(batch.cursor);
        }
        Ok(())
    })
}

/// As many messages as are retained, then one more, then a cursor of another log.
pub(super) fn missed(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = Client::new(probe, server)?;
        let cursor = client.follow(None)?.cursor;
        let word = probe.word(6);
        client.posted_all(&drafts(&word, RETAINED))?;
        for lost in 0..3_u64 {
            if lost > 0 {
                client.posted(&draft("dana", "one more", &format!("{word}-{lost}")))?;
            }
            let posted = RETAINED as u64 + lost;
            let did = format!("{posted} messages were posted, of which 256 are retained; we asked from before.");
            let batch = client.follow(Some(&cursor))?;
            let told = batch.missed.unwrap_or_default();
            if told != lost || batch.missed == Some(0) || batch.reset {
                let due = if lost == 0 { "no `missed`".to_owned() } else { format!("\"missed\":{lost}") };
                let got = batch.missed.map_or("no `missed`".to_owned(), |told| format!("\"missed\":{told}"));
                let got = if batch.reset { "\"reset\":true".to_owned() } else { got };
                return Err(Failure::new(due, got).did(did).likely(
                    "what lies between the cursor and the oldest retained message is missed, and nothing else is",
                ));
            }
            same(&(lost + 1..=posted).collect::<Vec<_>>(), &batch.ids(), &did)?;
        }
        let did = "We asked after a cursor of another log.";
        let batch = client.follow(Some("another-3"))?;
        if !batch.reset {
            let failure = Failure::new("\"reset\":true", "no `reset`").did(did);
            return Err(failure.likely(
                "ids begin anew when a log is lost: a cursor of another epoch tells nothing about this one",
            ));
        }
        same(&(3..=RETAINED as u64 + 2).collect::<Vec<_>>(), &batch.ids(), did)
    })
}
