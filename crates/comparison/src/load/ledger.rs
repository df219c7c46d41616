//! What became of each message: when it was due, who has it, in which order.
//!
//! The order of the log is taken from the clients: a message gets its place when the first of them has it, and all
//! others must have it at that place too.

use std::{collections::BTreeSet, time::Instant};

use hdrhistogram::Histogram as Hdr;

use crate::record::{Accounting, Requests, histogram::recorder};

/// Who has what.
#[derive(Debug)]
pub struct Ledger {
    /// When each message was due, by its number.
    due: Vec<Instant>,
    /// The first message that is measured; those before warm up.
    first_measured: usize,
    answered: Vec<bool>,
    place: Vec<Option<usize>>,
    places: usize,
    clients: Vec<Reader>,
    /// True if the protocol sends all that is kept each time: what comes again is not doubled.
    sends_all: bool,
    /// Requests are counted while this is true.
    pub is_open: bool,
    /// From due to each client's having it (µs), of measured messages.
    pub delivery: Hdr<u64>,
    /// From due to the answer (µs), of measured messages.
    pub answer: Hdr<u64>,
    /// Counted over the whole run.
    pub accounting: Accounting,
    /// Counted while it is open.
    pub requests: Requests,
    /// Messages that the first client got while it was open.
    pub first_client: u64,
}

/// A client's place in the log.
#[derive(Clone, Debug, Default)]
struct Reader {
    next: usize,
    skipped: BTreeSet<usize>,
}

impl Ledger {
    /// For messages that are due at these times, of which those from `first_measured` on are measured.
    pub fn new(due: Vec<Instant>, first_measured: usize, clients: usize, sends_all: bool) -> Self {
        Self {
            answered: vec![false; due.len()],
            place: vec![None; due.len()],
            places: 0,
            clients: vec![Reader::default(); clients],
            sends_all,
            is_open: false,
            delivery: recorder(),
            answer: recorder(),
            accounting: Accounting::default(),
            requests: Requests::default(),
            first_client: 0,
            due,
            first_measured,
        }
    }

    /// When a message is due.
    pub fn due(&self, number: usize) -> Option<Instant> {
        self.due.get(number).copied()
    }

    /// A post leaves.
    pub fn posted(&mut self) {
        self.accounting.posted += 1;
        self.requests.post += u64::from(self.is_open);
    }

    /// A post's answer has come.
    pub fn answered(&mut self, number: usize) {
        let Some(answered) = self.answered.get_mut(number) else { return };
        if std::mem::replace(answered, true) {
            return;
        }
        if let Some(microseconds) = self.measured(number) {
            self.answer.saturating_record(microseconds);
        }
    }

    /// A request of the audience leaves.
    pub fn asked(&mut self) {
        self.requests.follow += u64::from(self.is_open);
    }

    /// A request of the audience was answered without a message.
    pub fn empty(&mut self) {
        self.requests.empty += u64::from(self.is_open);
    }

    /// A client has a message.
    pub fn delivered(&mut self, client: usize, number: usize) {
        let Some(place) = self.place.get_mut(number) else { return };
        let place = *place.get_or_insert_with(|| {
            self.places += 1;
            self.places - 1
        });
        let Some(reader) = self.clients.get_mut(client) else { return };
        if place < reader.next {
            if reader.skipped.remove(&place) {
                self.accounting.reordered += 1;
            } else if self.sends_all {
                self.accounting.redelivered += 1;
                return;
            } else {
                self.accounting.doubled += 1;
                return;
            }
        } else {
            reader.skipped.extend(reader.next..place);
            reader.next = place + 1;
        }
        self.accounting.delivered += 1;
        self.requests.delivered += u64::from(self.is_open);
        self.first_client += u64::from(self.is_open && client == 0);
        if let Some(microseconds) = self.measured(number) {
            self.delivery.saturating_record(microseconds);
        }
    }

