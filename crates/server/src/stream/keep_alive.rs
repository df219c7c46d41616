//! When to ping a peer that is silent, and when to give it up.

use tokio::time::{Instant, sleep_until};

use super::Phase;

/// When to ping a silent peer, and when to give it up: an octet is a sign of life, whatever it says.
#[derive(Debug)]
pub struct KeepAlive {
    phase: Phase,
    pinged: Option<Instant>,
}

/// What a peer's silence asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It lasted [`Limits::ping_after`](crate::Limits): send a ping.
    Ping,
    /// It lasted [`Limits::pong_within`](crate::Limits) after a ping: drop the connection.
    Dead,
}

impl KeepAlive {
    /// For the connection whose phase this is.
    pub fn new(phase: Phase) -> Self {
        Self { phase, pinged: None }
    }

    /// Waits until the peer's silence asks for something. Cancel safe.
    pub async fn silence(&mut self) -> Silence {
        loop {
            let heard = self.phase.last_heard();
            self.pinged = self.pinged.filter(|pinged| *pinged > heard);
            let (until, then) = match self.pinged {
                None => (heard + self.phase.limits().ping_after, Silence::Ping),
                Some(pinged) => (pinged + self.phase.limits().pong_within, Silence::Dead),
            };
            let now = Instant::now();
            if now >= until {
                self.pinged = Some(now);
                return then;
            }
            sleep_until(until).await;
        }
    }
}
