//! Waking at a time, to the microsecond: tokio's own timers round up to a millisecond, which is 5 % of a delay of 20 ms.
//!
//! One timer of the kernel (`timerfd`) for all that sleep; a task of its own wakes them.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    os::fd::OwnedFd,
    rc::Rc,
    time::{Duration, Instant},
};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::{io::unix::AsyncFd, sync::oneshot};

/// Wakes tasks of this thread at exact times. A clone is the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    timer: AsyncFd<OwnedFd>,
    grain: Duration,
    sleepers: RefCell<BinaryHeap<Reverse<Sleeper>>>,
}

#[derive(Debug)]
struct Sleeper {
    until: Instant,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.until == other.until
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.until.cmp(&other.until)
    }
}

impl Clock {
    /// A clock whose task runs in the `LocalSet` that this is called in.
    ///
    /// # Errors
    ///
    /// The kernel gives no timer.
    pub fn start() -> io::Result<Self> {
        Self::with_grain(Duration::ZERO)
    }

    /// The same, but after it has woken some it wakes no others for so long: then all that are due together.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn with_grain(grain: Duration) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timer(timerfd_create(TimerfdClockId::Monotonic, flags)?)?;
        let clock = Self(Rc::new(Inner { timer, grain, sleepers: RefCell::default() }));
        tokio::task::spawn_local(clock.clone().wake());
        Ok(clock)
    }

    /// Done at this time, or at once if it has passed.
    pub async fn sleep_until(&self, until: Instant) {
        if until <= Instant::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        let is_next = {
            let mut sleepers = self.0.sleepers.borrow_mut();
            let is_next = sleepers.peek().is_none_or(|Reverse(next)| until < next.until);
            sleepers.push(Reverse(Sleeper { until, wake }));
            is_next
        };
        if is_next {
            self.set(until);
        }
        // An error means that the clock's task has ended, and so the thread's work.
        let _ = woken.await;
    }

    /// Done after this time.
    pub async fn sleep(&self, time: Duration) {
        self.sleep_until(Instant::now() + time).await;
    }

    fn set(&self, until: Instant) {
        // A timer that is set to zero never fires.
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let it_value = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        // It fails only for a time that is none.
        let _ = timerfd_settime(self.0.timer.get_ref(), TimerfdTimerFlags::empty(), &once);
    }

    async fn wake(self) {
        while let Ok(mut fired) = self.0.timer.readable().await {
            let _ = rustix::io::read(self.0.timer.get_ref(), &mut [0; 8]);
            fired.clear_ready();
            let mut sleepers = self.0.sleepers.borrow_mut();
            let now = Instant::now();
            while let Some(Reverse(next)) = sleepers.pop() {
                if next.until > now {
                    self.set(next.until.max(now + self.0.grain));
                    sleepers.push(Reverse(next));
                    break;
                }
                // It may have stopped waiting.
                let _ = next.wake.send(());
            }
        }
    }
}

#[expect(
    deprecated,
    reason = "what is safe instead is marked unsafe; an OwnedFd that is never changed upholds its rule"
)]
fn timer(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(descriptor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn sleepers_wake_in_order_and_never_early() {
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let clock = Clock::start().unwrap();
                let begin = Instant::now();
                let order = Rc::new(RefCell::new(Vec::new()));
                let sleepers: Vec<_> = [900_u64, 150, 4_000, 150, 0]
                    .map(|microseconds| {
                        let (clock, order) = (clock.clone(), order.clone());
                        tokio::task::spawn_local(async move {
                            let until = begin + Duration::from_micros(microseconds);
                            clock.sleep_until(until).await;
                            assert!(Instant::now() >= until);
                            order.borrow_mut().push(microseconds);
                        })
                    })
                    .into();
                for sleeper in sleepers {
                    sleeper.await.unwrap();
                }
                assert_eq!(*order.borrow(), [0, 150, 150, 900, 4_000]);
            })
            .await;
    }
}
