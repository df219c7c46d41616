//! What only a WebSocket puts on the wire, by tokio-tungstenite: the same promises as the WebSocket by hand keeps,
//! but for what the library decides by itself.

use conformance::{
    Target, raw_request,
    websocket::handshake,
    websocket_wire::violations::{Deviation, Instead},
};

/// What the library decides differently, all of it.
const DECIDED_BY_THE_LIBRARY: &[Deviation] = &[
    // It takes a length in more octets than it needs, which RFC 6455 §5.2 forbids to send.
    Deviation { what: "a length that is not in its shortest form", instead: Instead::Delivered },
    // The bit that must be 0 makes the length too large for it.
    Deviation { what: "a length of 2^63", instead: Instead::Code(1009) },
    // It shows messages and no fragments, so nobody can count them; empty ones cost nothing but time.
    Deviation { what: "65 fragments", instead: Instead::Delivered },
    Deviation { what: "65 fragments, all but the first and the last empty", instead: Instead::Delivered },
];

conformance::websocket_wire!(
    tungstenite_websocket::TRANSPORT,
    tungstenite_websocket::serve,
    env!("CARGO_BIN_EXE_tungstenite-websocket"),
    super::DECIDED_BY_THE_LIBRARY
);

/// The library has no permessage-deflate, so none is ever agreed on.
#[tokio::test]
async fn no_extension_is_ever_agreed_on() {
    let target = Target::<Wire>::start().await;
    for offer in ["permessage-deflate", "permessage-deflate; client_max_window_bits"] {
        let request = handshake("/messages").with("sec-websocket-extensions", offer);
        let response = raw_request(target.address, &request.to_http1(&target.authority())).await;
        assert_eq!(response.status, 101, "{offer}: {response}");
        assert_eq!(response.field("sec-websocket-extensions"), None, "{offer}: {response}");
    }
    target.stop().await;
}
