//! tungstenite-websocket
