//! A socket that two write to: the hub, which sends every batch to all that are caught up, and the
//! conversation, which answers what its client says and sends batches itself while the client is behind.

use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::{Buf, BytesMut};
use message_store::Cursor;
use server::{limits, listener::Permit};
use tokio::{io::Interest, net::TcpStream, sync::Notify};

use crate::{
    deflate::{Parameters, WindowBits},
    frame::{Opcode, Role, encode_frame},
    hub::Clock,
    outgoing::BatchFrames,
};

/// A batch as it stands on the wire, and the places before and after it.
pub(crate) struct Broadcast {
    pub(crate) frames: BatchFrames,
    pub(crate) before: Cursor,
    pub(crate) after: Cursor,
}

/// A connection's socket. The lock is held for a system call at most, never across an await.
pub(crate) struct Socket {
    tcp: TcpStream,
    /// The window for what is sent, if messages are compressed.
    deflate: Option<WindowBits>,
    output: Mutex<Output>,
    /// Tells the conversation that it was left behind, or that it is over.
    told: Notify,
    /// When the peer was last heard of, when it was pinged, and when it last took output: milliseconds of the hub's clock.
    heard: AtomicU64,
    pinged: AtomicU64,
    over: AtomicBool,
    _permit: Permit,
}

/// What the socket has not taken yet, and who sends batches.
#[derive(Default)]
struct Output {
    pending: BytesMut,
    /// Octets of answers in `pending` since it was last empty.
    answers: usize,
    /// When `pending` last shrank: milliseconds of the hub's clock.
    taken: u64,
    batches: Batches,
}

impl Output {
    /// Something is about to be appended: where there was nothing, the peer's time to take it begins.
    fn begin(&mut self, now: u64) {
        if self.pending.is_empty() {
            self.taken = now;
        }
    }
}

/// Who sends batches to a socket.
#[derive(Debug, Default)]
pub(crate) enum Batches {
    /// The conversation, from its own follower.
    #[default]
    Conversation,
    /// The hub.
    Hub,
    /// The conversation again, from this cursor; it was told, and has not looked yet.
    Left(Cursor),
    /// Nobody: a Close was sent.
    Nobody,
}

impl Socket {
    /// `head` goes out before the first frame.
    pub(crate) fn new(
        tcp: TcpStream,
        permit: Permit,
        deflate: Option<Parameters>,
        head: &[u8],
        now: u64,
    ) -> Self {
        let output = Output { pending: BytesMut::from(head), taken: now, ..Output::default() };
        Self {
            tcp,
            deflate: deflate.map(|parameters| parameters.sent(Role::Server).window_bits),
            output: Mutex::new(output),
            told: Notify::new(),
            heard: AtomicU64::new(now),
            pinged: AtomicU64::new(0),
            over: AtomicBool::new(false),
            _permit: permit,
        }
    }

    /// The window for what is sent, if messages are compressed.
    pub(crate) const fn deflate(&self) -> Option<WindowBits> {
        self.deflate
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a batch, as the hub. False when the socket is not the hub's any more: it did not take all of it, and
    /// the conversation goes on from where it is.
    pub(crate) fn broadcast(&self, batch: &mut Broadcast, now: u64) -> bool {
        let frame = batch.frames.frame(self.deflate);
        let mut output = self.output();
        if !matches!(output.batches, Batches::Hub) {
            return false;
        }
        let written = if output.pending.is_empty() { self.tcp.try_write(frame) } else { Ok(0) };
        let left = match written {
            Ok(octets) if octets == frame.len() => return true,
            Ok(0) | Err(_) => batch.before.clone(),
            Ok(octets) => {
                output.pending.extend_from_slice(frame.get(octets..).unwrap_or_default());
                output.taken = now;
                batch.after.clone()
            }
        };
        output.batches = Batches::Left(left);
        self.told.notify_one();
        false
    }

    /// Makes the socket the hub's, unless it was closed meanwhile.
    pub(crate) fn give_to_hub(&self) -> bool {
        let mut output = self.output();
        if matches!(output.batches, Batches::Nobody) {
            return false;
        }
        output.batches = Batches::Hub;
        true
    }

    /// Leaves the socket to its conversation, from this cursor.
    pub(crate) fn leave(&self, from: Cursor) {
        let mut output = self.output();
        if !matches!(output.batches, Batches::Nobody) {
            output.batches = Batches::Left(from);
            self.told.notify_one();
        }
    }

    /// Where the hub has left it, if it has.
    pub(crate) fn take_left(&self) -> Option<Cursor> {
        let mut output = self.output();
        if !matches!(output.batches, Batches::Left(_)) {
            return None;
        }
        match std::mem::take(&mut output.batches) {
            Batches::Left(cursor) => Some(cursor),
            _ => None,
        }
    }

    /// Appends frames that `append` encodes and writes as much as the socket takes.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) fn answer(&self, now: u64, append: impl FnOnce(&mut BytesMut)) -> io::Result<()> {
        let mut output = self.output();
        output.begin(now);
        let before = output.pending.len();
        append(&mut output.pending);
        output.answers += output.pending.len() - before;
        self.write(&mut output, now)
    }

