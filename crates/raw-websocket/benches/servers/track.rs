//! What was posted, and what each client has had of it: exactly.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use memchr::memmem;
use serde::Serialize;

/// Follows one run of posts. Each text begins with a marker, `@@RUN:SEQ@@`, that is found in any envelope; what has
/// another run's marker is an older message.
///
/// The server decides the order of what several post at once: the client that gets a message first shows it, and all
/// others must get it there. One poster's messages keep their order.
pub(crate) struct Track {
    run: u64,
    posters: usize,
    posted: Vec<Instant>,
    /// The place of each message in the server's order, once one client has it.
    places: Vec<Option<usize>>,
    placed: usize,
    /// The newest message of each poster that has its place.
    newest: Vec<Option<usize>>,
    /// The place that each client is at.
    at: Vec<usize>,
    /// Places that a client has passed without their message.
    skipped: HashSet<(usize, usize)>,
    pub(crate) delivered: u64,
    twice: u64,
    reordered: u64,
    pub(crate) last: Instant,
    /// Microseconds from post to delivery, of each.
    pub(crate) latencies: Vec<u32>,
}

/// The account of a run: all but `deliveries` must be 0.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Account {
    pub(crate) messages: u64,
    pub(crate) deliveries: u64,
    pub(crate) lost: u64,
    pub(crate) twice: u64,
    pub(crate) reordered: u64,
}

/// The draft of post `seq` of a run, its text `size` octets long, or as long as its marker.
pub(crate) fn draft(run: u64, seq: usize, size: usize) -> String {
    format!(r#"{{"user":"load","text":"{:x<size$}"}}"#, format!("@@{run}:{seq}@@"))
}

/// Calls `found` with the run and the number of each marker in `text`.
pub(crate) fn markers(text: &[u8], mut found: impl FnMut(u64, usize)) {
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'@', &text[at..]) {
        at += start + 1;
        let Some(rest) = text[at..].strip_prefix(b"@") else { continue };
        let Some(end) = memmem::find(&rest[..rest.len().min(42)], b"@@") else { continue };
        let numbers = std::str::from_utf8(&rest[..end]).ok().and_then(|numbers| numbers.split_once(':'));
        if let Some((run, seq)) = numbers
            && let (Ok(run), Ok(seq)) = (run.parse(), seq.parse())
        {
            at += 1 + end + 2;
            found(run, seq);
        }
    }
}

impl Track {
    /// Of messages that the first `posters` of the clients post in turn.
    pub(crate) fn new(run: u64, clients: usize, posters: usize) -> Self {
        Self {
            run,
            posters,
            posted: Vec::new(),
            places: Vec::new(),
            placed: 0,
            newest: vec![None; posters],
            at: vec![0; clients],
            skipped: HashSet::new(),
            delivered: 0,
            twice: 0,
            reordered: 0,
            last: Instant::now(),
            latencies: Vec::new(),
        }
    }

    /// Messages posted.
    pub(crate) fn posted(&self) -> u64 {
        self.posted.len() as u64
    }

    /// The draft of the next message, which is posted now or was due at `at`: its number and its JSON.
    pub(crate) fn post(&mut self, at: Instant, size: usize) -> (usize, String) {
        let seq = self.posted.len();
        self.posted.push(at);
        self.places.push(None);
        (seq, draft(self.run, seq, size))
    }

    /// Deliveries that are still to come.
    pub(crate) fn missing(&self) -> u64 {
        (self.posted() * self.at.len() as u64).saturating_sub(self.delivered)
    }

    /// Takes in a text message that a client got at `at`.
    pub(crate) fn got(&mut self, client: usize, text: &[u8], at: Instant) {
        markers(text, |run, seq| {
            if run == self.run && seq < self.posted.len() {
                self.delivery(client, seq, at);
            }
        });
    }

    fn delivery(&mut self, client: usize, seq: usize, at: Instant) {
        let place = self.place(seq);
        let next = &mut self.at[client];
        if place < *next {
            if !self.skipped.remove(&(client, place)) {
                self.twice += 1;
                return;
            }
            self.reordered += 1;
        } else {
            self.skipped.extend((*next..place).map(|skipped| (client, skipped)));
            *next = place + 1;
        }
        self.delivered += 1;
        self.last = at;
        let latency = at.saturating_duration_since(self.posted[seq]);
        self.latencies.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    fn place(&mut self, seq: usize) -> usize {
        if let Some(place) = self.places[seq] {
            return place;
        }
        let newest = &mut self.newest[seq % self.posters];
        self.reordered += u64::from(newest.is_some_and(|newest| newest > seq));
        *newest = Some(seq);
        self.placed += 1;
        *self.places[seq].insert(self.placed - 1)
    }

    /// What became of all that was posted until now.
    pub(crate) fn account(&self) -> Account {
        Account {
            messages: self.posted(),
            deliveries: self.delivered,
            lost: self.missing(),
            twice: self.twice,
            reordered: self.reordered,
        }
    }
}

impl Account {
    /// # Errors
    /// Something was lost, came twice or out of order.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { lost, twice, reordered, .. } = self;
        if (*lost, *twice, *reordered) == (0, 0, 0) {
            return Ok(());
        }
        Err(format!("{lost} deliveries lost, {twice} twice, {reordered} out of order"))
    }
}

/// How long deliveries took, microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50_us: u32,
    pub(crate) p99_us: u32,
    pub(crate) max_us: u32,
}

impl Latency {
    pub(crate) fn of(latencies: &mut [u32]) -> Self {
        latencies.sort_unstable();
        let at = |percent: usize| latencies.get(latencies.len() * percent / 100).or(latencies.last());
        let at = |percent| at(percent).copied().unwrap_or_default();
        Self { p50_us: at(50), p99_us: at(99), max_us: at(100) }
    }
}

/// How long a run may get on without a delivery before it is given up.
pub(crate) const STALLED: Duration = Duration::from_secs(10);
