//! Who wakes a conversation, told apart.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake},
};

use futures_util::task::AtomicWaker;

/// Wakes a conversation, and remembers it.
pub(crate) struct Woken {
    yes: AtomicBool,
    task: AtomicWaker,
}

impl Woken {
    /// One that is to look at all.
    pub(crate) fn new() -> Self {
        Self { yes: AtomicBool::new(true), task: AtomicWaker::new() }
    }

    /// The task that is woken.
    pub(crate) fn register(&self, cx: &Context<'_>) {
        self.task.register(cx.waker());
    }

    /// Whether it was woken since it was last asked.
    pub(crate) fn take(&self, cx: &Context<'_>) -> bool {
        // Where it was not, the task is still registered.
        if !self.yes.load(Ordering::Acquire) {
            return false;
        }
        // Before the look: a wake between the two wakes the task again.
        self.register(cx);
        self.yes.swap(false, Ordering::AcqRel)
    }

    /// The task looks again before it waits.
    pub(crate) fn again(&self) {
        self.yes.store(true, Ordering::Release);
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.yes.store(true, Ordering::Release);
        self.task.wake();
    }
}
