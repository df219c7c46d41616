//! http2-streaming
