//! The speaker: a user who says something so many times a second, as people do: independently of what was said before.

use std::{io, time::Duration};

use message_store::{Draft, MessageStore};
use server::Context;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Messages a second at most.
pub(crate) const MAX_PER_SECOND: u32 = 50;

/// The name of the user.
const USER: &str = "speaker";

/// Speaks as often as told, on average, until the context stops.
///
/// # Errors
///
/// None; it stands among servers.
pub(crate) async fn speak(
    store: MessageStore,
    mut per_second: watch::Receiver<u32>,
    context: Context,
) -> io::Result<()> {
    let mut said = 0_u64;
    loop {
        let rate = *per_second.borrow_and_update();
        let mut due = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(due), if rate > 0 => {
                    said += 1;
                    if let Ok(draft) = Draft::new(USER, &format!("message {said}"), None) {
                        store.append(draft).await;
                    }
                    // Counted from when it was due: what the timer is late does not make the rate lower. After a pause
                    // of the whole program nothing is made up for.
                    due = (due + silence(rate)).max(Instant::now());
                }
                Ok(()) = per_second.changed() => break,
                () = context.stopping() => return Ok(()),
            }
        }
    }
}

/// The silence before the next message, drawn from the exponential distribution: arrivals are a Poisson process, for
/// which the mean delay of long polling is known in closed form. Evenly spaced ones would keep step with round trips.
fn silence(per_second: u32) -> Duration {
    // From above 0 up to 1, so that the logarithm is finite.
    let drawn = 1.0 - fastrand::f64();
    Duration::from_secs_f64(-drawn.ln() / f64::from(per_second.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of the exponential distribution are the same; evenly spaced messages would have none.
    #[test]
    fn silences_are_of_a_poisson_process() {
        const DRAWN: u32 = 100_000;
        let drawn: Vec<_> = (0..DRAWN).map(|_| silence(5).as_secs_f64()).collect();
        let mean = drawn.iter().sum::<f64>() / f64::from(DRAWN);
        let variance = drawn.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / f64::from(DRAWN);
        // Twelve standard errors.
        assert!((mean - 0.2).abs() < 0.008, "{mean}");
        assert!((variance.sqrt() - 0.2).abs() < 0.012, "{}", variance.sqrt());
    }
}
