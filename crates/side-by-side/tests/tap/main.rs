//! Transports behind a tap, over real sockets: what is counted, captured, told and disturbed.

#![cfg(test)]

mod api;
mod behind;
mod capture;
mod counts;
mod disturb;
mod panel;
mod proxy;
mod variants;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use conformance::soon;
use message_store::MessageStore;
use server::{Context, Listener, Options, Transport};
use tokio::{task::JoinHandle, time::sleep};
use wire::{Clock, Tap, tap::Watch};

/// A transport's server behind a tap.
struct Tapped {
    tap: Tap,
    _watch: Watch,
    address: SocketAddr,
    store: MessageStore,
    context: Context,
    serving: JoinHandle<std::io::Result<()>>,
    data: PathBuf,
}

impl Tapped {
    /// `name` is that of the test, for a data folder of its own.
    async fn start(transport: Transport, name: &str) -> Self {
        let folder = format!("crosstalk-tap-{}-{name}-{}", std::process::id(), transport.name);
        let data = std::env::temp_dir().join(folder);
        let options = Options { data: data.clone(), post_rate: 0, ..Options::default() };
        let listener =
            Listener::bind(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0).await.expect("a free port of 127.0.0.1");
        let address = listener.local_addr();
        let tap = Tap::new(Clock::start(), transport.scheme == "https");
        let context = Context::new(transport, &options).tapped(tap.clone());
        let store = MessageStore::in_memory(256);
        let (log, told) = (store.clone(), context.clone());
        let serving = match transport.name {
            "polling" => tokio::spawn(polling::serve(listener, log, told)),
            "long-polling" => tokio::spawn(long_polling::serve(listener, log, told)),
            "http2-streaming" => tokio::spawn(http2_streaming::serve(listener, log, told)),
            "raw-websocket" => tokio::spawn(raw_websocket::serve(listener, log, told)),
            _ => tokio::spawn(tungstenite_websocket::serve(listener, log, told)),
        };
        Self { _watch: tap.watch(), tap, address, store, context, serving, data }
    }

    /// Waits until no connection is open, so that all is counted.
    async fn quiet(&self) {
        until("the end of all connections", || self.tap.open() == 0).await;
    }

    async fn stop(self) {
        self.context.stop();
        soon("the server's stop", self.serving).await.expect("it does not panic").expect("it stops in order");
        // The folder is there only if the transport needed a certificate.
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// Waits until something is so that tells nobody when it is.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    soon(what, async {
        while !is_so() {
            sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
