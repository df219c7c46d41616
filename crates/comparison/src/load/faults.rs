//! Faults: connections cut, a time in which nothing passes, a server killed and started again. The audience is quiet
//! when it comes; after it, posts tell who follows again.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::io::{BufReader, Lines, Stdin};

use super::{
    Fault, Report, Said,
    audience::{Following, Hearer, Seat, WAIT_S},
    poster::Poster,
    program::say,
    stage::Stage,
};
use crate::{
    counted::Counts,
    record::{Histogram, Question, Recovery, Run, Transport},
};

/// Between attempts to follow again, alike for all: what is compared is the transports, not the policies above them.
pub(super) const RETRY: Duration = Duration::from_millis(100);

/// Posts that all must hear before the fault.
const WARM_UP_POSTS: usize = 3;

/// Beyond the time in which a server must say something, after which silence is a fault.
const PATIENCE: Duration = Duration::from_secs(5);

/// Posts after the fault come ever more slowly, each this part of the time since it later than the one before: so times are
/// told to a twentieth, and what a server keeps is enough for who is long away.
const PATIENT: u32 = 20;

/// How long all may take to be back after the fault.
const RETURN_LIMIT: Duration = Duration::from_secs(60);

/// Follows, and again after each end.
pub(super) async fn attend(following: &Following, hearer: &mut Hearer, seat: &Seat, counts: &Arc<Counts>) {
    loop {
        tokio::select! {
            _ = following.follow(hearer, Some(counts)) => {}
            () = silence(following, counts) => {}
        }
        if seat.is_ready.replace(false) || seat.lost.get().is_none() {
            seat.lost.set(seat.lost.get().or(Some(Instant::now())));
            seat.back.set(None);
        } else {
            following.clock.sleep(RETRY).await;
        }
        seat.permit.take();
        seat.attempts.set(seat.attempts.get() + 1);
    }
}

/// After which silence a client knows that its server is gone; `None` if its protocol promises no sign of life.
fn patience(following: &Following) -> Option<Duration> {
    let promised = match following.transport {
        Transport::Polling | Transport::CoursePolling => following.pause,
        Transport::LongPolling => Duration::from_secs(WAIT_S),
        // An empty line every 15 s.
        Transport::Http2Streaming => Duration::from_secs(15),
        // A ping after 20 s.
        Transport::Websocket => Duration::from_secs(20),
        // A ping every 25 s, as its server announces.
        Transport::SocketIoWebsocket | Transport::SocketIoPolling => Duration::from_secs(25),
        Transport::CourseHttp2 => return None,
    };
    Some(promised + PATIENCE)
}

/// Done when nothing has come for too long.
async fn silence(following: &Following, counts: &Counts) {
    let Some(patience) = patience(following) else { return std::future::pending().await };
    let (mut heard, mut since) = (counts.passed().0.octets, Instant::now());
    while since.elapsed() < patience {
        following.clock.sleep(patience.saturating_sub(since.elapsed()).min(Duration::from_millis(100))).await;
        let now = counts.passed().0.octets;
        if now != heard {
            (heard, since) = (now, Instant::now());
        }
    }
}

impl Stage {
    /// Has everybody hear something, has the fault made, and times what comes after it.
    pub(super) async fn fault(mut self, input: &mut Lines<BufReader<Stdin>>) -> io::Result<Report> {
        let every = Duration::from_secs_f64(1.0 / self.plan.parameters.rate.max(1.0));
        let first = WARM_UP_POSTS.min(self.messages);
        for number in 0..first {
            self.post(number);
            self.clock.sleep(every).await;
        }
        self.drain().await;
        for seat in &self.seats {
            seat.lost.take();
            seat.back.take();
            seat.heard.take();
            seat.attempts.set(0);
            seat.awaited.set(Some(first));
        }
        let (begin, end) = self.make_fault(input).await?;
        self.reconnect_poster().await?;
        let has_all = |stage: &Self| stage.seats.iter().all(|seat| seat.heard.get().is_some());
        for number in first..self.messages {
            self.post(number);
            self.clock.sleep(every.max(end.elapsed() / PATIENT)).await;
            if has_all(&self) || end.elapsed() > RETURN_LIMIT {
                break;
            }
        }
        self.drain().await;
        let accounting = self.ledger.borrow_mut().close();
        let window_s = begin.elapsed().as_secs_f64();
        let recovery = Some(self.recovery(begin, end));
        let run = Run { window_s, accounting, recovery, ..Run::default() };
        Ok(Report { run, wrong: self.wrong.sentences() })
    }

    /// Posts, and does not wait for the answer.
    fn post(&self, number: usize) {
        let (poster, wrong) = (self.poster.clone(), self.wrong.clone());
        tokio::task::spawn_local(async move {
            if let Err(error) = poster.post(number).await {
                wrong.add(format!("post {number} failed: {error}"));
            }
        });
    }

    async fn reconnect_poster(&mut self) -> io::Result<()> {
        let payload = self.plan.parameters.payload_octets;
        let limit = Instant::now() + RETURN_LIMIT;
        loop {
            match Poster::connect(&self.following, &self.ledger, payload, 1).await {
                Ok(poster) => self.poster = poster,
                Err(error) if Instant::now() > limit => return Err(error),
                Err(_) => {
                    self.clock.sleep(RETRY / 10).await;
                    continue;
                }
            }
            return Ok(());
        }
    }

    async fn make_fault(&self, input: &mut Lines<BufReader<Stdin>>) -> io::Result<(Instant, Instant)> {
        let length = Duration::from_secs_f64(self.plan.parameters.fault_s.unwrap_or(0.0));
        let (first, second) = match self.plan.question {
            Question::Blackhole => (Fault::BeginBlackhole, Some(Fault::EndBlackhole)),
            Question::Restart => (Fault::Kill, Some(Fault::Start)),
            _ => (Fault::Cut, None),
        };
        let begin = Instant::now();
        ask(first, input).await?;
        let Some(second) = second else { return Ok((begin, Instant::now())) };
        self.clock.sleep_until(begin + length).await;
        ask(second, input).await?;
        Ok((begin, Instant::now()))
    }

    fn recovery(&self, begin: Instant, end: Instant) -> Recovery {
        let since =
            |from: Instant, to: Instant| u64::try_from(to.saturating_duration_since(from).as_micros()).ok();
        let seats = || self.seats.iter();
        let reconnecting = |seat: &Seat| since(seat.lost.get()?.max(end), seat.back.get()?);
        Recovery {
            detection: Histogram::of(seats().filter_map(|seat| since(begin, seat.lost.get()?))),
            reconnecting: Histogram::of(seats().filter_map(|seat| reconnecting(seat))),
            first_message: Histogram::of(seats().filter_map(|seat| since(end, seat.heard.get()?))),
            attempts: seats().map(|seat| seat.attempts.get()).sum(),
            stayed_away: seats().filter(|seat| seat.heard.get().is_none()).count() as u64,
        }
    }
}

/// Has something done, and waits until it is.
async fn ask(fault: Fault, input: &mut Lines<BufReader<Stdin>>) -> io::Result<()> {
    say(&Said::Fault(fault))?;
    input.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(())
}
