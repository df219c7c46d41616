//! The shared promises, kept over HTTP/2 streaming.

conformance::suite!(http2_streaming::TRANSPORT, http2_streaming::serve, conformance::Http2Streaming);
