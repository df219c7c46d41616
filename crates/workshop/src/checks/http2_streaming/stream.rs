//! Step 2: a stream that stays open.

use std::time::Duration;

use super::{Records, head as head_of, open, posted};
use crate::{
    checks::http::{draft, drafts, listed},
    failure::Failure,
    http2::Event,
    probe::{Outcome, Probe},
};

/// How long is looked whether anything comes that must not: a slow server only makes it look less.
const LOOK: Duration = Duration::from_millis(150);

/// The head of the stream.
pub(super) fn head(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "We sent GET /messages.";
        let mut client = open(probe, server)?;
        let stream = client.get("/messages");
        let (head, end) = head_of(&mut client, stream, "HEADERS with 200").map_err(|failure| failure.did(did))?;
        let value = |name: &str| head.field(name).unwrap_or_else(|| "none".to_owned());
        let due = "200, content-type: application/x-ndjson, cache-control: no-store, no-transform; no content-length, no END_STREAM";
        let is_whole = end || head.field("content-length").is_some();
        let media = value("content-type");
        let is_good = head.status == 200
            && media == "application/x-ndjson"
            && head.lists("cache-control", "no-store")
            && head.lists("cache-control", "no-transform");
        if is_good && !is_whole {
            return Ok(());
        }
        let got = format!(
            "{}, content-type: {media}, cache-control: {}, content-length: {}, END_STREAM: {end}",
            head.status,
            value("cache-control"),
            value("content-length"),
        );
        Err(Failure::new(due, got).did(did).likely(if is_whole {
            "an answer whose length is known, or that has ended, is no stream: nothing can follow"
        } else {
            "a cache or proxy that gathers, keeps or compresses a stream holds its messages back"
        }))
    })
}

/// The first record: all that is retained, or an empty batch.
pub(super) fn first_record(probe: &Probe) -> Outcome {
    for count in [3_usize, 0] {
        let log = drafts(&probe.word(6), count);
        probe.serve(&log, &[], |server| {
            let did = format!("On a log of {count} messages we sent GET /messages.");
            let mut client = open(probe, server)?;
            let stream = client.get("/messages");
            let due = format!("a batch of {count} messages in DATA without END_STREAM");
            head_of(&mut client, stream, &due).map_err(|failure| failure.did(did.clone()))?;
            let mut came = Vec::new();
            let batch = loop {
                match client.on(stream) {
                    Ok(Event::Data { octets, end: false, .. }) => came.extend(octets),
                    other => {
                        let failure = super::unless(&client, &due, other).did(did);
                        return Err(failure.likely(
                            "what is retained goes out at once, even an empty batch; then the stream waits for more",
                        ));
                    }
                }
                // As far as this step goes: where a record ends is the next step's.
                let mut values = serde_json::Deserializer::from_slice(&came).into_iter::<serde_json::Value>();
                if let Some(Ok(batch)) = values.next() {
                    break batch;
                }
            };
            let got = batch.get("messages").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
            if got == count {
                return Ok(());
            }
            let failure = Failure::new(due, format!("{got} messages")).did(did);
            Err(failure.likely("without `after` the stream begins at the oldest message that is retained"))
        })?;
    }
    Ok(())
}

/// Posts, by another connection, and what comes of them: each message, and nothing else.
pub(super) fn still_open(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "A stream was open, and another connection posted.";
        let mut client = open(probe, server)?;
        let mut poster = open(probe, server)?;
        let stream = client.get("/messages");
        head_of(&mut client, stream, "HEADERS with 200")?;
        let mut came = String::new();
        for number in 0..=3_u64 {
            if number > 0 {
                posted(&mut poster, &draft("dana", &probe.word(8), &format!("n{number}")))?;
            }
            let due = format!("message {number} in DATA on the stream that is open");
            let wanted = if number == 0 { "\"cursor\"".to_owned() } else { format!("\"id\":{number},") };
            while !came.contains(&wanted) {
                match client.on(stream) {
                    Ok(Event::Data { octets, end: false, .. }) => {
                        came.push_str(&String::from_utf8_lossy(&octets));
                    }
                    other => {
                        return Err(super::unless(&client, &due, other).did(did).likely(
                            "after a batch the stream waits for the next: it ends only when either side goes",
                        ));
                    }
                }
            }
        }
        client.wire.patience = LOOK;
        while let Ok(Event::Data { octets, .. }) = client.on(stream) {
            came.push_str(&String::from_utf8_lossy(&octets));
            if came.contains("\n\n\n\n") {
                return Err(Failure::new("nothing while nobody posts", "one empty line after another")
                    .did(did)
                    .likely(
                        "an empty line is for 15 s of silence, so that nobody on the way gives the stream up",
                    ));
            }
        }
        let times: Vec<_> = (1..=3).map(|id| came.matches(&format!("\"id\":{id},")).count()).collect();
        if times == [1, 1, 1] {
            return Ok(());
        }
        let got = format!("messages 1, 2, 3 came {} times", listed(&times));
        Err(Failure::new("each message once", got).did(did))
    })
}

/// Opens a stream and reads its first record.
pub(super) fn followed(client: &mut crate::http2::Http2) -> Result<Records, Failure> {
    let mut records = Records::open(client, "/messages")?;
    records.next(client, "the first record")?;
    Ok(records)
}
