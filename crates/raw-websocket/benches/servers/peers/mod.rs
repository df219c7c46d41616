//! The servers: each takes a draft and sends it to all as a message with an id, or says each message back.
//!
//! They are as people write them who know their library and care for its speed, with no rule of the chat beyond that:
//! no limits, no history, no checks.

mod fastwebsockets;
mod floor;
mod house;
mod tokio_tungstenite;

use std::{
    borrow::Cow,
    io::Read,
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, runtime};

use crate::{Outcome, child::LISTENING};

/// Messages that wait for a client's task; one that falls behind by more would lose some, and be found out.
const QUEUED: usize = 4096;

/// Runs the server of this name until standard input ends.
pub(crate) fn serve(name: &str, echo: bool) -> Outcome<()> {
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    match name {
        "floor" if echo => return floor::serve(floor::Sends::Back),
        "floor" => return floor::serve(floor::Sends::Each),
        "floor-gathered" => return floor::serve(floor::Sends::Gathered),
        _ => {}
    }
    // Ours run as their programs do. On one core, who tunes a server for it takes the runtime of one thread.
    let ours = matches!(name, "raw-websocket" | "tungstenite-websocket");
    let mut runtime = match thread::available_parallelism()?.get() {
        1 if !ours => runtime::Builder::new_current_thread(),
        _ => runtime::Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(async {
        match (name, echo) {
            ("raw-websocket", false) => house::raw_websocket().await,
            ("tungstenite-websocket", false) => house::tungstenite_websocket().await,
            ("raw-websocket", true) => house::raw_websocket_echo(listen().await?).await,
            ("tokio-tungstenite", false) => tokio_tungstenite::chat(listen().await?).await,
            ("tokio-tungstenite", true) => tokio_tungstenite::echo(listen().await?).await,
            ("fastwebsockets", _) => fastwebsockets::serve(listen().await?, echo).await,
            _ => Err(format!("there is no server called {name}").into()),
        }
    })
}

/// Says where the server listens, as the bench waits for.
fn announce(address: SocketAddr) {
    println!("{LISTENING}{address}");
}

/// Listens on a free port, and says so.
async fn listen() -> Outcome<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?);
    Ok(listener)
}

#[derive(Deserialize)]
struct Draft<'a> {
    #[serde(borrow)]
    user: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct Message<'a> {
    id: u64,
    user: &'a str,
    text: &'a str,
    time: u128,
}

#[derive(Serialize)]
struct Batch<'a> {
    messages: [Message<'a>; 1],
}

/// A draft as the message that all get; `None` if it is none.
fn message(draft: &str) -> Option<String> {
    static ID: AtomicU64 = AtomicU64::new(1);
    let Draft { user, text } = serde_json::from_str(draft).ok()?;
    let time = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis();
    let id = ID.fetch_add(1, Ordering::Relaxed);
    serde_json::to_string(&Batch { messages: [Message { id, user: &user, text: &text, time }] }).ok()
}
