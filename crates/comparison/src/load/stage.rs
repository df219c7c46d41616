//! What every question begins with: an audience that follows, and a poster.

use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, time::timeout};

use super::{
    OPENING_AT_A_TIME, Plan,
    arrivals::arrivals,
    audience::{Following, Hearer, Seat, Sink, resumes, sends_all},
    connect::Target,
    faults::attend,
    ledger::Ledger,
    poster::Poster,
};
use crate::{
    clock::Clock,
    counted::Counts,
    machine::{
        process::resident,
        sockets::{Sockets, structure_octets},
    },
    record::{Memory, Question, Transport},
};

/// How long the whole audience may take to connect.
const OPENING_LIMIT: Duration = Duration::from_secs(60);

/// From the last client's being ready to the first post: servers may enter it only after their answer.
const SETTLE: Duration = Duration::from_millis(250);

/// Sentences about what went wrong, at most.
const SENTENCES: usize = 8;

/// An audience that follows, and a poster that waits.
pub(super) struct Stage {
    pub(super) plan: Plan,
    pub(super) clock: Clock,
    pub(super) following: Following,
    pub(super) ledger: Rc<RefCell<Ledger>>,
    pub(super) poster: Poster,
    pub(super) seats: Vec<Rc<Seat>>,
    /// Octets of the first client.
    pub(super) counts: Arc<Counts>,
    pub(super) wrong: Wrong,
    pub(super) memory_before: u64,
    /// When the window begins, and when it ends.
    pub(super) window: Instant,
    pub(super) end: Instant,
    /// Messages that are due.
    pub(super) messages: usize,
}

/// What went wrong, as sentences, the first few.
#[derive(Clone, Default)]
pub(super) struct Wrong {
    sentences: Rc<RefCell<Vec<String>>>,
    more: Rc<Cell<u64>>,
}

impl Wrong {
    pub(super) fn add(&self, sentence: String) {
        let mut sentences = self.sentences.borrow_mut();
        if sentences.len() < SENTENCES {
            sentences.push(sentence);
        } else {
            self.more.set(self.more.get() + 1);
        }
    }

    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = self.sentences.borrow().clone();
        if self.more.get() > 0 {
            sentences.push(format!("and {} more", self.more.get()));
        }
        sentences
    }
}

impl Stage {
    /// Connects the audience and the poster; posts are due from a moment later.
    pub(super) async fn set(plan: Plan, clock: Clock) -> io::Result<Self> {
        let parameters = plan.parameters.clone();
        let following = Following {
            target: Target::new(&plan.addresses, parameters.tls)?,
            transport: parameters.transport,
            pause: Duration::from_secs_f64(parameters.pause_s.unwrap_or(0.0)),
            clock: clock.clone(),
        };
        let memory_before = resident(plan.pid)?;
        let clients = parameters.audience as usize;
        let returns = matches!(plan.question, Question::Cut | Question::Blackhole | Question::Restart);
        let again = sends_all(parameters.transport) || (returns && !resumes(&parameters.subject));
        // Without times yet: they are set when all are ready.
        let ledger = Rc::new(RefCell::new(Ledger::new(Vec::new(), 0, clients, again)));
        let (counts, wrong) = (Arc::new(Counts::default()), Wrong::default());
        let seats: Vec<Rc<Seat>> = (0..clients).map(|_| Rc::default()).collect();
        let cycle = following.pause + 2 * Duration::from_millis(parameters.delay_ms.into());
        let audience = seat((&following, cycle), &ledger, &seats, &counts, &wrong, returns);
        timeout(OPENING_LIMIT, audience)
            .await
            .map_err(|_| io::Error::other(format!("{clients} clients did not all connect within 60 s")))??;
        let round_s = 4.0 * f64::from(parameters.delay_ms) / 1_000.0;
        let under_way = under_way(parameters.rate, round_s);
        let poster = Poster::connect(&following, &ledger, parameters.payload_octets, under_way).await?;
        let warm_up = Instant::now() + SETTLE;
        let window = warm_up + Duration::from_secs_f64(parameters.warm_up_s);
        let end = window + Duration::from_secs_f64(parameters.window_s);
        let mut due = due(parameters.rate, parameters.warm_up_s, plan.seed.into(), warm_up);
        let first_measured = due.len();
        due.extend(self::due(parameters.rate, parameters.window_s, u64::from(plan.seed) << 1 | 1, window));
        let messages = due.len();
        *ledger.borrow_mut() = Ledger::new(due, first_measured, clients, again);
        Ok(Self {
            plan,
            clock,
            following,
            ledger,
            poster,
            seats,
            counts,
            wrong,
            memory_before,
            window,
            end,
            messages,
        })
    }

    /// Memory of the server, now.
    pub(super) fn memory(&self) -> io::Result<Memory> {
        let sockets = Sockets::of_server(self.plan.server_port).unwrap_or_default();
        Ok(Memory {
            resident_before: self.memory_before,
            resident_after: resident(self.plan.pid)?,
            kernel_buffers: sockets.buffers,
            connections: sockets.connected,
            kernel_structures: sockets.connected * structure_octets(),
        })
    }
}

/// Connections for posts that are answered after `round_s`, with room for as many again.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number, and not below zero"
)]
fn under_way(rate: f64, round_s: f64) -> usize {
    (2.0 * rate * (round_s + 0.005)).ceil() as usize + 1
}

fn due(rate: f64, seconds: f64, seed: u64, from: Instant) -> Vec<Instant> {
    arrivals(rate, seconds, seed).into_iter().map(|time| from + time).collect()
}

/// Connects the audience; done when all follow. What ends a client's following is noted.
async fn seat(
    (following, cycle): (&Following, Duration),
    ledger: &Rc<RefCell<Ledger>>,
    seats: &[Rc<Seat>],
    first: &Arc<Counts>,
    wrong: &Wrong,
    returns: bool,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(OPENING_AT_A_TIME));
    let mut random = fastrand::Rng::with_seed(seats.len() as u64);
    for (client, seat) in seats.iter().enumerate() {
        let sink = Sink::Audience { ledger: ledger.clone(), client, seat: seat.clone() };
        let mut hearer = Hearer::new(sink, following.transport);
        let (mut following, wrong, seat, permits) =
            (following.clone(), wrong.clone(), seat.clone(), permits.clone());
        following.target = following.target.of_client(client);
        let counts = if client == 0 { Some(first.clone()) } else { returns.then(Arc::default) };
        // Polls are to come at any time of the cycle alike, not all together: each client has a part of it of its own.
        let offset = match following.transport {
            Transport::Polling | Transport::CoursePolling => {
                cycle.mul_f64((client as f64 + random.f64()) / seats.len() as f64)
            }
            _ => Duration::ZERO,
        };
        tokio::task::spawn_local(async move {
            following.clock.sleep(offset).await;
            seat.permit.set(permits.acquire_owned().await.ok());
            if let (true, Some(counts)) = (returns, &counts) {
                return attend(&following, &mut hearer, &seat, counts).await;
            }
            if let Err(error) = following.follow(&mut hearer, counts.as_ref()).await {
                wrong.add(format!("client {client} of the audience was cut off: {error}"));
                hearer.ready();
            }
        });
    }
    for seat in seats {
        while !seat.is_ready.get() {
            seat.became_ready.notified().await;
        }
    }
    Ok(())
}
