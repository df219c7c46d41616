//! Step 6: flow control.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{connect, open, posted, stream::followed};
use crate::{
    checks::http::draft,
    failure::Failure,
    http2::{Http2, INITIAL_WINDOW_SIZE},
    probe::{Outcome, PATIENT, Probe},
    process::Running,
};

/// Texts of 8 KB, 3 MB in all: far more than a window, a batch and the log hold.
const LONG: usize = 2_000;
const MESSAGES: u64 = 400;

/// Messages that a log retains.
const RETAINED: u64 = 256;

/// Streams that hold a batch each, if they may.
const STUCK: usize = 90;

/// What the server may take more for them: 90 batches are 22 MiB.
const MAX_GROWTH: u64 = 10 << 20;

fn long(number: u64) -> String {
    draft("brian", &"\u{1f600}".repeat(LONG), &format!("long-{number}"))
}

/// Two streams on one connection: one is not read while 4 MB are posted.
pub(super) fn stuck(probe: &Probe) -> Outcome {
    probe.serve(&[], PATIENT, |server| {
        let did = "Of two streams on one connection the first was not read (its window was not opened) while 400 drafts of 8 KB were posted.";
        let mut client = open(probe, server)?;
        let mut poster = open(probe, server)?;
        let mut slow = followed(&mut client)?;
        client.stuck.insert(slow.stream);
        let mut quick = followed(&mut client)?;
        let mut heard = 0;
        for id in 1..=MESSAGES {
            posted(&mut poster, &long(id))?;
            let due = format!("message {id} on the stream that is read");
            let (ids, missed) = quick.until(&mut client, id, &due).map_err(|failure| {
                failure.did(did).likely("the one that is not read holds up the other: a lock is held while its window is closed")
            })?;
            heard += ids.len() as u64 + missed;
        }
        if heard != MESSAGES {
            return Err(Failure::new("each message once", format!("{heard} of {MESSAGES}")).did(did));
        }
        client.stuck.clear();
        client.open_window(slow.stream, 1 << 20);
        let due = "on the slow stream: the messages that are retained, and `missed` for those before";
        let (ids, missed) = slow.until(&mut client, MESSAGES, due).map_err(|failure| {
            failure.did(did).did("Then we opened its window.")
        })?;
        let came = ids.len() as u64;
        if came + missed != MESSAGES {
            let got = format!("{came} messages, {missed} missed");
            return Err(Failure::new(format!("{MESSAGES} messages, come or missed"), got).did(did));
        }
        if missed == 0 {
            let got = format!("all {came} messages, 4 MB: they were kept for it");
            return Err(Failure::new(due, got).did(did).likely(
                "what the window does not take is queued without end (send_data takes all): wait for capacity, then read the log",
            ));
        }
        Ok(())
    })
}

/// Ninety streams with windows of one octet, each of which has a large batch to get.
pub(super) fn memory(probe: &Probe) -> Outcome {
    let log: Vec<_> = (1..=RETAINED).map(long).collect();
    probe.serve(&log, PATIENT, |server| {
        let did = format!("{STUCK} streams of one connection had windows of one octet, on a log of 2 MB.");
        // What one reader costs is there before.
        followed(&mut open(probe, server)?)?;
        let Some(before) = server.memory() else { return Ok(()) };
        let setting = Some((INITIAL_WINDOW_SIZE, 1));
        let mut client = Http2::new(connect(probe, server)?, server.address.port(), "http", setting, super::MORE);
        let streams: Vec<_> = (0..STUCK).map(|_| client.get("/messages")).collect();
        for stream in &streams {
            client.stuck.insert(*stream);
            super::head(&mut client, *stream, "HEADERS with 200").map_err(|failure| failure.did(did.clone()))?;
        }
        let grown = most(server, before);
        if grown <= MAX_GROWTH {
            return Ok(());
        }
        let due = format!("at most {} MiB more memory than before", MAX_GROWTH >> 20);
        Err(Failure::new(due, format!("{} MiB more", grown >> 20)).did(did).likely(
            "each stream holds a batch that it cannot send: first the window, then the log, and large ones in turn",
        ))
    })
}

/// The most that memory grows while the server is at work.
fn most(server: &Running, before: u64) -> u64 {
    let begun = Instant::now();
    let mut most = 0;
    // It is at work as long as its processor time grows, but for a moment of waiting.
    let (mut busy, mut quiet_since) = (server.busy(), Instant::now());
    while quiet_since.elapsed() < Duration::from_millis(250) && begun.elapsed() < Duration::from_secs(5) {
        most = most.max(server.memory().unwrap_or(before).saturating_sub(before));
        thread::sleep(Duration::from_millis(10));
        if server.busy() != busy {
            (busy, quiet_since) = (server.busy(), Instant::now());
        }
    }
    most
}
