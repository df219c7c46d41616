//! A steady load: warm up, measure, wait for what is under way; then time some first messages.

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram as Hdr;
use tokio::{sync::oneshot, time::timeout};

use super::{
    Report,
    audience::{Following, Hearer, Sink},
    http1::Http1,
    http2::Http2,
    marker::Finder,
    stage::Stage,
};
use crate::{
    counted::Passed,
    machine::{
        process::{Everything, Usage},
        sockets::Sockets,
    },
    record::{Cpu, Direction, Histogram, Idle, Load, Octets, Run, Transport, histogram::recorder},
    theory::sizes::TCP_IP_SEGMENT,
};

/// How often the load looks how late it is.
const LAG_PROBE: Duration = Duration::from_millis(10);

/// How long deliveries may take beyond what the delay and the pause explain.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a first message may take.
const OPENING: Duration = Duration::from_secs(10);

/// What is read at the window's begin and end.
struct Reading {
    at: Instant,
    server: Usage,
    load: Usage,
    relays: Vec<Usage>,
    everything: Everything,
    down: Passed,
    up: Passed,
    /// Of each connection of the first client, in the order that they were opened.
    sockets: Option<Vec<Sockets>>,
}

impl Stage {
    /// Measures.
    pub(super) async fn steady(self) -> io::Result<Report> {
        let lag = Rc::new(RefCell::new(recorder()));
        let posting = tokio::task::spawn_local(post_all(&self, lag.clone()));
        self.clock.sleep_until(self.window).await;
        let begin = self.read()?;
        self.ledger.borrow_mut().is_open = true;
        let probing = tokio::task::spawn_local(probe(self.clock.clone(), self.end, lag.clone()));
        self.clock.sleep_until(self.end).await;
        self.ledger.borrow_mut().is_open = false;
        let end = self.read()?;
        // Both end by themselves, the last post being due before the end.
        posting.await.map_err(io::Error::other)?;
        probing.await.map_err(io::Error::other)?;
        self.drain().await;
        let memory = self.memory()?;
        let mut run = self.figures(&begin, &end);
        run.memory = memory;
        run.load.lag = Histogram::from(&*lag.borrow());
        let limits = self.plan.limits;
        run.load.limited =
            run.load.lag.p99_us > limits.lag_us || run.load.cpu.max(run.load.relay_cpu) > limits.cpu;
        if self.messages > 0 {
            (run.first_cold, run.first_warm) = self.openings().await;
        }
        Ok(Report { run, wrong: self.wrong.sentences() })
    }

    fn read(&self) -> io::Result<Reading> {
        let ends = self.counts.connections();
        let sockets = ends.iter().map(|&(local, remote)| Sockets::of_client(local, remote));
        let sockets = sockets.collect::<io::Result<Vec<_>>>().ok();
        let (down, up) = self.counts.passed();
        Ok(Reading {
            at: Instant::now(),
            server: Usage::of(self.plan.pid)?,
            load: Usage::of(std::process::id())?,
            relays: self.plan.relays.iter().map(|&pid| Usage::of(pid)).collect::<io::Result<_>>()?,
            everything: Everything::now(),
            down,
            up,
            sockets,
        })
    }

    /// Waits until every answered post has come to all.
    pub(super) async fn drain(&self) {
        let parameters = &self.plan.parameters;
        let explained = 8 * u64::from(parameters.delay_ms);
        let pause = Duration::from_secs_f64(parameters.pause_s.unwrap_or(0.0));
        let limit = Instant::now() + DRAIN + pause + Duration::from_millis(explained);
        let is_done = || {
            let ledger = self.ledger.borrow();
            ledger.missing() == 0 && ledger.unanswered() == 0
        };
        while !is_done() && Instant::now() < limit {
            self.clock.sleep(Duration::from_millis(10)).await;
        }
    }

