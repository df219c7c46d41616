//! Two clients stop reading among 1,000. What it does to the others, to the server's memory, and to the two:
//!
//! - one falls silent: it answers no ping, so the server drops it after 40 s (`ping_after` and `pong_within`), and it
//!   goes on from its cursor over a new connection;
//! - one still says that it lives, a pong every 5 s: its connection lasts until nothing was taken for 40 s (`stalled`),
//!   which begins when the kernel's buffers are full; it goes on with what these held, and a batch.

use std::{
    mem::take,
    time::{Duration, Instant},
};

use raw_websocket::frame::Opcode;

use crate::{
    Outcome,
    cases::PEERS,
    child::Server,
    machine::{raise_open_files, resident},
    options::Stalled,
    slow::Slow,
    swarm::{Heard, Swarm},
    track::{Latency, STALLED, Track},
};

/// Bursts are posted so often.
const BURSTS_EVERY: Duration = Duration::from_millis(250);

/// How often the one that lives says so.
const PONG_EVERY: Duration = Duration::from_secs(5);

/// How often the server's memory is read.
const MEMORY_EVERY: Duration = Duration::from_millis(500);

const PHASES: [&str; 3] = ["before", "while two do not read", "after"];

struct Scene {
    swarm: Swarm,
    server: Server,
    track: Track,
    began: Instant,
    posted: usize,
    bursts: u32,
    pongs: u32,
    /// The two: the last of the clients.
    slow: [Slow; 2],
    names: [&'static str; 2],
    reconnected: [u32; 2],
}

struct Phase {
    latencies: Vec<u32>,
    memory: Vec<u64>,
}

/// Runs it, prints what happened, and judges it.
///
/// # Errors
/// A message was lost or came twice.
pub(crate) fn run(options: &Stalled) -> Outcome<()> {
    raise_open_files();
    let peer = PEERS.iter().find(|peer| peer.name == "raw-websocket").ok_or("no such server")?;
    let server = Server::start(peer, false)?;
    let mut swarm = Swarm::new(server.address, false)?;
    let others = options.clients.checked_sub(2).filter(|others| *others > 0).ok_or("3 clients at least")?;
    swarm.open_all(options.clients)?;
    swarm.settle(Duration::from_millis(200))?;
    let mut scene = Scene {
        swarm,
        server,
        track: Track::new(1, others, 1),
        began: Instant::now(),
        posted: 0,
        bursts: 0,
        pongs: 0,
        slow: Default::default(),
        names: ["falls silent", "sends pongs"],
        reconnected: [0; 2],
    };
    let (around, pause) = (Duration::from_secs_f64(options.around), Duration::from_secs_f64(options.pause));
    let mut phases = Vec::new();
    for (phase, time) in [around, pause, around].into_iter().enumerate() {
        eprintln!("{} s {}", time.as_secs_f64(), PHASES[phase]);
        for client in others..options.clients {
            scene.swarm.set_reading(client, phase != 1)?;
        }
        phases.push(scene.phase(options, others, time, phase == 1)?);
    }
    scene.finish(others)?;
    scene.report(phases)
}

impl Scene {
    fn phase(&mut self, options: &Stalled, others: usize, time: Duration, paused: bool) -> Outcome<Phase> {
        let (began, mut memory_read) = (Instant::now(), Instant::now());
        let mut phase = Phase { latencies: Vec::new(), memory: vec![resident(self.server.pid())?] };
        let mut pong = Instant::now();
        while began.elapsed() < time {
            self.post(options)?;
            self.turn(others)?;
            if paused && pong.elapsed() >= PONG_EVERY {
                pong = Instant::now();
                self.swarm.say(others + 1, Opcode::Pong, b"");
                self.swarm.flush(others + 1)?;
                self.pongs += 1;
            }
            if memory_read.elapsed() >= MEMORY_EVERY {
                memory_read = Instant::now();
                phase.memory.push(resident(self.server.pid())?);
            }
        }
        phase.latencies = take(&mut self.track.latencies);
        Ok(phase)
    }

