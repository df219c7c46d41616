//! Step 3: records.

use super::{open, posted, stream::followed};
use crate::{
    checks::http::{draft, listed},
    failure::Failure,
    probe::{Outcome, Probe},
};

/// Posts that come close behind each other.
const BURST: u64 = 40;

/// Texts with all that ends a line somewhere.
pub(super) fn newline(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut client = open(probe, server)?;
        let mut poster = open(probe, server)?;
        let mut records = followed(&mut client)?;
        for (number, mark) in (1..).zip(["\n", "\r\n", "\u{2028}", "\\n", "}\n{\"messages\":[]"]) {
            let text = format!("{}{mark}{}", probe.word(4), probe.word(4));
            let did = format!("We posted the text {text:?}.");
            posted(&mut poster, &draft("dana", &text, &format!("n{number}")))?;
            let due = "one record, a line of JSON and a line feed";
            let batch = records.next(&mut client, due).map_err(|failure| failure.did(did.clone()))?;
            let wanted = text.replace("\r\n", "\n");
            if batch.texts() != [wanted.clone()] {
                let got = format!("the texts {:?}", batch.texts());
                return Err(Failure::new(format!("the text {wanted:?}"), got).did(did));
            }
            if !records.rest.is_empty() {
                let rest = String::from_utf8_lossy(&records.rest).into_owned();
                return Err(Failure::new("nothing behind the record", rest).did(did));
            }
        }
        Ok(())
    })
}

/// A burst: however frames and records fall together, the lines are batches in order.
pub(super) fn two(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = format!("We posted {BURST} drafts close behind each other, some of them long.");
        let mut client = open(probe, server)?;
        let mut poster = open(probe, server)?;
        let mut records = followed(&mut client)?;
        let mut next = 1;
        while next <= BURST {
            let some: Vec<_> = (next..=BURST).take(1 + probe.below(8)).collect();
            for number in &some {
                let length = if probe.below(4) == 0 { 1_900 } else { 5 };
                let text = "\u{e9}".repeat(length);
                posted(&mut poster, &draft("dana", &text, &format!("n{number}")))?;
            }
            let last = some.last().copied().unwrap_or(next);
            let (ids, missed) = records
                .until(&mut client, last, "records, a line each")
                .map_err(|failure| failure.did(did.clone()))?;
            if ids != some || missed > 0 {
                let got = format!("messages {}, {missed} missed", listed(&ids));
                return Err(Failure::new(format!("messages {}", listed(&some)), got).did(did));
            }
            next = last + 1;
        }
        Ok(())
    })
}