    fn figures(&self, begin: &Reading, end: &Reading) -> Run {
        let mut ledger = self.ledger.borrow_mut();
        let seconds = (end.at - begin.at).as_secs_f64();
        let server = end.server.since(begin.server);
        let load = end.load.since(begin.load);
        let relays: Vec<Duration> =
            end.relays.iter().zip(&begin.relays).map(|(end, begin)| end.since(*begin).cpu).collect();
        let relayed: Duration = relays.iter().sum();
        let busiest = relays.into_iter().max().unwrap_or_default();
        let busy = end.everything.busy.saturating_sub(begin.everything.busy);
        let cpu = Cpu {
            server_us: microseconds(server.cpu),
            server_wake_ups: server.wake_ups,
            load_us: microseconds(load.cpu),
            relay_us: microseconds(relayed),
            other_us: microseconds(busy.saturating_sub(server.cpu + load.cpu + relayed)),
            stolen_us: microseconds(end.everything.stolen.saturating_sub(begin.everything.stolen)),
        };
        let octets = self.octets(begin, end, ledger.first_client);
        let idle = (self.messages == 0).then(|| Idle {
            octets_a_client_second: total(&octets) as f64 / seconds,
            segments_a_client_second: (octets.down.segments + octets.up.segments) as f64 / seconds,
            wake_ups_a_second: server.wake_ups as f64 / seconds,
            cpu_us_a_second: cpu.server_us as f64 / seconds,
        });
        Run {
            window_s: seconds,
            delivery: Histogram::from(&ledger.delivery),
            answer: Histogram::from(&ledger.answer),
            accounting: ledger.close(),
            requests: ledger.requests.clone(),
            octets,
            load: Load {
                cpu: load.cpu.as_secs_f64() / seconds,
                relay_cpu: busiest.as_secs_f64() / seconds,
                ..Load::default()
            },
            cpu,
            idle,
            ..Run::default()
        }
    }

    fn octets(&self, begin: &Reading, end: &Reading, messages: u64) -> Octets {
        let payload = messages * u64::from(self.plan.parameters.payload_octets);
        let segments = begin.sockets.as_deref().zip(end.sockets.as_deref());
        let (down, up) = segments.map_or((0, 0), |(begin, end)| passed(begin, end));
        Octets {
            messages,
            down: direction(begin.down, end.down, payload, down),
            up: direction(begin.up, end.up, 0, up),
            segments_counted: segments.is_some(),
        }
    }

    /// Times the first message of some clients, one after another: cold, and warm where that can be.
    async fn openings(&self) -> (Histogram, Histogram) {
        let (mut cold, mut warm) = (recorder(), recorder());
        for _ in 0..self.plan.openings {
            match first_message(&self.following).await {
                Ok(time) => cold.saturating_record(microseconds(time)),
                Err(error) => self.wrong.add(format!("a new client got no message: {error}")),
            }
            match timeout(OPENING, again(&self.following)).await {
                Ok(Ok(Some(time))) => warm.saturating_record(microseconds(time)),
                Ok(Ok(None)) => {}
                Ok(Err(error)) => self.wrong.add(format!("an open connection gave no message: {error}")),
                Err(_) => self.wrong.add("an open connection gave no message within 10 s".to_owned()),
            }
        }
        (Histogram::from(&cold), Histogram::from(&warm))
    }
}

/// Posts what is due, whatever becomes of it; notes how late each post left.
fn post_all(stage: &Stage, lag: Rc<RefCell<Hdr<u64>>>) -> impl Future<Output = ()> + use<> {
    let (clock, poster, ledger) = (stage.clock.clone(), stage.poster.clone(), stage.ledger.clone());
    let (wrong, messages, window) = (stage.wrong.clone(), stage.messages, stage.window);
    async move {
        for number in 0..messages {
            let Some(due) = ledger.borrow().due(number) else { return };
            clock.sleep_until(due).await;
            if due >= window {
                lag.borrow_mut().saturating_record(microseconds(due.elapsed()));
            }
            let (poster, wrong) = (poster.clone(), wrong.clone());
            tokio::task::spawn_local(async move {
                if let Err(error) = poster.post(number).await {
                    wrong.add(format!("post {number} failed: {error}"));
                }
            });
        }
    }
}