    /// Sends a batch, as the conversation.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) fn send(&self, frame: &[u8], now: u64) -> io::Result<()> {
        let mut output = self.output();
        output.begin(now);
        output.pending.extend_from_slice(frame);
        self.write(&mut output, now)
    }

    /// Writes as much as the socket takes.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) fn flush(&self, now: u64) -> io::Result<()> {
        self.write(&mut self.output(), now)
    }

    fn write(&self, output: &mut Output, now: u64) -> io::Result<()> {
        while !output.pending.is_empty() {
            match self.tcp.try_write(&output.pending) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(octets) => {
                    output.pending.advance(octets);
                    output.taken = now;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        output.pending = BytesMut::new();
        output.answers = 0;
        Ok(())
    }

    /// Nothing is sent after this but what is pending: a Close is in it.
    pub(crate) fn close_output(&self) {
        self.output().batches = Batches::Nobody;
    }

    /// Whether the socket has taken all output.
    pub(crate) fn is_written(&self) -> bool {
        self.output().pending.is_empty()
    }

    /// Whether the peer leaves so many answers unread that it is not listened to.
    pub(crate) fn is_full(&self) -> bool {
        self.output().answers > limits::MAX_UNREAD_ANSWERS_BYTES
    }
}

/// What the conversation woke up for.
pub(crate) enum Wake {
    /// There may be something to read, or room to write.
    Ready,
    /// The hub left the socket, or it is over.
    Told,
}

impl Socket {
    /// Waits until the socket can be read (unless it is not listened to) or takes output (where there is some), or
    /// the hub tells something.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) async fn wait(&self) -> io::Result<Wake> {
        let interest = match (self.is_full(), self.is_written()) {
            (true, _) => Interest::WRITABLE,
            (false, true) => Interest::READABLE,
            (false, false) => Interest::READABLE | Interest::WRITABLE,
        };
        tokio::select! {
            ready = self.tcp.ready(interest) => ready.map(|_| Wake::Ready),
            () = self.told.notified() => Ok(Wake::Told),
        }
    }

    /// Reads what has come into `input`, and no more than that has room for. `None` where nothing has.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) fn read(&self, input: &mut BytesMut, now: u64) -> io::Result<Option<usize>> {
        match self.tcp.try_read_buf(input) {
            Ok(octets) => {
                self.heard.store(now, Ordering::Relaxed);
                Ok(Some(octets))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the connection: the conversation is told, or has told it.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Pings a peer that is silent, and ends the connection of one that does not answer or takes no output. Times
    /// are milliseconds of the hub's clock.
    pub(crate) fn sweep(&self, now: u64, limits: &server::Limits) {
        let silent = u128::from(now.saturating_sub(self.heard.load(Ordering::Relaxed)));
        let pinged = self.pinged.load(Ordering::Relaxed);
        let waits = pinged > self.heard.load(Ordering::Relaxed);
        let mut output = self.output();
        let untaken = u128::from(now.saturating_sub(output.taken));
        if !output.pending.is_empty() && untaken >= limits.stalled.as_millis()
            || waits && u128::from(now.saturating_sub(pinged)) >= limits.pong_within.as_millis()
        {
            drop(output);
            return self.end();
        }
        if !waits && silent >= limits.ping_after.as_millis() && !matches!(output.batches, Batches::Nobody) {
            output.begin(now);
            encode_frame(Opcode::Ping, b"", None, &mut output.pending);
            self.pinged.store(now, Ordering::Relaxed);
            if self.write(&mut output, now).is_err() {
                drop(output);
                self.end();
            }
        }
    }

    /// Closes the sending side, and discards what comes until the peer closes too.
    pub(crate) async fn close(&self) {
        // An error means that there is nothing left to close.
        let _ = socket2::SockRef::from(&self.tcp).shutdown(std::net::Shutdown::Write);
        let mut discarded = [0; 512];
        while self.tcp.readable().await.is_ok() {
            match self.tcp.try_read(&mut discarded) {
                Ok(0) => return,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    }

    /// Waits until all output is taken.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) async fn drain(&self, hub: &Clock) -> io::Result<()> {
        while !self.is_written() {
            self.tcp.writable().await?;
            self.flush(hub.now())?;
        }
        Ok(())
    }
}
