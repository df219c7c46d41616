//! Who follows: what each transport does to follow, and what it makes of what it hears.

use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use memchr::memmem;
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};

use super::{
    connect::Target,
    engine_io::Session,
    http1::{Answer, Http1},
    http2::Http2,
    ledger::Ledger,
    marker::Finder,
    websocket,
};
use crate::{
    clock::Clock,
    counted::Counts,
    record::{Kind, Transport},
    subjects,
};

/// How long a long poll may wait (s): the protocol's default, said in so many words.
pub const WAIT_S: u64 = 25;

/// A batch of the house's log is at most this long; one that is may not be the last.
const BATCH_MESSAGES: usize = 256;

/// Whom a client hears for.
pub(super) enum Sink {
    /// One of the audience.
    Audience { ledger: Rc<RefCell<Ledger>>, client: usize, seat: Rc<Seat> },
    /// The poster: what it hears is its answer.
    Poster { ledger: Rc<RefCell<Ledger>>, seat: Rc<Seat> },
    /// Someone who wants to know when the first message comes.
    First(Option<oneshot::Sender<()>>),
}

/// Tells who waits that a client follows.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) is_ready: Cell<bool>,
    pub(super) became_ready: Notify,
    /// A permit to connect, given back when it follows.
    pub(super) permit: Cell<Option<OwnedSemaphorePermit>>,
    /// When it first noticed that it follows no more.
    pub(super) lost: Cell<Option<Instant>>,
    /// When it followed again.
    pub(super) back: Cell<Option<Instant>>,
    /// Attempts to follow again.
    pub(super) attempts: Cell<u64>,
    /// The first message after the fault: those from this number on are.
    pub(super) awaited: Cell<Option<usize>>,
    /// When it had that.
    pub(super) heard: Cell<Option<Instant>>,
}

/// What a client hears.
pub(super) struct Hearer {
    sink: Sink,
    finder: Finder,
    sends_all: bool,
    /// Content of a protocol that sends all each time, of which the end has not come.
    partial: Vec<u8>,
    /// Messages heard since the last request.
    messages: usize,
    cursor: Option<String>,
}

impl Hearer {
    pub(super) fn new(sink: Sink, transport: Transport) -> Self {
        let finder = Finder::default();
        Self { sink, finder, sends_all: sends_all(transport), partial: Vec::new(), messages: 0, cursor: None }
    }

    /// The path of the log, from where this client has come to.
    pub(super) fn path(&self, path: &str) -> String {
        self.cursor.as_ref().map_or_else(|| path.to_owned(), |cursor| format!("{path}?after={cursor}"))
    }

    /// A request leaves.
    pub(super) fn asked(&mut self) {
        self.messages = 0;
        if let Sink::Audience { ledger, .. } = &self.sink {
            ledger.borrow_mut().asked();
        }
    }

    /// The answer has been heard whole.
    pub(super) fn answered(&mut self) {
        if self.messages == 0
            && let Sink::Audience { ledger, .. } = &self.sink
        {
            ledger.borrow_mut().empty();
        }
    }

    /// It follows.
    pub(super) fn ready(&mut self) {
        if let Sink::Audience { seat, .. } | Sink::Poster { seat, .. } = &self.sink
            && !seat.is_ready.replace(true)
        {
            seat.permit.take();
            seat.back.set(Some(Instant::now()));
            seat.became_ready.notify_one();
        }
    }

    /// A whole message, or the whole content of an answer.
    pub(super) fn message(&mut self, content: &[u8]) {
        self.finder.clear();
        self.content(content);
    }

    /// A piece of content.
    pub(super) fn content(&mut self, piece: &[u8]) {
        self.remember_cursor(piece);
        if !self.sends_all {
            let mut finder = std::mem::take(&mut self.finder);
            finder.find(piece, |number| self.heard(number));
            self.finder = finder;
            return;
        }
        self.partial.extend_from_slice(piece);
        while let Some(end) = memmem::find(&self.partial, b"]}") {
            let rest = self.partial.split_off(end + 2);
            let document = std::mem::replace(&mut self.partial, rest);
            let mut numbers = Vec::new();
            Finder::default().find(&document, |number| numbers.push(number));
            // The newest is the first.
            numbers.into_iter().rev().for_each(|number| self.heard(number));
        }
    }

    fn heard(&mut self, number: usize) {
        self.messages += 1;
        match &mut self.sink {
            Sink::Audience { ledger, client, seat } => {
                ledger.borrow_mut().delivered(*client, number);
                seat.hear(number);
            }
            Sink::Poster { ledger, .. } => ledger.borrow_mut().answered(number),
            Sink::First(first) => {
                if let Some(first) = first.take() {
                    // Nobody may wait any more.
                    let _ = first.send(());
                }
            }
        }
    }

