//! Registered names: error codes, RFC 9113 §7, and frame types of extensions.

/// An error code's name and meaning.
pub(super) const fn error(code: u32) -> (&'static str, &'static str) {
    match code {
        0x0 => ("NO_ERROR", "Nothing is wrong: the sender just ends it."),
        0x1 => ("PROTOCOL_ERROR", "The peer broke the protocol."),
        0x2 => ("INTERNAL_ERROR", "The sender met a condition that it did not expect."),
        0x3 => ("FLOW_CONTROL_ERROR", "The peer sent more than its window allowed."),
        0x4 => ("SETTINGS_TIMEOUT", "The peer did not acknowledge SETTINGS in time."),
        0x5 => ("STREAM_CLOSED", "A frame came on a stream that was half closed already."),
        0x6 => ("FRAME_SIZE_ERROR", "A frame's size was not what its type allows."),
        0x7 => ("REFUSED_STREAM", "The stream was not processed at all: it may be tried again."),
        0x8 => ("CANCEL", "The stream is not needed any more."),
        0x9 => ("COMPRESSION_ERROR", "The field compression state was lost."),
        0xa => ("CONNECT_ERROR", "The connection of a CONNECT failed."),
        0xb => ("ENHANCE_YOUR_CALM", "The peer asks for too much work."),
        0xc => ("INADEQUATE_SECURITY", "The TLS below is too weak."),
        0xd => ("HTTP_1_1_REQUIRED", "Use HTTP/1.1 for this."),
        _ => ("unknown", "A code without a registered meaning: taken for INTERNAL_ERROR."),
    }
}

/// The frame type of a registered extension: name and specification.
pub(super) const fn extension(number: u8) -> Option<(&'static str, &'static str)> {
    match number {
        0x0a => Some(("ALTSVC", "RFC 7838 §4")),
        0x0c => Some(("ORIGIN", "RFC 8336 §2")),
        0x10 => Some(("PRIORITY_UPDATE", "RFC 9218 §7.1")),
        _ => None,
    }
}

/// A setting's name and meaning, and where it stands.
pub(super) const fn setting(identifier: u16) -> (&'static str, &'static str, &'static str) {
    const RFC: &str = "RFC 9113 §6.5.2";
    match identifier {
        1 => (
            "HEADER_TABLE_SIZE",
            "The octets that the peer's HPACK table may have when it sends fields.",
            RFC,
        ),
        2 => ("ENABLE_PUSH", "Whether the server may push: 0 no, 1 yes.", RFC),
        3 => ("MAX_CONCURRENT_STREAMS", "The streams that the peer may have open at once.", RFC),
        4 => ("INITIAL_WINDOW_SIZE", "The octets of DATA that the peer may send on a new stream.", RFC),
        5 => ("MAX_FRAME_SIZE", "The octets that the payload of a frame to the sender may have.", RFC),
        6 => {
            ("MAX_HEADER_LIST_SIZE", "The octets of fields that the sender takes, uncompressed; advice.", RFC)
        }
        8 => (
            "ENABLE_CONNECT_PROTOCOL",
            "Whether extended CONNECT works: WebSocket over HTTP/2.",
            "RFC 8441 §3",
        ),
        9 => ("NO_RFC7540_PRIORITIES", "1: the old priorities are not heeded.", "RFC 9218 §2.1"),
        _ => ("unknown", "Unknown settings are ignored; some are sent to see to it that they are.", RFC),
    }
}
