//! A swarm made ready: its clients are open, and nothing is on its way to them.

use std::time::{Duration, Instant};

use crate::{
    Outcome,
    swarm::{Heard, Swarm},
};

/// The most handshakes under way at a time.
const OPENING_AT_A_TIME: usize = 64;

/// How long none of them may get on.
const GIVE_UP: Duration = Duration::from_secs(20);

impl Swarm {
    /// Opens so many clients, and waits until all are open.
    pub(crate) fn open_all(&mut self, clients: usize) -> Outcome<()> {
        let mut progress = Instant::now();
        let before = self.open;
        while self.open < before + clients {
            let was = self.open;
            while self.len() < before + clients && self.len() < was + OPENING_AT_A_TIME {
                self.add()?;
            }
            let mut gone = 0;
            self.turn(Duration::from_millis(20), &mut |_, heard| {
                gone += usize::from(matches!(heard, Heard::Gone | Heard::Close));
            })?;
            if gone > 0 {
                return Err(format!("{gone} clients were closed while others opened").into());
            }
            if self.open > was {
                progress = Instant::now();
            } else if progress.elapsed() > GIVE_UP {
                return Err(format!("only {} of {clients} clients opened", self.open - before).into());
            }
        }
        Ok(())
    }

    /// Reads until nothing has come for `quiet`, at most 10 s.
    pub(crate) fn settle(&mut self, quiet: Duration) -> Outcome<()> {
        let began = Instant::now();
        let mut last = began;
        while last.elapsed() < quiet && began.elapsed() < Duration::from_secs(10) {
            let before = self.heard_bytes;
            self.turn(Duration::from_millis(20), &mut |_, _| {})?;
            if self.heard_bytes != before {
                last = Instant::now();
            }
        }
        Ok(())
    }
}
