//! The hub: one task for each core, which writes every batch to all sockets that are caught up.
//!
//! A message for everybody is encoded once and costs a system call a client. A socket that does not take a whole
//! batch is left to its conversation, which follows the log from there and gives the socket back when it has
//! caught up: nobody waits for it, and nothing is queued for it.
//!
//! ```text
//!     accepted --> its conversation sends what is retained --> caught up: the hub's
//!                            ^                                       |
//!                            +------- a batch was not taken ---------+
//! ```

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    thread::available_parallelism,
    time::Duration,
};

use message_store::{Cursor, Follower, MessageStore};
use server::Context;
use tokio::{
    sync::Notify,
    task::yield_now,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{
    outgoing::{BatchFrames, Broadcast},
    socket::Socket,
};

/// How often silent and stalled peers are looked for; a shorter wait is looked for four times within it.
const SWEEP: Duration = Duration::from_secs(1);

/// After so many sockets the hub lets other tasks run.
const TURN: usize = 256;

/// So many batches the hub sends before it looks at who has come, gone or fallen silent.
const MAX_BATCHES: usize = 16;

/// Milliseconds since the server began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The handle of all parts of the hub.
#[derive(Clone)]
pub(crate) struct Hub {
    clock: Clock,
    parts: Arc<[Arc<Part>]>,
    next: Arc<AtomicUsize>,
}

/// What others tell one task of the hub.
#[derive(Default)]
pub(crate) struct Part {
    told: Notify,
    news: Mutex<News>,
}

#[derive(Default)]
struct News {
    /// Sockets that are new.
    opened: Vec<Arc<Socket>>,
    /// Sockets that are caught up to this cursor.
    caught_up: Vec<(Arc<Socket>, Cursor)>,
    /// How many are over.
    over: usize,
}

impl Hub {
    /// Starts a task for each core that the process may use; they end when `context` stops.
    pub(crate) fn start(store: &MessageStore, context: &Context) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let clock = Clock(Instant::now());
        let parts: Arc<[_]> = (0..cores).map(|_| Arc::<Part>::default()).collect();
        for part in parts.iter() {
            let task = Task {
                part: Arc::clone(part),
                clock,
                follower: store.follow(None),
                all: Vec::new(),
                caught_up: Vec::new(),
            };
            tokio::spawn(task.run(context.clone()));
        }
        Self { clock, parts, next: Arc::default() }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// The part that a new socket belongs to, from now until it is over.
    pub(crate) fn open(&self, socket: &Arc<Socket>) -> Arc<Part> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.parts.len();
        // `next` is less than the length, which is one at least.
        let part = self.parts.get(next).map(Arc::clone).unwrap_or_default();
        // Not told: it is time enough when it is caught up, or silent.
        part.news().opened.push(Arc::clone(socket));
        part
    }
}

impl Part {
    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives it a socket that is caught up to `cursor`.
    pub(crate) fn caught_up(&self, socket: &Arc<Socket>, cursor: Cursor) {
        self.news().caught_up.push((Arc::clone(socket), cursor));
        self.told.notify_one();
    }

    /// One more socket is over. Told of the first only: all that are over when it looks, it lets go at once.
    pub(crate) fn over(&self) {
        let mut news = self.news();
        news.over += 1;
        if news.over == 1 {
            drop(news);
            self.told.notify_one();
        }
    }
}

/// Goes behind all tasks that are ready. Unlike tokio's `yield_now` it does not ask the system for more of them, which
/// is a call for every batch.
async fn let_ready_tasks_run() {
    let mut gone_behind = false;
    poll_fn(|cx| {
        if gone_behind {
            return Poll::Ready(());
        }
        gone_behind = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// One task of the hub.
struct Task {
    part: Arc<Part>,
    clock: Clock,
    follower: Follower,
    all: Vec<Arc<Socket>>,
    caught_up: Vec<Arc<Socket>>,
}

impl Task {
    async fn run(mut self, context: Context) {
        let limits = context.limits;
        let mut sweep =
            interval(SWEEP.min(limits.ping_after.min(limits.pong_within).min(limits.stalled) / 4));
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut over = 0;
        loop {
            tokio::select! {
                () = self.follower.ready() => {}
                () = self.part.told.notified() => {}
                _ = sweep.tick() => {
                    let now = self.clock.now();
                    self.all.iter().for_each(|socket| socket.sweep(now, &limits));
                    over = usize::MAX;
                }
                () = context.stopping() => break,
            }
            // Whoever is about to post, to come or to go does so first: one batch for all, and one look.
            let_ready_tasks_run().await;
            self.send_news().await;
            let news = std::mem::take(&mut *self.part.news());
            self.all.extend(news.opened);
            for (socket, cursor) in news.caught_up {
                self.take(socket, cursor);
            }
            over = news.over.saturating_add(over);
            if over > self.all.len() / 16 {
                self.all.retain(|socket| !socket.is_over());
                self.caught_up.retain(|socket| !socket.is_over());
                over = 0;
            }
        }
        // Those that open later see for themselves that the server stops.
        self.all.append(&mut std::mem::take(&mut *self.part.news()).opened);
        self.all.iter().for_each(|socket| socket.end());
    }

    /// Sends what is new to all that are caught up; what is newer still waits for the next turn.
    async fn send_news(&mut self) {
        for _ in 0..MAX_BATCHES {
            if !self.follower.has_news() {
                return;
            }
            let before = self.follower.cursor();
            let batch = self.follower.read();
            if self.caught_up.is_empty() {
                continue;
            }
            let after = batch.cursor().clone();
            let mut broadcast = Broadcast { frames: BatchFrames::new(batch.into_json()), before, after };
            let now = self.clock.now();
            let mut sent = 0;
            while sent < self.caught_up.len() {
                let turn = (sent + TURN).min(self.caught_up.len());
                let mut end = turn;
                while sent < end {
                    if self.caught_up.get(sent).is_some_and(|socket| socket.broadcast(&mut broadcast, now)) {
                        sent += 1;
                    } else {
                        // The last takes its place; one that was in this turn is still to come.
                        self.caught_up.swap_remove(sent);
                        end = end.min(self.caught_up.len());
                    }
                }
                if sent < self.caught_up.len() {
                    yield_now().await;
                }
            }
        }
    }

    /// Takes a socket that is caught up, unless the log went on meanwhile.
    fn take(&mut self, socket: Arc<Socket>, cursor: Cursor) {
        // region: take
        if cursor != self.follower.cursor() {
            socket.leave(cursor);
        } else if socket.give_to_hub() {
            self.caught_up.push(socket);
        }
        // endregion: take
    }
}
