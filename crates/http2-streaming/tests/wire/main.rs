//! What only HTTP/2 streaming puts on the wire: one port for TLS and cleartext, a response that does not end, the
//! windows of flow control, and what becomes of peers that flood.

use conformance::Target;

mod floods;
mod port;
mod streams;
mod windows;
mod wire;

conformance::subject!(http2_streaming::TRANSPORT, http2_streaming::serve, conformance::Http2Streaming);

/// The server under test.
type Server = Target<Subject>;
