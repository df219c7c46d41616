//! Sizes that the RFCs fix: what must stand around a message of so many octets.

/// The header of a WebSocket frame from the server (octets; RFC 6455 §5.2): 2, and 2 or 8 more for a longer payload.
pub fn websocket_down(payload: u64) -> u64 {
    match payload {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    }
}

/// The header of a frame from the client, which has a masking key (RFC 6455 §5.3).
pub fn websocket_up(payload: u64) -> u64 {
    websocket_down(payload) + 4
}

/// The header of an HTTP/2 frame (RFC 9113 §4.1).
pub const HTTP2_FRAME: u64 = 9;

/// What a protected TLS 1.3 record adds (RFC 8446 §5.2): header 5, inner content type 1, tag 16.
pub const TLS_RECORD: u64 = 22;

/// IPv4 (RFC 791 §3.1), TCP (RFC 9293 §3.1) and its timestamps padded to 12 (RFC 7323 §3.2), a segment.
pub const TCP_IP_SEGMENT: u64 = 20 + 20 + 12;

/// A chunk's size in hexadecimal and its two line ends (RFC 9112 §7.1).
pub fn chunk(payload: u64) -> u64 {
    let digits = if payload == 0 { 1 } else { u64::from(payload.ilog(16)) + 1 };
    digits + 4
}

/// What TLS 1.3 adds to so many octets: a record for each 16,384 of them (RFC 8446 §5.1).
pub fn tls_records(octets: u64) -> u64 {
    TLS_RECORD * octets.div_ceil(16_384)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn websocket_headers_grow_at_126_and_65536() {
        let headers = [0, 125, 126, 65_535, 65_536].map(websocket_down);
        assert_eq!(headers, [2, 2, 4, 4, 10]);
        assert_eq!(websocket_up(125), 6);
    }

    #[test]
    fn chunks_and_records_are_counted_whole() {
        assert_eq!([0, 9, 15, 16, 255, 256].map(chunk), [5, 5, 5, 6, 6, 7]);
        assert_eq!([0, 1, 16_384, 16_385].map(tls_records), [0, 22, 22, 44]);
    }
}
