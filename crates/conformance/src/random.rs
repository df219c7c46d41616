//! Random numbers that a seed brings back.

use std::{
    hash::{BuildHasher, RandomState},
    ops::Range,
};

/// SplitMix64: small, and good enough to choose where a connection is cut.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of the seed in `CONFORMANCE_SEED`, or of a new one. The seed is printed, so that a test that
    /// failed can be run again with it.
    pub fn seeded() -> Self {
        let given = std::env::var("CONFORMANCE_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
        eprintln!("CONFORMANCE_SEED={seed}");
        Self(seed)
    }

    /// Other numbers, as random as these.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// A number in `range`.
    pub fn within(&mut self, range: Range<usize>) -> usize {
        let length = range.len().max(1) as u64;
        range.start + usize::try_from(self.next() % length).expect("no more than a length")
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.within(0..times) == 0
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
