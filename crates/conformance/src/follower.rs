//! Clients that outlive their connections, and the ledger that catches what is lost or comes twice.

use crate::{Batch, Client, Fate, Link, Lost, Message, Posted, random::Random, socket::soon};

/// What one follower has been given, checked batch by batch: every message once, in order, without a gap that
/// was not told as `missed`.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// All messages, in the order they came.
    pub messages: Vec<Message>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// The sum of all `missed`.
    pub missed: u64,
    last: Option<u64>,
}

impl Ledger {
    /// The ledger of a follower that begins after the message `last`.
    pub fn after(last: u64) -> Self {
        Self { last: Some(last), ..Self::default() }
    }

    /// Adds a batch.
    ///
    /// # Panics
    ///
    /// A message comes twice, or one is not there that was not `missed`.
    pub fn add(&mut self, batch: Batch) {
        assert!(!batch.reset, "a reset of a log that was not lost, after {:?}: {batch:?}", self.last);
        let mut last = self.last;
        if let Some(missed) = batch.missed {
            let before =
                last.unwrap_or_else(|| panic!("missed {missed}, and no cursor was given: {batch:?}"));
            last = Some(before + missed);
            self.missed += missed;
        }
        for message in &batch.messages {
            if let Some(last) = last {
                let (expected, came) = (last + 1, message.id);
                assert_eq!(came, expected, "message {expected} is due, with missed {:?}", batch.missed);
            }
            last = Some(message.id);
        }
        self.last = last;
        self.cursor = batch.cursor.or(self.cursor.take());
        self.messages.extend(batch.messages);
    }

    /// The id of the newest message that came or was missed.
    pub fn last(&self) -> u64 {
        self.last.unwrap_or(0)
    }

    /// The ids of its messages.
    pub fn ids(&self) -> Vec<u64> {
        self.messages.iter().map(|message| message.id).collect()
    }
}

/// Cuts connections at random octets, up to a number of cuts.
#[derive(Debug)]
pub struct Cutter {
    random: Random,
    /// How many connections were cut.
    pub cuts: usize,
}

impl Cutter {
    /// One that cuts where `random` says.
    pub fn new(random: Random) -> Self {
        Self { random, cuts: 0 }
    }

    /// The fate of the next connection.
    fn fate(&mut self) -> Fate {
        // Often within the handshake, the head or the first batch; sometimes much later.
        let most = if self.random.once_in(2) { 600 } else { 20_000 };
        let octets = self.random.within(1..most);
        if self.random.once_in(4) {
            Fate::CutAfterWriting(octets % 900 + 1)
        } else {
            Fate::CutAfterReading(octets)
        }
    }
}

/// A follower that connects again, from its cursor, whenever it loses its connection.
#[derive(Debug)]
pub struct ReliableFollower<C> {
    link: Link,
    client: Option<C>,
    /// What it got.
    pub ledger: Ledger,
    /// Cuts its connections; without one they last.
    pub cutter: Option<Cutter>,
}

impl<C: Client> ReliableFollower<C> {
    /// One that begins at the oldest retained message.
    pub fn new(link: Link, cutter: Option<Cutter>) -> Self {
        Self { link, client: None, ledger: Ledger::default(), cutter }
    }

    /// Takes the next batch, over as many connections as that needs.
    ///
    /// # Panics
    ///
    /// It does not come; the server ends a connection that the test did not cut.
    pub async fn step(&mut self) {
        loop {
            match soon(format!("what follows message {}", self.ledger.last()), self.try_step()).await {
                Ok(()) => return,
                Err(Lost::Connection(_) | Lost::Http2(_)) if self.cutter.is_some() => {
                    self.client.take().into_iter().for_each(C::cut);
                    self.cutter.as_mut().into_iter().for_each(|cutter| cutter.cuts += 1);
                }
                Err(lost) => panic!("after message {}: {lost}", self.ledger.last()),
            }
        }
    }

    async fn try_step(&mut self) -> Result<(), Lost> {
        let client = match &mut self.client {
            Some(client) => client,
            none => {
                let fate = self.cutter.as_mut().map_or(Fate::Lasting, Cutter::fate);
                let link = self.link.with_fate(fate);
                none.insert(C::connect(&link, self.ledger.cursor.as_deref()).await?)
            }
        };
        self.ledger.add(client.next_batch().await?);
        Ok(())
    }

    /// Cuts no more, and reads on until it has message `id`.
    pub async fn finish(&mut self, id: u64) {
        self.client.take().into_iter().for_each(C::cut);
        self.cutter = None;
        while self.ledger.last() < id {
            self.step().await;
        }
    }
}

/// A poster that posts a draft again, over a new connection, until it has an answer.
#[derive(Debug)]
pub struct ReliablePoster<C> {
    link: Link,
    client: Option<C>,
    cursor: Option<String>,
    /// Cuts its connections; without one they last.
    pub cutter: Option<Cutter>,
    /// How many drafts had been taken already when they were posted again.
    pub repeated: usize,
}

impl<C: Client> ReliablePoster<C> {
    /// One that has posted nothing yet.
    pub fn new(link: Link, cutter: Option<Cutter>) -> Self {
        Self { link, client: None, cursor: None, cutter, repeated: 0 }
    }

    /// Posts a draft that has a nonce; gives the message that is in the log.
    ///
    /// # Panics
    ///
    /// It is refused; no answer comes; the server ends a connection that the test did not cut.
    pub async fn post(&mut self, draft: &[u8]) -> Message {
        loop {
            match soon("the answer to a draft", self.try_post(draft)).await {
                Ok(posted) => {
                    self.repeated += usize::from(matches!(posted, Posted::Repeated(_)));
                    return posted.message();
                }
                Err(Lost::Connection(_) | Lost::Http2(_)) if self.cutter.is_some() => {
                    self.client.take().into_iter().for_each(C::cut);
                    self.cutter.as_mut().into_iter().for_each(|cutter| cutter.cuts += 1);
                }
                Err(lost) => panic!("no answer to a draft: {lost}"),
            }
        }
    }

    async fn try_post(&mut self, draft: &[u8]) -> Result<Posted, Lost> {
        let client = match &mut self.client {
            Some(client) => client,
            none => {
                let fate = self.cutter.as_mut().map_or(Fate::Lasting, Cutter::fate);
                let link = self.link.with_fate(fate);
                let client = none.insert(C::connect(&link, self.cursor.as_deref()).await?);
                // A poster need not read all of the log each time.
                self.cursor = client.next_batch().await?.cursor;
                client
            }
        };
        client.post(draft).await
    }
}
