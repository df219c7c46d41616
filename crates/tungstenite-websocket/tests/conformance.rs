//! The shared promises, kept over tungstenite's WebSocket.

conformance::suite!(
    tungstenite_websocket::TRANSPORT,
    tungstenite_websocket::serve,
    conformance::OverWebSocket
);
