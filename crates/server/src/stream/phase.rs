//! Where a connection is between requests, when the peer was last heard of, and what it is to send by when.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use tokio::time::Instant;

use crate::Limits;

/// What the peer is expected to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expecting {
    /// A request, or nothing: the connection is idle until the deadline.
    Request { until: Instant },
    /// The rest of a head, its first octet having come.
    RestOfHead { until: Instant },
    /// What belongs to the request that is being answered, under the deadlines of the one who answers it.
    Answer,
    /// Whatever another protocol has.
    Nothing,
}

/// Where a connection is between requests. Shared by the stream, which sees octets, and by the one who handles
/// requests, who sees where they begin and end.
#[derive(Clone, Debug)]
pub struct Phase(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    limits: Limits,
}

#[derive(Debug)]
struct State {
    expecting: Expecting,
    last_heard: Instant,
    /// The peer closed its sending side while a request was being answered.
    half_closed: bool,
    /// The socket did not take all of what was written last.
    unwritten: bool,
}

impl Phase {
    pub(super) fn new(limits: Limits, first_request: Duration) -> Self {
        let now = Instant::now();
        let expecting = Expecting::Request { until: now + first_request };
        let state = Mutex::new(State { expecting, last_heard: now, half_closed: false, unwritten: false });
        Self(Arc::new(Shared { state, limits }))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to come, and by when. An answer lasts until the peer has taken it.
    pub(crate) fn expecting(&self) -> Expecting {
        let state = self.state();
        match state.expecting {
            Expecting::Request { .. } if state.unwritten => Expecting::Answer,
            expecting => expecting,
        }
    }

    /// A connection that has asked once may take its time to ask again.
    pub(crate) fn idle(&self) {
        self.state().expecting = Expecting::Request { until: Instant::now() + self.limits().idle };
    }

    /// A request has come whole, but for its content.
    pub(crate) fn answering(&self) {
        self.state().expecting = Expecting::Answer;
    }

    /// Done when the peer has closed its sending side while a request is being answered: it will ask nothing more,
    /// and may have gone. For the one who answers, in the task that reads the connection.
    pub async fn half_closed(&self) {
        // Whoever reads wakes the task after the state has changed.
        poll_fn(|_| if self.is_half_closed() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    pub(crate) fn is_half_closed(&self) -> bool {
        self.state().half_closed
    }

    /// The peer has closed its sending side while a request is being answered.
    pub(super) fn half_closes(&self) {
        self.state().half_closed = true;
    }

    /// Another protocol has begun: nothing is expected any more by when.
    pub fn busy(&self) {
        self.state().expecting = Expecting::Nothing;
    }

    /// When the peer was last heard of.
    pub fn last_heard(&self) -> Instant {
        self.state().last_heard
    }

    pub(super) fn octets_came(&self) {
        let now = Instant::now();
        let mut state = self.state();
        state.last_heard = now;
        // What comes while the peer takes an answer is read on when it was taken.
        if let Expecting::Request { .. } = state.expecting
            && !state.unwritten
        {
            state.expecting = Expecting::RestOfHead { until: now + self.limits().head };
        }
    }

    /// The socket did not take all.
    pub(super) fn waits_for_room(&self) {
        self.state().unwritten = true;
    }

    /// The socket takes output again: a connection that is idle is so from now on.
    pub(super) fn has_room(&self) {
        let mut state = self.state();
        state.unwritten = false;
        if let Expecting::Request { until } = &mut state.expecting {
            *until = Instant::now() + self.limits().idle;
        }
    }
}
