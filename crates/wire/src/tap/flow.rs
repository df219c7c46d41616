//! One direction of a relay: what is read is held until it is due, and written as the network would bring it.

use std::{collections::VecDeque, io, net::Shutdown, sync::atomic::Ordering, time::Duration};

use bytes::{Buf, Bytes};
use socket2::SockRef;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::explain::Side;

use super::{
    Settings,
    connection::Connection,
    limits::{MAX_HELD_BYTES, MAX_LINGER, MIN_HELD_BYTES, READ_BYTES},
};

/// The share of a second for which a limited rate lets octets pass at once.
const BURSTS_PER_SECOND: u32 = 20;

#[derive(Debug)]
struct Held {
    octets: Bytes,
    /// When it was read.
    read: Instant,
    due: Instant,
}

impl Held {
    fn cost(&self) -> usize {
        self.octets.len().max(MIN_HELD_BYTES)
    }
}

/// How one direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The sender closed its side; that was passed on.
    Closed,
    /// The receiver takes no more: it has reset the connection. What it said before may still be on its way.
    Refused,
    /// The connection was reset, or is to be.
    Reset,
}

/// What a direction waits for before it writes.
enum Wait {
    /// Nothing is held.
    Nothing,
    Until(Instant),
    /// The receiver takes no more.
    Room,
}

