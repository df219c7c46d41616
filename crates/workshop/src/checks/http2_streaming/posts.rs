//! Step 4: posts beside streams.

use super::{Records, answer, head, open, posted, stream::followed};
use crate::{
    checks::http::{draft, drafts, listed},
    failure::Failure,
    http2::Event,
    probe::{Outcome, Probe},
};

/// Streams that are open on one connection.
const STREAMS: usize = 20;

/// More than a content may have.
const TOO_MUCH: usize = 40 * 1024;

/// Twenty streams and a post, all on one connection.
pub(super) fn many_streams(probe: &Probe) -> Outcome {
    probe.serve(&drafts(&probe.word(6), 2), &[], |server| {
        let did = format!("On one connection {STREAMS} streams were open, and we posted on it.");
        let told = |failure: Failure| {
            let is_refused =
                failure.got.contains("REFUSED_STREAM") || failure.got.starts_with("nothing came");
            let failure = failure.did(did.clone());
            if is_refused {
                failure.likely(
                    "each request is answered in a task of its own: none waits for another on its connection",
                )
            } else {
                failure
            }
        };
        let mut client = open(probe, server)?;
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            let mut records = Records::open(&mut client, "/messages").map_err(told)?;
            records.next(&mut client, "the first record").map_err(told)?;
            streams.push(records);
        }
        for id in 3..=5 {
            posted(&mut client, &draft("dana", &probe.word(8), &format!("n{id}"))).map_err(told)?;
            for records in &mut streams {
                let (ids, _) = records.until(&mut client, id, "the message on each stream").map_err(told)?;
                if ids != [id] {
                    let got = format!("messages {}", listed(&ids));
                    return Err(told(Failure::new(format!("message {id} on each stream"), got)));
                }
            }
        }
        Ok(())
    })
}

/// Answers of all kinds: each ends its stream, and a stream that is open goes on.
pub(super) fn ends(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = open(probe, server)?;
        let mut records = followed(&mut client)?;
        let whole = |failure: Failure, what: &str| failure.did(format!("A stream was open. We sent {what}."));
        let due = "an answer whose last frame has END_STREAM";
        let post = draft("dana", &probe.word(8), "n1");
        for (status, content) in [(201, &*post), (200, &*post), (400, "hello")] {
            let stream = client.post(content);
            let (head, _) = answer(&mut client, stream, due)
                .map_err(|failure| whole(failure, &format!("POST {content:.40}")))?;
            if head.status != status {
                return Err(whole(Failure::new(status.to_string(), head.status.to_string()), "a POST"));
            }
        }
        let stream = client.request("HEAD", "/", &[], true);
        match head(&mut client, stream, due).map_err(|failure| whole(failure, "HEAD /"))? {
            (_, true) => {}
            (head, false) => match client.on(stream) {
                Ok(Event::Data { octets, end: true, .. }) if octets.is_empty() => {}
                other => {
                    let failure = super::unless(&client, due, other)
                        .did(format!("HEAD / was answered {}.", head.status));
                    return Err(failure.likely("an answer without content ends with its HEADERS"));
                }
            },
        }
        too_much(&mut client)?;
        // The stream beside them is as it was.
        posted(&mut client, &draft("dana", &probe.word(8), "n2"))?;
        let (ids, _) = records.until(&mut client, 2, "the messages on the stream that is open")?;
        if ids == [1, 2] {
            return Ok(());
        }
        Err(whole(Failure::new("messages 1, 2", format!("messages {}", listed(&ids))), "posts"))
    })
}

/// A post that is refused by its length, and sends its content all the same.
fn too_much(client: &mut crate::http2::Http2) -> Outcome {
    let did = "We sent the head of a POST of 40 KiB, and its content while it was answered.";
    let length = TOO_MUCH.to_string();
    let fields = [("content-type", "application/json"), ("content-length", &*length)];
    let stream = client.request("POST", "/messages", &fields, false);
    client.data(stream, &vec![b' '; TOO_MUCH / 2], false);
    let due = "413, whole, and no reset that takes it from the client";
    let (head, _) = answer(client, stream, due).map_err(|failure| failure.did(did))?;
    if head.status != 413 {
        return Err(Failure::new(due, head.status.to_string()).did(did));
    }
    client.data(stream, &vec![b' '; TOO_MUCH / 2], true);
    Ok(())
}
