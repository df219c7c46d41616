//! raw-websocket