/// Notes how late the load wakes, message or no message.
async fn probe(clock: crate::clock::Clock, end: Instant, lag: Rc<RefCell<Hdr<u64>>>) {
    let mut next = Instant::now() + LAG_PROBE;
    while next < end {
        clock.sleep_until(next).await;
        lag.borrow_mut().saturating_record(microseconds(next.elapsed()));
        next = Instant::now() + LAG_PROBE;
    }
}

/// From the connection's begin to the first message.
async fn first_message(following: &Following) -> io::Result<Duration> {
    let (first, came) = oneshot::channel();
    let mut hearer = Hearer::new(Sink::First(Some(first)), following.transport);
    let begin = Instant::now();
    tokio::select! {
        ended = following.follow(&mut hearer, None) => ended.and(Err(io::ErrorKind::UnexpectedEof.into())),
        came = came => came.map(|()| begin.elapsed()).map_err(io::Error::other),
        () = tokio::time::sleep(OPENING) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// From the second request on a connection to the first message; `None` where there is no second one.
async fn again(following: &Following) -> io::Result<Option<Duration>> {
    let path = match following.transport {
        Transport::Polling | Transport::LongPolling | Transport::Http2Streaming => "/messages",
        Transport::CoursePolling => "/poll",
        Transport::CourseHttp2 => "/msgs",
        _ => return Ok(None),
    };
    if matches!(following.transport, Transport::Http2Streaming | Transport::CourseHttp2) {
        let connection = Http2::connect(&following.target, None).await?;
        stream_until_message(&connection, path).await?;
        let begin = Instant::now();
        stream_until_message(&connection, path).await?;
        return Ok(Some(begin.elapsed()));
    }
    let mut connection = Http1::connect(&following.target, None).await?;
    connection.get(path, None).await?.expect("a first request")?;
    let begin = Instant::now();
    connection.get(path, None).await?.expect("a second request")?;
    Ok(Some(begin.elapsed()))
}

async fn stream_until_message(connection: &Http2, path: &str) -> io::Result<()> {
    let (mut content, mut finder, mut has_come) = (connection.get(path).await?, Finder::default(), false);
    while !has_come {
        let piece = content.next().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        finder.find(&piece, |_| has_come = true);
    }
    Ok(())
}

fn direction(begin: Passed, end: Passed, payload: u64, segments: u64) -> Direction {
    let layers = end.layers.since(begin.layers);
    let octets = end.octets - begin.octets;
    Direction {
        payload: payload.min(layers.content),
        envelope: layers.content.saturating_sub(payload),
        framing: layers.framing,
        fields: layers.fields,
        tls: octets.saturating_sub(layers.total()),
        tcp_ip: segments * TCP_IP_SEGMENT,
        segments,
    }
}

/// Segments in and out, of connections at the window's begin and at its end: one may have come, and one that has ended has no
/// count any more.
fn passed(begin: &[Sockets], end: &[Sockets]) -> (u64, u64) {
    let before = begin.iter().copied().chain(std::iter::repeat(Sockets::default()));
    let of = |(end, begin): (&Sockets, Sockets)| {
        let came = end.segments_in.saturating_sub(begin.segments_in);
        (came, end.segments_out.saturating_sub(begin.segments_out))
    };
    end.iter().zip(before).map(of).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn total(octets: &Octets) -> u64 {
    let of = |direction: &Direction| {
        let Direction { payload, envelope, framing, fields, tls, tcp_ip, segments: _ } = direction;
        payload + envelope + framing + fields + tls + tcp_ip
    };
    of(&octets.down) + of(&octets.up)
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
