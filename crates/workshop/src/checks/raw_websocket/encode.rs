//! Step 3: frames from the server.

use super::{open, unframed};
use crate::{
    client::{Ended, Wire},
    failure::Failure,
    probe::{Outcome, Probe},
    process::Running,
};

/// The longest text of a draft, in characters of four octets.
const MAX_CHARS: usize = 2_000;

/// A JSON object's octets, wherever it begins in what came: what the payload is, whatever its header says.
fn object(octets: &[u8]) -> Option<((usize, usize), usize)> {
    let start = octets.windows(12).position(|window| window == b"{\"messages\":")?;
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for (at, octet) in octets.iter().enumerate().skip(start) {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' if !in_text => depth += 1,
            b'}' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return Some(((start, at + 1), 0));
                }
            }
            _ => {}
        }
    }
    None
}

/// All octets of the first frame, and where its payload begins.
fn first(probe: &Probe, server: &Running) -> Result<(Vec<u8>, usize), Failure> {
    let mut wire: Wire = open(probe, server)?;
    match wire.read_until(probe.patience(), object) {
        Ok((start, end)) => Ok((wire.buffer.get(..end).unwrap_or_default().to_vec(), start)),
        Err(ended) => {
            let masked = wire.buffer.get(1).is_some_and(|octet| octet & 0x80 != 0);
            let failure = unframed(&wire, "a frame whose payload is {\"messages\":…", ended);
            Err(if masked {
                failure.likely("MASK is set: a server masks no frame")
            } else if matches!(ended, Ended::Silent(_)) && wire.buffer.is_empty() {
                failure.likely("the first batch is sent right behind the answer, even if it is empty")
            } else {
                failure
            })
        }
    }
}

fn headless() -> &'static str {
    "the payload came without a header: encode writes nothing"
}

/// The first octet, and the bit that a server must not set.
pub(in crate::checks) fn not_masked(probe: &Probe) -> Outcome {
    probe.serve(&[], &[], |server| {
        let did = "We connected, upgraded, and read the first frame: an empty batch.";
        let (octets, start) = first(probe, server).map_err(|failure| failure.did(did))?;
        let length = u8::try_from(octets.len() - start).unwrap_or(125);
        let expected: Vec<_> = [0x81, length].into_iter().chain(octets.iter().skip(start).copied()).collect();
        let fail = |cause: &str| Err(Failure::octets(&expected, &octets).did(did).likely(cause));
        match octets.get(..start) {
            Some([]) => fail(headless()),
            Some([0x81, second, ..]) if second & 0x80 != 0 => fail("MASK is set: a server masks no frame"),
            Some([0x81, ..]) => Ok(()),
            Some([0x01, ..]) => fail("FIN is not set: the message seems to go on in another frame"),
            Some([0x82, ..]) => fail("opcode 2 is binary; a chat is text, opcode 1"),
            _ => fail("the first octet of a text in one frame is FIN and opcode 1: 81"),
        }
    })
}

/// Drafts whose batch has exactly this many octets, if the cursor has so many.
fn drafts(probe: &Probe, length: usize, cursor: usize) -> Vec<String> {
    // {"messages":[…],"cursor":"…"}, and {"id":1,"user":"…","text":"…","time":1763600000000} of each.
    let envelope = r#"{"messages":[],"cursor":""}"#.len() + cursor;
    let around = r#"{"id":1,"user":"a","text":"","time":1763600000000}"#.len();
    let mut left = length.saturating_sub(envelope);
    let mut drafts = Vec::new();
    while left > around {
        // The next comma is of this message; the last one has none.
        let most = MAX_CHARS * 4 + around;
        let take = if left > most { (left / 2).min(most) } else { left };
        let octets = take - around;
        let wide = octets / 4;
        let text = "\u{1f600}".repeat(wide) + &probe.word(octets % 4);
        drafts.push(serde_json::json!({ "user": "a", "text": text }).to_string());
        left = left.saturating_sub(take + 1);
    }
    drafts
}

/// Each edge of the three forms.
pub(in crate::checks) fn reply_lengths(probe: &Probe) -> Outcome {
    let mut cursor = 15;
    for length in [125, 126, 127, 65_535, 65_536] {
        // The length of a cursor is the server's choice: measured, and taken into account the next time.
        for last in [false, false, false, false, true] {
            let drafts = drafts(probe, length, cursor);
            let (octets, start) = probe.serve(&drafts, &[], |server| first(probe, server))?;
            let came = octets.len() - start;
            if came == length || last {
                judge_length(&octets, start)?;
                break;
            }
            cursor = (cursor + came).saturating_sub(length).clamp(1, 64);
        }
    }
    Ok(())
}

/// What the header must be.
fn header(length: usize) -> Vec<u8> {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => vec![0x81, short],
        (_, Ok(length)) => [&[0x81, 126], &length.to_be_bytes()[..]].concat(),
        _ => [&[0x81, 127], &(length as u64).to_be_bytes()[..]].concat(),
    }
}

fn judge_length(octets: &[u8], start: usize) -> Outcome {
    let (got, payload) = octets.split_at_checked(start).unwrap_or((octets, &[]));
    let length = payload.len();
    let expected = header(length);
    if got == expected {
        return Ok(());
    }
    let low = |octets: &[u8], length: usize| {
        octets.iter().rev().fold(0, |all, octet| all << 8 | usize::from(*octet)) == length
    };
    let cause = match (got, length) {
        ([], _) => headless().to_owned(),
        ([_, 126], _) => {
            format!("126 says that 2 octets of length follow, and none do: {length} is no 7-bit length")
        }
        ([_, 127], _) => "127 says that 8 octets of length follow, and none do".to_owned(),
        ([_, 126, rest @ ..], 126..=65_535) if rest.len() == 2 && low(rest, length) => {
            "the length is little-endian; on the network the most significant octet comes first".to_owned()
        }
        ([_, 127, rest @ ..], 65_536..) if rest.len() == 8 && low(rest, length) => {
            "the length is little-endian; on the network the most significant octet comes first".to_owned()
        }
        ([_, 127, ..], ..65_536) => {
            "8 octets of length where 2 would do: the shortest form must be used".to_owned()
        }
        ([_, 126, ..], ..126) => {
            "2 octets of length where 7 bits would do: the shortest form must be used".to_owned()
        }
        ([_, 126, ..], 65_536..) => "65,535 is the last length that fits 16 bits".to_owned(),
        ([_, _], _) => format!(
            "{length} does not fit 7 bits: 125 is the last that does, 126 and 127 mean something else"
        ),
        _ => "the length does not say what follows".to_owned(),
    };
    let whole: Vec<_> = expected.iter().chain(payload).copied().collect();
    let did = format!(
        "We started your server with a log whose first batch has exactly {length} bytes, and connected."
    );
    Err(Failure::octets(&whole, octets).did(did).likely(cause))
}
