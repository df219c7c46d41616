//! Frames and header blocks as octets.

/// A frame: length, type, flags, stream, payload (RFC 9113 §4.1).
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut octets = length.get(1..).unwrap_or_default().to_vec();
    octets.extend([kind, flags]);
    octets.extend(stream.to_be_bytes());
    octets.extend_from_slice(payload);
    octets
}

/// Type, flags, stream, payload.
pub(super) type Parts = (u8, u8, u32, Vec<u8>);

/// A whole frame, and how many octets it takes.
pub(super) fn parse(octets: &[u8]) -> Option<(Parts, usize)> {
    let &[high, middle, low, kind, flags] = octets.first_chunk()?;
    let stream = u32::from_be_bytes(*octets.get(5..)?.first_chunk()?) & 0x7fff_ffff;
    let end = 9 + u32::from_be_bytes([0, high, middle, low]) as usize;
    Some(((kind, flags, stream, octets.get(9..end)?.to_vec()), end))
}

/// A text of an HPACK block: its length with a prefix of 7 bits, and its octets (RFC 7541 §5.1, §5.2).
pub(super) fn put_text(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if let Ok(short @ ..127) = u8::try_from(length) {
        block.push(short);
    } else {
        block.push(127);
        length -= 127;
        while let Ok(low @ 0..128) = u8::try_from(length % 128) {
            let more = length >= 128;
            block.push(low | if more { 128 } else { 0 });
            length /= 128;
            if !more {
                break;
            }
        }
    }
    block.extend_from_slice(text.as_bytes());
}

/// The name of an error code (RFC 9113 §7).
pub(super) fn error_name(code: u32) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    usize::try_from(code).ok().and_then(|code| NAMES.get(code)).unwrap_or(&"an unknown code")
}

#[cfg(test)]
mod tests {
    use fluke_hpack::Decoder;

    use super::*;

    #[test]
    fn a_frame_is_whole_with_its_last_octet() {
        let octets = frame(0, 1, 5, b"abc");
        assert_eq!(parse(&octets), Some(((0, 1, 5, b"abc".to_vec()), 12)));
        for cut in 0..octets.len() {
            assert_eq!(parse(&octets[..cut]), None);
        }
    }

    #[test]
    fn lengths_are_integers_of_hpack() {
        for length in [0, 1, 126, 127, 128, 254, 255, 400, 20_000] {
            let mut block = vec![0];
            put_text(&mut block, "n");
            put_text(&mut block, &"x".repeat(length));
            let fields = Decoder::new().decode(&block).unwrap();
            assert_eq!(fields[0].1.len(), length);
        }
    }
}
