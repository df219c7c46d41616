//! A socket that two write to: the hub, which sends every batch to all that are caught up, and the conversation.

use std::{
    io,
    net::Shutdown,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::BytesMut;
use message_store::Cursor;
use rustix::net::{SendFlags, send};
use server::Permit;
use tokio::{io::Interest, net::TcpStream, sync::Notify};

use crate::{
    deflate::{Parameters, WindowBits},
    frame::{Opcode, Role, encode_frame},
    hub::Clock,
    outgoing::{Broadcast, encode_text},
    output::{Batches, Output},
};

/// A peer that has gone is an error, not a signal; where there is no such flag, Rust's start-up sees to that.
#[cfg(not(any(target_vendor = "apple", windows)))]
const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;
#[cfg(any(target_vendor = "apple", windows))]
const SEND_FLAGS: SendFlags = SendFlags::empty();

/// A connection's socket. The lock is held for a system call at most, never across an await. Times are milliseconds
/// of the hub's clock.
pub(crate) struct Socket {
    tcp: TcpStream,
    /// The window for what is sent, if messages are compressed.
    deflate: Option<WindowBits>,
    output: Mutex<Output>,
    /// Tells the conversation that it was left behind, or that it is over.
    told: Notify,
    /// When the peer was last heard of.
    heard: AtomicU64,
    /// When it was pinged.
    pinged: AtomicU64,
    over: AtomicBool,
    _permit: Permit,
}

impl Socket {
    /// `head` goes out before the first frame.
    pub(crate) fn new(
        tcp: TcpStream,
        permit: Permit,
        deflate: Option<Parameters>,
        head: BytesMut,
        now: u64,
    ) -> Self {
        Self {
            tcp,
            deflate: deflate.map(|parameters| parameters.sent(Role::Server).window_bits),
            output: Mutex::new(Output::new(head, now)),
            told: Notify::new(),
            heard: AtomicU64::new(now),
            pinged: AtomicU64::new(0),
            over: AtomicBool::new(false),
            _permit: permit,
        }
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
        // region: broadcast
        // The system itself is asked, not what tokio knows of the socket: a tenth of what a delivery costs. Where it
        // takes nothing, the conversation asks again, and waits.
        let written = if output.is_empty() { send(&self.tcp, frame, SEND_FLAGS) } else { Ok(0) };
        let left = match written {
            Ok(octets) if octets == frame.len() => return true,
            Ok(0) | Err(_) => batch.before.clone(),
            Ok(octets) => {
                output.append(now, |pending| {
                    pending.extend_from_slice(frame.get(octets..).unwrap_or_default());
                });
                batch.after.clone()
            }
        };
        output.batches = Batches::Left(left);
        self.told.notify_one();
        false
        // endregion: broadcast
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
        output.answer(now, append);
        output.flush(now, |octets| self.tcp.try_write(octets))
    }

    /// Sends a batch of JSON, as the conversation.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) fn send(&self, now: u64, batch: &[u8]) -> io::Result<()> {
        let mut output = self.output();
        output.append(now, |pending| encode_text(batch, self.deflate, pending));
        output.flush(now, |octets| self.tcp.try_write(octets))
    }

    /// Writes as much as the socket takes.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) fn flush(&self, now: u64) -> io::Result<()> {
        self.output().flush(now, |octets| self.tcp.try_write(octets))
    }

    /// Nothing is sent after this but what is pending: a Close is in it.
    pub(crate) fn close_output(&self) {
        self.output().batches = Batches::Nobody;
    }

    /// Whether the socket has taken all output.
    pub(crate) fn is_written(&self) -> bool {
        self.output().is_empty()
    }

    /// Whether the peer leaves so many answers unread that it is not listened to.
    pub(crate) fn is_full(&self) -> bool {
        self.output().is_full()
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
        let room = input.capacity() - input.len();
        let mut read = None;
        let result = self.tcp.try_io(Interest::READABLE, || {
            let octets = self.tcp.try_read_buf(input)?;
            read = Some(octets);
            // Less than there was room for: the socket is empty, and need not be asked again to be known so.
            if octets > 0 && octets < room { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match result {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => {
                if read.is_some() {
                    self.heard.store(now, Ordering::Relaxed);
                }
                Ok(read)
            }
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

    /// Pings a peer that is silent, and ends the connection of one that does not answer or takes no output.
    pub(crate) fn sweep(&self, now: u64, limits: &server::Limits) {
        // region: sweep
        let (heard, pinged) = (self.heard.load(Ordering::Relaxed), self.pinged.load(Ordering::Relaxed));
        let past = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) >= limit.as_millis();
        let waits = pinged > heard;
        let mut output = self.output();
        if u128::from(output.stalled(now)) >= limits.stalled.as_millis()
            || waits && past(pinged, limits.pong_within)
        {
            drop(output);
            return self.end();
        }
        if !waits && past(heard, limits.ping_after) && !matches!(output.batches, Batches::Nobody) {
            output.append(now, |pending| encode_frame(Opcode::Ping, b"", None, pending));
            self.pinged.store(now, Ordering::Relaxed);
            if output.flush(now, |octets| self.tcp.try_write(octets)).is_err() {
                drop(output);
                self.end();
            }
        }
        // endregion: sweep
    }

    /// Waits until all output is taken.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub(crate) async fn drain(&self, hub: Clock) -> io::Result<()> {
        while !self.is_written() {
            self.tcp.writable().await?;
            self.flush(hub.now())?;
        }
        Ok(())
    }

    /// Closes the sending side.
    pub(crate) fn shut(&self) {
        // An error means that there is nothing left to close.
        let _ = socket2::SockRef::from(&self.tcp).shutdown(Shutdown::Write);
    }

    /// Discards what comes until the peer closes too.
    pub(crate) async fn discard(&self) {
        while self.tcp.readable().await.is_ok() {
            let mut discarded = [0; 512];
            match self.tcp.try_read(&mut discarded) {
                Ok(0) => return,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    }
}
