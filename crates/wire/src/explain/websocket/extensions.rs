//! What was agreed on in the opening handshake, RFC 6455 §9 and RFC 7692 §7.1.

/// How messages may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explain) enum Deflate {
    /// Not agreed: RSV1 has no meaning.
    No,
    /// The handshake is not in the capture: RSV1 is taken for that of permessage-deflate, the only one registered.
    Assumed,
    /// Agreed.
    Yes {
        /// The client compresses each message by itself, RFC 7692 §7.1.1.2.
        client_no_context_takeover: bool,
        /// The server does, §7.1.1.1.
        server_no_context_takeover: bool,
    },
}

/// The extensions in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::explain) struct Extensions {
    pub(super) deflate: Deflate,
    /// Others, which may give RSV bits and opcodes a meaning that is not known here.
    pub(super) others: Option<String>,
}

impl Extensions {
    /// Those of a connection whose handshake is not in the capture.
    pub(in crate::explain) const fn assumed() -> Self {
        Self { deflate: Deflate::Assumed, others: None }
    }

    /// Those that a `sec-websocket-extensions` of an answer names.
    pub(in crate::explain) fn agreed(value: &str) -> Self {
        let mut extensions = Self { deflate: Deflate::No, others: None };
        for extension in value.split(',').map(str::trim).filter(|extension| !extension.is_empty()) {
            let mut parts = extension.split(';').map(str::trim);
            if parts.next() == Some("permessage-deflate") {
                let parameters: Vec<_> = parts.collect();
                extensions.deflate = Deflate::Yes {
                    client_no_context_takeover: parameters.contains(&"client_no_context_takeover"),
                    server_no_context_takeover: parameters.contains(&"server_no_context_takeover"),
                };
            } else {
                extensions.others.get_or_insert_default().push_str(extension);
            }
        }
        extensions
    }
}