/// One direction.
pub(super) struct Flow<'a> {
    /// Who sends.
    side: Side,
    from: &'a TcpStream,
    to: &'a TcpStream,
    connection: &'a Connection,
    settings: watch::Receiver<Settings>,
    held: VecDeque<Held>,
    held_cost: usize,
    /// When the last octets that were read are due: none overtake them.
    last_due: Instant,
    /// When the rate lets the next octets pass, and that rate.
    passes: Instant,
    rate: u32,
    ended: Option<End>,
    gives_up: Option<Instant>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(
        side: Side,
        (from, to): (&'a TcpStream, &'a TcpStream),
        connection: &'a Connection,
        settings: watch::Receiver<Settings>,
    ) -> Self {
        let now = Instant::now();
        Self {
            side,
            from,
            to,
            connection,
            settings,
            held: VecDeque::new(),
            held_cost: 0,
            last_due: now,
            passes: now,
            rate: 0,
            ended: None,
            gives_up: None,
        }
    }

    /// Passes octets on until the direction ends.
    pub(super) async fn run(mut self) -> End {
        loop {
            let wait = match self.advance() {
                Ok(Ok(wait)) => wait,
                Ok(Err(end)) => return end,
                Err(_) => return End::Refused,
            };
            let reads = self.ended.is_none() && self.held_cost < self.room();
            let until = match wait {
                Wait::Until(due) => Some(due),
                Wait::Nothing | Wait::Room => None,
            };
            tokio::select! {
                ready = self.from.readable(), if reads => {
                    if ready.is_err() || self.read().is_err() {
                        return End::Reset;
                    }
                }
                _ = self.to.writable(), if matches!(wait, Wait::Room) => {}
                () = sleep_until(until.unwrap_or(self.last_due)), if until.is_some() => {}
                () = sleep_until(self.gives_up.unwrap_or(self.last_due)), if self.gives_up.is_some() => {
                    return End::Reset;
                }
                // The tap outlives its relays.
                _ = self.settings.changed() => {}
            }
        }
    }

    /// Writes all that is due. What to wait for then, or how the direction ended.
    ///
    /// # Errors
    ///
    /// The receiver is gone.
    fn advance(&mut self) -> io::Result<Result<Wait, End>> {
        let Settings { disturbances, blackhole } = *self.settings.borrow_and_update();
        let slow = if self.side == Side::Server { disturbances.slow_reader } else { 0 };
        let rate = [disturbances.bandwidth, slow].into_iter().filter(|rate| *rate > 0).min().unwrap_or(0);
        let now = Instant::now();
        if rate != self.rate {
            self.rate = rate;
            self.passes = now;
        }
        loop {
            let due = match (self.held.front(), self.ended) {
                (Some(held), _) => held.due.max(self.passes),
                (None, Some(_)) => self.last_due,
                (None, None) => return Ok(Ok(Wait::Nothing)),
            };
            let due = blackhole.map_or(due, |until| due.max(until));
            if due > now {
                return Ok(Ok(Wait::Until(due)));
            }
            if self.held.is_empty() {
                return self.end().map(Err);
            }
            if !self.write(now)? {
                return Ok(Ok(Wait::Room));
            }
        }
    }

    /// Passes the end on.
    fn end(&self) -> io::Result<End> {
        if self.ended == Some(End::Closed) {
            return match SockRef::from(self.to).shutdown(Shutdown::Write) {
                // The receiver has closed already, for good.
                Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error),
                _ => Ok(End::Closed),
            };
        }
        Ok(End::Reset)
    }

    /// Writes of the octets that are held longest as many as the rate lets pass and the receiver takes. False if it
    /// took none.
    fn write(&mut self, now: Instant) -> io::Result<bool> {
        let Some(held) = self.held.front_mut() else { return Ok(false) };
        let before = held.cost();
        let burst = match self.rate {
            0 => usize::MAX,
            rate => usize::try_from((rate / BURSTS_PER_SECOND).max(1)).unwrap_or(usize::MAX),
        };
        let passing = held.octets.get(..burst).unwrap_or(&held.octets);
        if self.side == Side::Client {
            self.connection.reaching_server(held.read);
        }
        let written = match self.to.try_write(passing) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        if self.side == Side::Server {
            self.connection.reached_client(passing.get(..written).unwrap_or_default());
        }
        held.octets.advance(written);
        if self.rate > 0 {
            let octets = u32::try_from(written).unwrap_or(u32::MAX);
            self.passes = self.passes.max(now) + Duration::from_secs(1) * octets / self.rate;
        }
        if held.octets.is_empty() {
            self.held_cost -= before;
            self.held.pop_front();
        } else {
            self.held_cost = self.held_cost - before + held.cost();
        }
        Ok(true)
    }

    /// What may be held: with a rate as much as passes in a second, for a network that holds more is felt late.
    fn room(&self) -> usize {
        match self.rate {
            0 => MAX_HELD_BYTES,
            rate => usize::try_from(rate).unwrap_or(MAX_HELD_BYTES).clamp(MIN_HELD_BYTES, MAX_HELD_BYTES),
        }
    }

    /// Reads what has come.
    ///
    /// # Errors
    ///
    /// The connection is to be cut.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; READ_BYTES];
        let room = self.room().saturating_sub(self.held_cost).clamp(MIN_HELD_BYTES, READ_BYTES);
        let read = self.from.try_read(buffer.get_mut(..room).unwrap_or_default());
        let now = Instant::now();
        if matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            return Ok(());
        }
        let lateness = self.settings.borrow().disturbances.lateness();
        self.last_due = self.last_due.max(now + lateness);
        let octets = match read {
            Ok(octets @ 1..) => buffer.get(..octets).unwrap_or_default(),
            Ok(_) => {
                self.is_over(End::Closed, now);
                return Ok(());
            }
            Err(_) => {
                self.is_over(End::Reset, now);
                return Ok(());
            }
        };
        if self.side == Side::Client {
            self.connection.client_sent(octets, now);
            if self.connection.is_condemned.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        let held = Held { octets: Bytes::copy_from_slice(octets), read: now, due: self.last_due };
        self.held_cost += held.cost();
        self.held.push_back(held);
        Ok(())
    }

    fn is_over(&mut self, end: End, now: Instant) {
        self.ended = Some(end);
        if self.side == Side::Server {
            self.gives_up = Some(now + MAX_LINGER);
        }
    }
}
