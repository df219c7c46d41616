//! The speaker: a user who says something so many times a second.

use std::{io, time::Duration};

use message_store::{Draft, MessageStore};
use server::Context;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

/// Messages a second at most.
pub(crate) const MAX_PER_SECOND: u32 = 50;

/// The name of the user.
const USER: &str = "speaker";

/// Speaks as often as told until the context stops.
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
        let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick(), if rate > 0 => {
                    said += 1;
                    if let Ok(draft) = Draft::new(USER, &format!("message {said}"), None) {
                        store.append(draft).await;
                    }
                }
                Ok(()) = per_second.changed() => break,
                () = context.stopping() => return Ok(()),
            }
        }
    }
}
