//! Steps 7 and 8: fragments, and UTF-8 across them.

use super::{PING, draft, expect_frame, in_log, joined, refused};
use crate::{
    client::masked,
    failure::Failure,
    probe::{Outcome, Probe},
};

/// The frames of one text message, cut at these places.
fn fragments(probe: &Probe, message: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut from = 0;
    for (at, &cut) in cuts.iter().chain([&message.len()]).enumerate() {
        let fin = if at == cuts.len() { 0x80 } else { 0 };
        let opcode = if at == 0 { 1 } else { 0 };
        frames.push(masked(fin | opcode, message.get(from..cut).unwrap_or_default(), probe.key()));
        from = cut;
    }
    frames
}

/// Three frames, one of them empty.
pub(in crate::checks) fn three_fragments(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for middle in [5, 0] {
            let mut wire = joined(probe, server)?;
            let (text, nonce) = (probe.word(20), probe.word(8));
            let message = draft("brian", &text, &nonce);
            let first = 3 + probe.below(20);
            let frames = fragments(probe, message.as_bytes(), &[first, first + middle]);
            wire.send(&frames.concat());
            in_log(probe, server, &mut wire, &nonce, &[text]).map_err(|failure| {
                let did = format!("We posted a draft in three frames, the second of {middle} bytes.");
                if failure.likely.is_some() {
                    return failure.did(did);
                }
                failure
                    .did(did)
                    .likely("each frame is taken for a message of its own; FIN says which is the last")
            })?;
        }
        Ok(())
    })
}

/// A ping between two fragments, answered before the message is whole.
pub(in crate::checks) fn ping_in_the_middle(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut wire = joined(probe, server)?;
        let (text, nonce, data) = (probe.word(20), probe.word(8), probe.word(5));
        let frames = fragments(probe, draft("brian", &text, &nonce).as_bytes(), &[10]);
        let did = "We sent the first fragment of a draft, then a ping, and only after the pong the second fragment.";
        wire.send(&frames.first().cloned().unwrap_or_default());
        wire.send(&masked(PING, data.as_bytes(), probe.key()));
        let pong = expect_frame(&mut wire, 10, "a pong, before the message is whole").map_err(|failure| {
            failure.did(did).likely("a control frame may stand between fragments, and is answered at once")
        })?;
        if pong.payload != data.as_bytes() {
            let failure = Failure::new("a pong with the ping's data", pong.told()).came(&pong.octets);
            return Err(failure.did(did).likely("fragment and ping are put into one buffer"));
        }
        wire.send(&frames.last().cloned().unwrap_or_default());
        in_log(probe, server, &mut wire, &nonce, &[text]).map_err(|failure| {
            if failure.likely.is_some() {
                return failure.did(did);
            }
            failure.did(did).likely("the ping ended the message under way: control frames must not touch it")
        })
    })
}

/// Continuations of nothing, and a message within a message.
pub(in crate::checks) fn continuation_first(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let key = probe.key();
        refused(
            probe,
            server,
            &masked(0x80, b"x", key),
            1002,
            "a continuation where no message is under way",
        )?;
        refused(probe, server, &masked(0x00, b"x", key), 1002, "a continuation without FIN of nothing")?;
        let within = [masked(0x01, b"a", key), masked(0x81, b"b", key)].concat();
        refused(probe, server, &within, 1002, "a text within a text that has not ended")?;
        let after = [masked(0x01, b"{", key), masked(0x80, b"}", key), masked(0x80, b"x", key)].concat();
        refused(
            probe,
            server,
            &after,
            1002,
            "a message of two frames, and a third continuation behind its FIN",
        )
    })
}

/// Fragments of one message that a server takes, at the least; beyond, it may say that it is enough.
const FRAGMENTS: usize = 64;

/// A binary message, and a message that never ends.
pub(in crate::checks) fn bounds(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let key = probe.key();
        let binary = masked(0x82, b"hi", key);
        refused(probe, server, &binary, 1003, "a binary message, where all messages are texts").map_err(
            |failure| failure.likely("a chat's messages are texts: 1003 is for what is of another type"),
        )?;
        let empty = masked(0x00, b"", key).repeat(FRAGMENTS);
        let endless = [masked(0x01, b"", key), empty].concat();
        let what = format!("a text in {} empty fragments, none of them the last", FRAGMENTS + 1);
        refused(probe, server, &endless, 1008, &what).map_err(|failure| {
            failure.likely(
                "nothing bounds the number of fragments: `limits.max_fragments` does, the octets do not",
            )
        })
    })
}

/// Characters of two, three and four octets, cut at each place.
pub(in crate::checks) fn utf8_across(probe: &Probe) -> Outcome {
    const TEXT: &str = "\u{e9}\u{20ac}\u{1f600}";
    probe.serve(&[], &[], |server| {
        let nonce = probe.word(8);
        let mut wire = joined(probe, server)?;
        let begin = draft("brian", "", &nonce).find(r#""text":""#).unwrap_or_default();
        let mut wanted = Vec::new();
        for cut in 1..TEXT.len() {
            let name = format!("{nonce}-{cut}");
            let message = draft("brian", TEXT, &name);
            let place = message.find('\u{e9}').unwrap_or(begin) + cut;
            wire.send(&fragments(probe, message.as_bytes(), &[place]).concat());
            wanted.push(TEXT.to_owned());
            in_log(probe, server, &mut wire, &nonce, &wanted).map_err(|failure| {
                let did = format!("We posted {TEXT:?} in two frames, cut behind octet {cut} of its 9.");
                if failure.likely.is_some() {
                    return failure.did(did);
                }
                failure
                    .did(did)
                    .likely("each fragment is read as UTF-8 by itself; a character may be cut by it")
            })?;
        }
        Ok(())
    })
}

/// Octets that are no UTF-8, in a message that has not ended and in one that has.
pub(in crate::checks) fn bad_utf8(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let key = probe.key();
        for (octets, what) in [
            (&b"\xc3\x28"[..], "the octets c3 28, no UTF-8"),
            (b"\xed\xa0\x80", "a surrogate in three octets, no UTF-8"),
            (b"\xf4\x90\x80\x80", "a code point above U+10FFFF, no UTF-8"),
        ] {
            refused(probe, server, &masked(0x81, octets, key), 1007, what)?;
        }
        let within = masked(0x81, b"a\xe2\x82", key);
        refused(probe, server, &within, 1007, "a text that ends within a character").map_err(|failure| {
            failure
                .region("end-frame")
                .likely("`finish` says that the last character is cut, and `end_frame` swallows it")
        })?;
        let open = masked(0x01, b"\xc3\x28", key);
        refused(probe, server, &open, 1007, "the octets c3 28 in a fragment; the message has not ended")?;
        let cut = [masked(0x01, b"\xc3", key), masked(0x80, b"\x28", key)].concat();
        refused(probe, server, &cut, 1007, "c3 in one fragment and 28 in the next")
    })
}