    /// Texts have no quotes in them, so this is the batch's own member.
    fn remember_cursor(&mut self, piece: &[u8]) {
        const MEMBER: &[u8] = br#""cursor":""#;
        let Some(begin) = memmem::rfind(piece, MEMBER) else { return };
        let rest = piece.get(begin + MEMBER.len()..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'"', rest) else { return };
        if let Some(cursor) = rest.get(..end).and_then(|cursor| std::str::from_utf8(cursor).ok()) {
            let place = self.cursor.get_or_insert_default();
            place.clear();
            place.push_str(cursor);
        }
    }
}

impl Seat {
    fn hear(&self, number: usize) {
        if self.awaited.get().is_some_and(|from| number >= from) {
            self.awaited.set(None);
            self.heard.set(Some(Instant::now()));
        }
    }
}

/// True for protocols that send all that is kept each time.
pub(super) fn sends_all(transport: Transport) -> bool {
    matches!(transport, Transport::CoursePolling | Transport::CourseHttp2)
}

/// True for servers that a client tells where it has come to, so that nothing comes twice or is missed: all of the
/// house's. The others send what they keep to whoever comes.
pub(super) fn resumes(subject: &str) -> bool {
    subjects::find(subject).is_some_and(|entry| matches!(entry.kind, Kind::House | Kind::Control))
}

/// What all clients of a load share.
#[derive(Clone)]
pub(super) struct Following {
    pub(super) target: Target,
    pub(super) transport: Transport,
    pub(super) pause: Duration,
    pub(super) clock: Clock,
}

impl Following {
    /// Follows until something fails. It begins from where the hearer has come to.
    pub(super) async fn follow(&self, hearer: &mut Hearer, counts: Option<&Arc<Counts>>) -> io::Result<()> {
        hearer.finder.clear();
        hearer.partial.clear();
        match self.transport {
            Transport::Polling | Transport::CoursePolling => self.poll(hearer, counts).await,
            Transport::LongPolling => self.poll_long(hearer, counts).await,
            Transport::Http2Streaming => self.stream("/messages", hearer, counts).await,
            Transport::CourseHttp2 => self.stream("/msgs", hearer, counts).await,
            Transport::Websocket => websocket::follow(&self.target, false, hearer, counts).await,
            Transport::SocketIoWebsocket => websocket::follow(&self.target, true, hearer, counts).await,
            Transport::SocketIoPolling => Session::open(&self.target, counts).await?.follow(hearer).await,
        }
    }

    async fn poll(&self, hearer: &mut Hearer, counts: Option<&Arc<Counts>>) -> io::Result<()> {
        let mut connection = Http1::connect(&self.target, counts).await?;
        loop {
            hearer.asked();
            let answer = self.ask(&mut connection, hearer).await?;
            hearer.message(&answer.content);
            hearer.answered();
            hearer.ready();
            if hearer.messages < BATCH_MESSAGES {
                self.clock.sleep(self.pause).await;
            }
        }
    }

    async fn ask(&self, connection: &mut Http1, hearer: &Hearer) -> io::Result<Answer> {
        if self.transport == Transport::CoursePolling {
            return connection.get("/poll", None).await?.expect("a poll");
        }
        let tag = hearer.cursor.as_ref().map(|cursor| format!("\"{cursor}\""));
        connection.get(&hearer.path("/messages"), tag.as_deref()).await?.expect("a poll")
    }

    async fn poll_long(&self, hearer: &mut Hearer, counts: Option<&Arc<Counts>>) -> io::Result<()> {
        let mut connection = Http1::connect(&self.target, counts).await?;
        // The first answer comes at once: it says that there is a connection.
        let mut wait = 0;
        loop {
            hearer.asked();
            let separator = if hearer.cursor.is_some() { '&' } else { '?' };
            let path = format!("{}{separator}wait={wait}", hearer.path("/messages"));
            let answer = connection.get(&path, None).await?.expect("a long poll")?;
            hearer.message(&answer.content);
            hearer.answered();
            hearer.ready();
            wait = WAIT_S;
        }
    }

    async fn stream(&self, path: &str, hearer: &mut Hearer, counts: Option<&Arc<Counts>>) -> io::Result<()> {
        let connection = Http2::connect(&self.target, counts).await?;
        hearer.asked();
        let mut content = connection.get(&hearer.path(path)).await?;
        hearer.ready();
        while let Some(piece) = content.next().await? {
            hearer.content(&piece);
        }
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ended"))
    }
}
