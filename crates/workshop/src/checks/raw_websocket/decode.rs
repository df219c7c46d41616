//! Steps 4 and 5: frames from the client.

use super::{PING, TEXT, connect, in_log, joined, refused, request, said};
use crate::{
    client::masked,
    failure::hex,
    probe::{Outcome, Probe},
};

/// Texts whose frames have these many octets of payload.
fn text_of(probe: &Probe, payload: usize, nonce: &str) -> String {
    probe.word(payload.saturating_sub(super::draft("brian", "", nonce).len()))
}

/// Each side of the edge between 7 and 16 bits, and far behind it.
pub(in crate::checks) fn length_126(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut wire = joined(probe, server)?;
        for payload in [100, 125, 126, 127, 255, 256, 1_000] {
            let nonce = format!("n{payload}-{}", probe.word(4));
            let text = text_of(probe, payload, &nonce);
            let octets = said(probe, &text, &nonce);
            wire.send(&octets);
            in_log(probe, server, &mut wire, &nonce, &[text]).map_err(|failure| {
                let did = format!("We posted a draft in one frame of {payload} bytes: {}.", hex(&octets));
                if failure.likely.is_some() || payload < 126 {
                    return failure.did(did);
                }
                failure
                    .did(did)
                    .likely("126 says: the length is in the next 2 octets, the most significant first")
            })?;
        }
        Ok(())
    })
}

/// What only a 64-bit length can say, and what it must not say.
pub(in crate::checks) fn length_127(probe: &Probe) -> Outcome {
    let key = probe.key();
    let frame = |length: u64| [&[TEXT, 0xff], &length.to_be_bytes()[..], &key].concat();
    probe.serve(&[], &[], |server| {
        refused(
            probe,
            server,
            &frame(65_536),
            1009,
            "the header of a text of 65,536 bytes, a 64-bit length",
        )?;
        refused(probe, server, &frame(1 << 62), 1009, "the header of a text of 2^62 bytes")?;
        refused(probe, server, &frame(1 << 63), 1002, "a length with its highest bit set, which must be 0")?;
        refused(probe, server, &frame(5), 1002, "a 64-bit length of 5, which has a shorter form")?;
        let short = [&[TEXT, 0xfe, 0, 125], &key[..]].concat();
        refused(probe, server, &short, 1002, "a 16-bit length of 125, which has a shorter form")
    })
}

/// One octet a packet.
pub(in crate::checks) fn byte_by_byte(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut wire = joined(probe, server)?;
        let text = probe.word(130 + probe.below(40));
        let nonce = probe.word(8);
        let octets = said(probe, &text, &nonce);
        for octet in &octets {
            wire.send(&[*octet]);
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        in_log(probe, server, &mut wire, &nonce, &[text]).map_err(|failure| {
            let did = format!(
                "We sent a frame of {} bytes, one octet a write, so that each is read alone.",
                octets.len()
            );
            if failure.likely.is_some() {
                return failure.did(did);
            }
            failure
                .did(did)
                .likely("a read is taken for a whole frame, or the mask begins anew with each read")
        })
    })
}

/// Three frames: two in one write, and the third begun in it.
pub(in crate::checks) fn two_in_one_write(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut wire = joined(probe, server)?;
        let nonce = probe.word(8);
        let texts = [20, 150, 60].map(|length| probe.word(length));
        let octets: Vec<_> = (0..)
            .zip(&texts)
            .flat_map(|(number, text)| said(probe, text, &format!("{nonce}-{number}")))
            .collect();
        let (first, rest) = octets.split_at_checked(octets.len() - 70).unwrap_or((&octets, &[]));
        wire.send(first);
        std::thread::sleep(std::time::Duration::from_millis(20));
        wire.send(rest);
        in_log(probe, server, &mut wire, &nonce, &texts).map_err(|failure| {
            let did = "We sent two frames and the begin of a third in one write, its rest in a second one.";
            if failure.likely.is_some() {
                return failure.did(did);
            }
            failure
                .did(did)
                .likely("a read is taken for one frame: what stands behind it in the buffer is lost")
        })
    })
}

/// A frame in the same packet as the request.
pub(in crate::checks) fn early_bytes(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let mut wire = connect(probe, server)?;
        let (text, nonce) = (probe.word(12), probe.word(8));
        let octets = [request(server, &[]), said(probe, &text, &nonce)].concat();
        wire.send(&octets);
        let did = "We sent the opening handshake and a draft's frame in one write, as a proxy may join them.";
        wire.head().map_err(|ended| crate::failure::Failure::new("101", ended.told()).did(did))?;
        in_log(probe, server, &mut wire, &nonce, &[text]).map_err(|failure| {
            if failure.likely.is_some() {
                return failure.did(did);
            }
            failure
                .did(did)
                .likely("what was read behind the request's empty line is dropped: it is the first frame")
        })
    })
}

/// In clear, with and without room for a key.
pub(in crate::checks) fn unmasked(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let hi = br#"{"user":"a","text":"hi"}"#;
        let length = u8::try_from(hi.len()).unwrap_or_default();
        refused(probe, server, &[&[TEXT, length], &hi[..]].concat(), 1002, "a text that is not masked")?;
        refused(probe, server, &[0x89, 0], 1002, "a ping that is not masked")?;
        let long = masked(PING, &[b'x'; 126], probe.key());
        refused(probe, server, &long, 1002, "a ping of 126 bytes, one more than a control frame may have")
    })
}

/// One octet over the limit, by the header alone and with the payload.
pub(in crate::checks) fn too_big(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let announced = [&[TEXT, 0xfe, 0x80, 0x01], &probe.key()[..]].concat();
        refused(probe, server, &announced, 1009, "the header of a text of 32,769 bytes")?;
        // The last that is allowed.
        let mut wire = joined(probe, server)?;
        let (text, nonce) = (probe.word(8), probe.word(8));
        let draft = super::draft("brian", &text, &nonce);
        let padded = format!("{draft}{}", " ".repeat(32 * 1024 - draft.len()));
        wire.send(&masked(TEXT, padded.as_bytes(), probe.key()));
        in_log(probe, server, &mut wire, &nonce, &[text]).map_err(|failure| {
            failure.did("We posted a draft of exactly 32,768 bytes, the last that is allowed.")
        })
    })
}

/// RSV1 to RSV3, and opcodes without a meaning.
pub(in crate::checks) fn reserved_bits(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        for (first, what) in [
            (0xc1, "a text with RSV1 set, and no extension was negotiated"),
            (0xa1, "a text with RSV2 set"),
            (0x91, "a text with RSV3 set"),
            (0xc9, "a ping with RSV1 set, and no extension was negotiated"),
            (0x83, "a frame of the reserved opcode 3"),
            (0x8b, "a frame of the reserved opcode 11"),
            (0x09, "a ping without FIN, as if a control frame could have fragments"),
            (0x08, "a Close without FIN"),
        ] {
            refused(probe, server, &masked(first, b"hi", probe.key()), 1002, what)?;
        }
        let key = probe.key();
        let continued = [masked(0x01, b"{", key), masked(0xc0, b"}", key)].concat();
        let what = "a text in two frames, the second with RSV1 set, and no extension was negotiated";
        refused(probe, server, &continued, 1002, what)
    })
}
