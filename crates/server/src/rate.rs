//! How often something may be done: so many times a second for long, and twice as many at once.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{Peer, limits};

/// A token bucket whose burst is twice its rate.
#[derive(Debug)]
pub struct Rate {
    per_second: u32,
    bucket: Bucket,
}

impl Rate {
    /// At most `per_second` for long; 0 is no limit.
    pub fn new(per_second: u32) -> Self {
        Self { per_second, bucket: Bucket::full(per_second, Instant::now()) }
    }

    /// Counts one attempt.
    ///
    /// # Errors
    ///
    /// Too many; the time after which the next one is taken.
    pub fn take(&mut self) -> Result<(), Duration> {
        self.bucket.take(self.per_second, Instant::now())
    }
}

/// The same rate for each address, counted apart.
#[derive(Debug)]
pub(crate) struct AddressRates {
    per_second: u32,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl AddressRates {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// Counts one attempt of `peer`; as [`Rate::take`].
    pub(crate) fn take(&self, peer: Peer) -> Result<(), Duration> {
        let (rate, now) = (self.per_second, Instant::now());
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= limits::MAX_POSTING_ADDRESSES {
            buckets.retain(|_, bucket| !bucket.is_full(rate, now));
            if buckets.len() >= limits::MAX_POSTING_ADDRESSES && !buckets.contains_key(&peer.key()) {
                return Err(Duration::from_secs(1));
            }
        }
        buckets.entry(peer.key()).or_insert_with(|| Bucket::full(rate, now)).take(rate, now)
    }
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn full(rate: u32, now: Instant) -> Self {
        Self { tokens: burst(rate), filled: now }
    }

    fn at(&self, rate: u32, now: Instant) -> f64 {
        let grown = now.saturating_duration_since(self.filled).as_secs_f64() * f64::from(rate);
        (self.tokens + grown).min(burst(rate))
    }

    fn is_full(&self, rate: u32, now: Instant) -> bool {
        self.at(rate, now) >= burst(rate)
    }

    fn take(&mut self, rate: u32, now: Instant) -> Result<(), Duration> {
        if rate == 0 {
            return Ok(());
        }
        let tokens = self.at(rate, now);
        self.filled = now;
        if tokens < 1.0 {
            self.tokens = tokens;
            return Err(Duration::from_secs_f64((1.0 - tokens) / f64::from(rate)));
        }
        self.tokens = tokens - 1.0;
        Ok(())
    }
}

fn burst(rate: u32) -> f64 {
    f64::from(rate) * 2.0
}

/// Counts the drafts of one WebSocket that were refused within [`limits::REFUSALS_WINDOW`].
#[derive(Debug, Default)]
pub(crate) struct Refusals(VecDeque<Instant>);

impl Refusals {
    /// Counts one more; true where it makes [`limits::MAX_REFUSED_DRAFTS`].
    pub(crate) fn count(&mut self, now: Instant) -> bool {
        while self.0.front().is_some_and(|first| now.duration_since(*first) > limits::REFUSALS_WINDOW) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() >= limits::MAX_REFUSED_DRAFTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_twice_the_rate_and_comes_back() {
        let start = Instant::now();
        let mut bucket = Bucket::full(20, start);
        for _ in 0..40 {
            bucket.take(20, start).unwrap();
        }
        let wait = bucket.take(20, start).unwrap_err();
        assert!(wait <= Duration::from_millis(50), "{wait:?}");
        assert!(bucket.take(20, start + Duration::from_millis(49)).is_err());
        assert!(bucket.take(20, start + Duration::from_millis(51)).is_ok());
    }

    #[test]
    fn zero_lifts_the_limit() {
        let mut rate = Rate::new(0);
        assert!((0..10_000).all(|_| rate.take().is_ok()));
    }

    #[test]
    fn addresses_do_not_share() {
        let rates = AddressRates::new(1);
        let peer = |address: &str| Peer(address.parse().unwrap());
        assert!(rates.take(peer("192.0.2.1")).is_ok() && rates.take(peer("192.0.2.1")).is_ok());
        assert!(rates.take(peer("192.0.2.1")).is_err());
        assert!(rates.take(peer("192.0.2.2")).is_ok());
    }

    #[test]
    fn refusals_are_forgotten_after_their_window() {
        let start = Instant::now();
        let mut refusals = Refusals::default();
        assert!((1..limits::MAX_REFUSED_DRAFTS).all(|_| !refusals.count(start)));
        assert!(refusals.count(start), "the last of them");
        assert!(!refusals.count(start + limits::REFUSALS_WINDOW + Duration::from_secs(1)));
    }
}
