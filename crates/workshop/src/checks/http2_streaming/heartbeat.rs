//! Step 7: is anybody there?

use std::time::{Duration, Instant};

use super::{open, stream::followed};
use crate::{
    client::Ended,
    failure::Failure,
    http2::Event,
    probe::{Outcome, Probe},
};

/// Pings that one who answers must hear. One whose answers do not count is dropped in place of the second.
const PINGS: usize = 2;

fn silence(probe: &Probe) -> (Duration, String) {
    let silence = probe.stretched(Duration::from_millis(125));
    (silence, silence.as_millis().to_string())
}

/// One that answers its pings stays, however long it is silent otherwise.
pub(super) fn ping(probe: &Probe) -> Outcome {
    let (silence, milliseconds) = silence(probe);
    let did = format!(
        "We started your server with PING_MS={milliseconds}, opened a stream, and answered pings alone."
    );
    probe.serve(&[], &[("PING_MS", &milliseconds)], |server| {
        let mut client = open(probe, server)?;
        client.wire.patience = probe.patience() + silence;
        let records = followed(&mut client)?;
        for number in 1..=PINGS {
            let due = format!("PING number {number}, after that silence");
            loop {
                match client.event() {
                    Ok(Event::Ping(_)) => break,
                    Ok(Event::Other) => {}
                    Ok(Event::Data { octets, stream, end: false })
                        if octets == b"\n" && stream == records.stream => {}
                    Err(Ended::Silent(waited)) => {
                        let failure = Failure::new(due, Ended::Silent(waited).told()).did(did.clone());
                        return Err(failure.likely(
                            "a peer whose cable was cut looks connected for hours: only a ping without an answer tells",
                        ));
                    }
                    other => {
                        return Err(super::unless(&client, &due, other).did(did.clone()).likely(
                            "any octets from the peer are a sign of life, the answer to a ping above all",
                        ));
                    }
                }
            }
        }
        Ok(())
    })
}

/// One that answers none is gone.
pub(super) fn dropped(probe: &Probe) -> Outcome {
    let (silence, milliseconds) = silence(probe);
    let did =
        format!("We started your server with PING_MS={milliseconds}, opened a stream, and answered no ping.");
    probe.serve(&[], &[("PING_MS", &milliseconds)], |server| {
        let mut client = open(probe, server)?;
        followed(&mut client)?;
        client.answers_pings = false;
        let begun = Instant::now();
        let limit = probe.patience() + silence * 4;
        let mut pings = 0;
        while begun.elapsed() < limit {
            match client.event() {
                Ok(Event::GoAway(_)) | Err(Ended::Closed | Ended::Reset) => {
                    if pings > 0 {
                        return Ok(());
                    }
                    let got = "it was dropped before it was asked";
                    return Err(Failure::new("a PING, and then the end", got).did(did.clone()));
                }
                Ok(Event::Ping(_)) => pings += 1,
                Ok(_) | Err(Ended::Silent(_)) => {}
            }
        }
        let got = format!("still connected after {} ms and {pings} pings", begun.elapsed().as_millis());
        Err(Failure::new("the end of the connection, as long again after a PING", got)
            .did(did)
            .likely("nobody waits for the answer: a ping that is not answered in time ends the connection"))
    })
}
