//! What both Rust peers share: a log of the newest messages, and everybody who wants each.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpListener,
    sync::broadcast::{Receiver, Sender, channel},
};

/// Messages that a slow client may be behind before it misses some.
const BEHIND: usize = 4_096;

/// The command line of a peer.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many of the newest messages a newcomer gets.
    #[arg(long, default_value_t = 256)]
    history: usize,
}

#[derive(Deserialize)]
struct Draft {
    user: String,
    text: String,
}

#[derive(Clone, Serialize)]
struct Message {
    id: u64,
    user: String,
    text: String,
    time: u128,
}

#[derive(Serialize)]
struct Batch<'a> {
    messages: &'a [Message],
}

/// The log; a clone is the same log.
#[derive(Clone)]
pub(crate) struct Log {
    kept: Arc<Mutex<(u64, VecDeque<Message>)>>,
    history: usize,
    news: Sender<Arc<str>>,
}

impl Log {
    /// Appends a draft's JSON, and sends the message to everybody.
    pub(crate) fn append(&self, draft: &[u8]) {
        let Ok(Draft { user, text }) = serde_json::from_slice(draft) else { return };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let message = Message { id: kept.0 + 1, user, text, time };
        kept.0 = message.id;
        // Under the lock, so that the order is the log's. Nobody may be there.
        let _ = self.news.send(batch(std::slice::from_ref(&message)));
        kept.1.push_back(message);
        if kept.1.len() > self.history {
            kept.1.pop_front();
        }
    }

    /// What a newcomer gets, and all that comes after it.
    pub(crate) fn follow(&self) -> (Arc<str>, Receiver<Arc<str>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (batch(kept.1.make_contiguous()), self.news.subscribe())
    }
}

fn batch(messages: &[Message]) -> Arc<str> {
    serde_json::to_string(&Batch { messages }).unwrap_or_default().into()
}

/// Listens as the command line says, and says where.
#[expect(clippy::print_stdout, reason = "this is the program's own output, not a log")]
pub(crate) async fn start() -> std::io::Result<(TcpListener, Log)> {
    let options = Options::parse();
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let log = Log { kept: Arc::default(), history: options.history, news: channel(BEHIND).0 };
    Ok((listener, log))
}
