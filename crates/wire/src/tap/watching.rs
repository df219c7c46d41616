//! Whether somebody looks at what passes: only then is there reason to relay.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Shared, limits::WATCH_LINGER};

/// Who looks at a tap.
#[derive(Debug, Default)]
pub(super) struct Watched {
    watches: usize,
    /// How long it is kept on after the last of them.
    lingers: Option<Instant>,
}

impl Watched {
    pub(super) fn is_watched(&self) -> bool {
        self.watches > 0 || self.lingers.is_some_and(|until| until > Instant::now())
    }
}

/// Somebody who looks at a tap. Dropping it ends that.
#[derive(Debug)]
pub struct Watch(Arc<Shared>);

impl Watch {
    pub(super) fn begin(tap: Arc<Shared>) -> Self {
        tap.watched().watches += 1;
        Self(tap)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.0.watched();
        watched.watches -= 1;
        watched.lingers = Some(Instant::now() + WATCH_LINGER);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;
    use crate::{Clock, Disturbances, Tap};

    #[tokio::test(start_paused = true)]
    async fn a_tap_is_on_while_somebody_looks_and_a_while_after() {
        let tap = Tap::new(Clock::start(), false);
        assert!(!tap.is_on(), "nobody looks");
        let (first, second) = (tap.watch(), tap.watch());
        drop(first);
        assert!(tap.is_on(), "the second still looks");
        advance(WATCH_LINGER * 2).await;
        assert!(tap.is_on(), "and does not tire");
        drop(second);
        assert!(tap.is_on(), "the page may be loaded anew");
        advance(WATCH_LINGER).await;
        assert!(!tap.is_on());
    }

    #[tokio::test(start_paused = true)]
    async fn a_tap_is_on_while_it_disturbs() {
        let tap = Tap::new(Clock::start(), false);
        tap.disturb(Disturbances { delay_ms: 200, ..Disturbances::default() });
        assert!(tap.is_on());
        tap.disturb(Disturbances::default());
        assert!(!tap.is_on());
        tap.blackhole(Duration::from_secs(3));
        assert!(tap.is_on());
        advance(Duration::from_secs(3)).await;
        assert!(!tap.is_on());
    }
}