    /// The time since a message was due (µs), if it is a measured one.
    fn measured(&self, number: usize) -> Option<u64> {
        let due = self.due.get(number).filter(|_| number >= self.first_measured)?;
        u64::try_from(due.elapsed().as_micros()).ok()
    }

    /// Messages in the log: those that were answered or that a client has.
    fn logged(&self) -> usize {
        self.answered
            .iter()
            .zip(&self.place)
            .filter(|&(&answered, place)| answered || place.is_some())
            .count()
    }

    /// Deliveries that have not come, of messages in the log.
    pub fn missing(&self) -> u64 {
        let has = |reader: &Reader| reader.next - reader.skipped.len();
        let had: usize = self.clients.iter().map(has).sum();
        (self.logged() * self.clients.len() - had) as u64
    }

    /// Posts that were not answered.
    pub fn unanswered(&self) -> u64 {
        self.accounting.posted - self.answered.iter().filter(|&&answered| answered).count() as u64
    }

    /// What came of all, now that nothing more comes.
    pub fn close(&mut self) -> Accounting {
        self.accounting.lost = self.missing();
        self.accounting.refused = self.unanswered();
        self.accounting.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(messages: usize, clients: usize, sends_all: bool) -> Ledger {
        let mut ledger = Ledger::new(vec![Instant::now(); messages], 1, clients, sends_all);
        for number in 0..messages {
            ledger.posted();
            ledger.answered(number);
        }
        ledger
    }

    fn deliver(ledger: &mut Ledger, client: usize, numbers: &[usize]) {
        numbers.iter().for_each(|&number| ledger.delivered(client, number));
    }

    #[test]
    fn all_in_one_order_is_well_even_if_it_is_not_that_of_the_posts() {
        let mut ledger = ledger(4, 2, false);
        deliver(&mut ledger, 0, &[1, 0]);
        deliver(&mut ledger, 1, &[1, 0, 3, 2]);
        assert_eq!(ledger.missing(), 2);
        deliver(&mut ledger, 0, &[3, 2]);
        let all = Accounting { posted: 4, delivered: 8, ..Accounting::default() };
        assert_eq!(ledger.close(), all);
        // The first warms up.
        assert_eq!((ledger.delivery.len(), ledger.answer.len()), (6, 3));
    }

    #[test]
    fn what_is_lost_doubled_or_reordered_is_told_apart() {
        let mut ledger = ledger(5, 3, false);
        deliver(&mut ledger, 0, &[0, 1, 2, 3, 4]);
        deliver(&mut ledger, 1, &[0, 1, 1, 3, 2, 4]);
        deliver(&mut ledger, 2, &[0, 1, 3]);
        let accounting = ledger.close();
        assert_eq!((accounting.lost, accounting.doubled, accounting.reordered), (2, 1, 1));
    }

    #[test]
    fn an_answered_post_that_nobody_gets_is_lost_to_each() {
        let mut ledger = ledger(3, 2, false);
        deliver(&mut ledger, 0, &[0, 2]);
        deliver(&mut ledger, 1, &[0, 2]);
        assert_eq!(ledger.close().lost, 2);
    }

    #[test]
    fn a_post_without_an_answer_is_refused_and_owed_to_nobody() {
        let mut ledger = Ledger::new(vec![Instant::now(); 2], 0, 1, false);
        ledger.posted();
        ledger.posted();
        ledger.answered(0);
        ledger.delivered(0, 0);
        let accounting = ledger.close();
        assert_eq!((accounting.refused, accounting.lost), (1, 0));
    }

    #[test]
    fn what_a_protocol_sends_each_time_is_not_doubled() {
        let mut ledger = ledger(2, 1, true);
        deliver(&mut ledger, 0, &[0, 0, 1, 0, 1]);
        let accounting = ledger.close();
        assert_eq!((accounting.doubled, accounting.redelivered, accounting.delivered), (0, 3, 2));
    }
}
