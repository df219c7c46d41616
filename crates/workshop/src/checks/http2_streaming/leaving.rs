//! Step 5: streams that leave.

use super::{CANCEL, open, posted, stream::followed};
use crate::{
    checks::http::{draft, listed},
    failure::Failure,
    http2::Event,
    probe::{Outcome, Probe},
};

/// The largest window, which a stream's must not pass (RFC 9113 §6.9.1).
const MAX_WINDOW: u32 = 0x7fff_ffff;

const ONE_FOR_ALL: &str = "one stream's error ends the connection, and all the others with it";

/// Three streams, of which one is reset; posts; a new one.
pub(super) fn reset(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "Of three streams on a connection one was reset (RST_STREAM CANCEL); then we posted.";
        let told = |failure: Failure| {
            let is_over = ["GOAWAY", "the end", "a reset of"].iter().any(|over| failure.got.contains(over));
            let failure = failure.did(did);
            if is_over { failure.likely(ONE_FOR_ALL) } else { failure }
        };
        let mut client = open(probe, server)?;
        let mut poster = open(probe, server)?;
        let mut streams = [followed(&mut client)?, followed(&mut client)?, followed(&mut client)?];
        let [_, middle, _] = &streams;
        let stream = middle.stream;
        client.reset(stream, CANCEL);
        for id in 1..=3 {
            posted(&mut poster, &draft("dana", &probe.word(8), &format!("n{id}")))?;
            for (at, records) in streams.iter_mut().enumerate().filter(|(at, _)| *at != 1) {
                let due = format!("message {id} on stream {} of three", at + 1);
                let (ids, _) = records.until(&mut client, id, &due).map_err(told)?;
                if ids != [id] {
                    return Err(told(Failure::new(due, format!("messages {}", listed(&ids)))));
                }
            }
        }
        followed(&mut client).map(|_| ()).map_err(told)
    })
}

/// Streams that end by errors of each kind, again and again, beside one that goes on.
pub(super) fn others(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = open(probe, server)?;
        let mut poster = open(probe, server)?;
        let mut records = followed(&mut client)?;
        for id in 1..=12 {
            let what = match id % 3 {
                0 => {
                    let stream = followed(&mut client)?.stream;
                    client.reset(stream, CANCEL);
                    "reset a stream"
                }
                1 => {
                    let stream = followed(&mut client)?.stream;
                    // A stream error, which the server answers with RST_STREAM (RFC 9113 §6.9.1).
                    client.open_window(stream, MAX_WINDOW);
                    loop {
                        match client.on(stream) {
                            Ok(Event::Reset { .. }) => break,
                            Ok(Event::Data { end: false, .. }) => {}
                            other => {
                                let due = "RST_STREAM FLOW_CONTROL_ERROR on that stream";
                                let failure = super::unless(&client, due, other);
                                return Err(failure
                                    .did("On one of two streams we sent WINDOW_UPDATE past the largest window.")
                                    .likely(ONE_FOR_ALL));
                            }
                        }
                    }
                    "sent WINDOW_UPDATE past the largest window on a stream"
                }
                _ => {
                    let fields = [("content-type", "application/json"), ("content-length", "100")];
                    let stream = client.request("POST", "/messages", &fields, false);
                    client.data(stream, b"{", false);
                    client.reset(stream, CANCEL);
                    "reset a POST in the midst of its content"
                }
            };
            let did = format!("We {what}; then another connection posted.");
            posted(&mut poster, &draft("dana", &probe.word(8), &format!("n{id}")))?;
            let due = format!("message {id} on the other stream");
            let (ids, _) = records
                .until(&mut client, id, &due)
                .map_err(|failure| failure.did(did.clone()).likely(ONE_FOR_ALL))?;
            if ids != [id] {
                return Err(Failure::new(due, format!("messages {}", listed(&ids))).did(did));
            }
        }
        Ok(())
    })
}
