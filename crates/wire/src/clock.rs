//! The time that all taps of a process tell.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since it began, to the microsecond. Copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    wall: SystemTime,
}

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { began: Instant::now(), wall: SystemTime::now() }
    }

    /// Now, in milliseconds.
    pub fn now(&self) -> f64 {
        self.at(Instant::now())
    }

    /// `instant`, in milliseconds; 0 for one before the clock began.
    pub fn at(&self, instant: Instant) -> f64 {
        let since = instant.saturating_duration_since(self.began);
        // A float is exact to the microsecond for 285 years.
        (since.as_secs_f64() * 1e6).round() / 1e3
    }

    /// The time since the Unix epoch at `milliseconds` of this clock.
    pub(crate) fn wall(&self, milliseconds: f64) -> Duration {
        let began = self.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        began + Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or_default()
    }
}