    /// Posts what is due: latency counts from then, so nothing hides behind a load that is late.
    fn post(&mut self, options: &Stalled) -> Outcome<()> {
        let due = |every: Duration, count: u32| self.began + every * count;
        let steady = Duration::from_secs_f64(1.0 / options.rate);
        let mut drafts = Vec::new();
        let steady_due = due(steady, u32::try_from(self.posted)?);
        if steady_due <= Instant::now() {
            drafts.push(self.track.post(steady_due, options.size).1);
            self.posted += 1;
        }
        let burst_due = due(BURSTS_EVERY, self.bursts);
        if burst_due <= Instant::now() {
            drafts.extend((0..options.burst).map(|_| self.track.post(burst_due, options.size).1));
            self.bursts += 1;
        }
        for draft in &drafts {
            self.swarm.say(0, Opcode::Text, draft.as_bytes());
        }
        self.swarm.flush(0)
    }

    fn turn(&mut self, others: usize) -> Outcome<()> {
        let (track, slow) = (&mut self.track, &mut self.slow);
        let (mut gone, mut wrong) = (Vec::new(), None);
        self.swarm.turn(Duration::from_millis(1), &mut |client, heard| match heard {
            Heard::Text(text) if client < others => track.got(client, text, Instant::now()),
            Heard::Text(text) => wrong = slow[client - others].hear(text).err().or(wrong.take()),
            // What follows a Close is the end.
            Heard::Opened | Heard::Close => {}
            Heard::Gone => gone.push(client),
        })?;
        if let Some(error) = wrong {
            return Err(error);
        }
        for client in gone {
            let index = client.checked_sub(others).ok_or("the server closed a client that reads")?;
            self.reconnected[index] += 1;
            self.swarm.connect(client, &self.slow[index].target())?;
        }
        Ok(())
    }

    /// Waits until all have had everything.
    fn finish(&mut self, others: usize) -> Outcome<()> {
        let (began, newest) = (Instant::now(), self.track.posted());
        while (self.track.missing() > 0 || self.slow.iter().any(|slow| slow.at < newest))
            && began.elapsed() < STALLED
        {
            self.turn(others)?;
        }
        Ok(())
    }

    fn report(&self, phases: Vec<Phase>) -> Outcome<()> {
        println!("| the others' deliveries | number | p50 ms | p99 ms | max ms | server memory, most, MiB |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: |");
        for (name, mut phase) in PHASES.iter().zip(phases) {
            let Latency { p50_us, p99_us, max_us } = Latency::of(&mut phase.latencies);
            let ms = |us: u32| f64::from(us) / 1e3;
            let most = phase.memory.iter().max().copied().unwrap_or_default() as f64 / f64::from(1 << 20);
            println!(
                "| {name} | {} | {:.2} | {:.2} | {:.2} | {most:.2} |",
                phase.latencies.len(),
                ms(p50_us),
                ms(p99_us),
                ms(max_us)
            );
        }
        println!(
            "\n| client that stops reading | connections | messages | batches | missed | told | twice | unaccounted |"
        );
        println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        for ((name, slow), reconnected) in self.names.iter().zip(&self.slow).zip(self.reconnected) {
            let account = slow.account;
            println!(
                "| {name} | {} | {} | {} | {} | {} | {} | {} |",
                reconnected + 1,
                account.messages,
                account.batches,
                account.missed,
                account.told,
                account.twice,
                account.unaccounted
            );
        }
        let account = self.track.account();
        println!(
            "\n{} messages, {} deliveries to the others: {} lost, {} twice, {} out of order; {} pongs sent.",
            account.messages, account.deliveries, account.lost, account.twice, account.reordered, self.pongs
        );
        account.check()?;
        for slow in &self.slow {
            slow.check(account.messages)?;
        }
        Ok(())
    }
}
