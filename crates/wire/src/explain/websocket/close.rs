//! Status codes of a close frame, RFC 6455 §7.4.

/// A code's registered name and meaning.
pub(super) fn code(code: u16) -> (&'static str, &'static str) {
    match code {
        1000 => ("NORMAL_CLOSURE", "The purpose of the connection is fulfilled."),
        1001 => ("GOING_AWAY", "The server stops, or the browser left the page."),
        1002 => ("PROTOCOL_ERROR", "The peer broke the protocol."),
        1003 => ("UNSUPPORTED_DATA", "Data of a type that the sender does not take."),
        1004 => ("reserved", "Reserved: its meaning may be defined one day."),
        1005 => {
            ("NO_STATUS_RECEIVED", "Not allowed on the wire: it only reports that a close frame had no code.")
        }
        1006 => {
            ("ABNORMAL_CLOSURE", "Not allowed on the wire: it only reports that there was no close frame.")
        }
        1007 => {
            ("INVALID_FRAME_PAYLOAD_DATA", "Data not of the message's type, such as text that is not UTF-8.")
        }
        1008 => ("POLICY_VIOLATION", "A message against the sender's policy, where no other code fits."),
        1009 => ("MESSAGE_TOO_BIG", "A message too big for the sender to process."),
        1010 => ("MANDATORY_EXTENSION", "The client needs an extension that the server did not agree on."),
        1011 => ("INTERNAL_ERROR", "The server met a condition that it did not expect."),
        1012 => ("SERVICE_RESTART", "The server restarts; come again."),
        1013 => ("TRY_AGAIN_LATER", "The server is overloaded; come again later."),
        1014 => ("BAD_GATEWAY", "A gateway got an invalid answer from the server behind it."),
        1015 => ("TLS_HANDSHAKE", "Not allowed on the wire: it only reports that TLS failed."),
        3000..=3999 => ("registered", "A code of a library or framework, registered with IANA."),
        4000..=4999 => ("private use", "A code that the two programs agreed on between themselves."),
        0..=999 => ("not used", "Breaks a rule: codes below 1000 are not used."),
        _ => ("not assigned", "Breaks a rule: no specification assigns this code."),
    }
}
