//! The relay: the client's socket on one side, the transport's on the other.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
};

use tokio::{net::TcpStream, sync::watch, time::timeout};

use crate::explain::Side;

use super::{
    Shared,
    connection::Connection,
    flow::{End, Flow},
    limits::MAX_LINGER,
};

/// A place among the relays of a tap, and the record's end. Dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) tap: Arc<Shared>,
    pub(super) connection: Arc<Connection>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connection.closed(None, "closed");
        self.tap.relays.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Relays until both sides have ended, one is reset, or the tap cuts.
pub(super) async fn run(open: Open, outer: TcpStream, inner: TcpStream, mut cuts: watch::Receiver<u64>) {
    let connection = &*open.connection;
    let settings = || open.tap.settings.subscribe();
    let up = Flow::new(Side::Client, (&outer, &inner), connection, settings()).run();
    let down = Flow::new(Side::Server, (&inner, &outer), connection, settings()).run();
    let ended = tokio::select! {
        ended = both(up, down) => ended,
        _ = cuts.changed() => (None, "cut"),
    };
    let (by, how) = ended;
    if how != "closed" {
        // Dropping the sockets then sends RST. An error means that there is nobody to reset.
        let _ = outer.set_zero_linger();
        let _ = inner.set_zero_linger();
    }
    let how = if connection.is_condemned.load(Ordering::Relaxed) { "cut, as a failure" } else { how };
    connection.closed(by, how);
}

/// Who ended first, and how.
async fn both(
    up: impl Future<Output = End>,
    down: impl Future<Output = End>,
) -> (Option<Side>, &'static str) {
    let (mut up, mut down) = (pin!(up), pin!(down));
    let first = tokio::select! {
        end = &mut up => (Side::Client, end),
        end = &mut down => (Side::Server, end),
    };
    let second = async {
        match first.0 {
            Side::Client => down.await,
            Side::Server => up.await,
        }
    };
    let (by, how) = match first {
        (side, End::Reset) => return (Some(side), "reset"),
        // It comes in its turn: behind what the one who reset said before.
        (side, End::Refused) => (Some(side.peer()), "reset"),
        (side, End::Closed) => (Some(side), "closed"),
    };
    let ended = match first {
        // Whether it still has something to say is the server's to decide.
        (Side::Client, End::Closed) => Ok(second.await),
        _ => timeout(MAX_LINGER, second).await,
    };
    (by, if ended == Ok(End::Closed) { how } else { "reset" })
}
