//! The shared promises, kept over the raw WebSocket.

conformance::suite!(raw_websocket::TRANSPORT, raw_websocket::serve, conformance::OverWebSocket);
