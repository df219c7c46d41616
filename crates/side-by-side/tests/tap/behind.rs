//! The shared promises, kept behind a tap: transports and clients do not notice it.

use message_store::MessageStore;
use server::{Context, Listener};
use wire::{Clock, Tap, tap::Watch};

fn tapped(context: Context) -> (Watch, Context) {
    let may_speak_tls = context.transport.scheme == "https";
    let tap = Tap::new(Clock::start(), may_speak_tls);
    (tap.watch(), context.tapped(tap))
}

mod raw_websocket_behind {
    use super::*;

    async fn serve(listener: Listener, store: MessageStore, context: Context) -> std::io::Result<()> {
        let (_watch, context) = tapped(context);
        raw_websocket::serve(listener, store, context).await
    }

    conformance::suite!(raw_websocket::TRANSPORT, serve, conformance::OverWebSocket);
}

mod http2_streaming_behind {
    use super::*;

    async fn serve(listener: Listener, store: MessageStore, context: Context) -> std::io::Result<()> {
        let (_watch, context) = tapped(context);
        http2_streaming::serve(listener, store, context).await
    }

    conformance::suite!(http2_streaming::TRANSPORT, serve, conformance::Http2Streaming);
}
