//! Distributions, in buckets that any program can read.

use hdrhistogram::Histogram as Hdr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Significant decimal digits: a bucket is at most 1 % of its value wide.
pub const DIGITS: u8 = 2;

/// The longest time that is told apart from longer ones: ten minutes (µs).
pub const HIGHEST_US: u64 = 600_000_000;

/// A distribution of times in microseconds.
///
/// To merge distributions, add the counts of equal buckets: all records cut them at the same values. The value at a
/// percentile is that of the first bucket at which the running sum reaches it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    /// How many times were recorded.
    pub count: u64,
    /// Mean (µs); 0 if there is none.
    pub mean_us: f64,
    /// The least (µs).
    pub min_us: u64,
    /// Median (µs).
    pub p50_us: u64,
    /// 90th percentile (µs).
    pub p90_us: u64,
    /// 99th percentile (µs).
    pub p99_us: u64,
    /// 99.9th percentile (µs).
    pub p999_us: u64,
    /// The greatest (µs).
    pub max_us: u64,
    /// The distribution, in ascending order, empty buckets left out.
    pub buckets: Vec<Bucket>,
}

/// `[value, count]`: so many times were no greater than `value` µs and greater than the bucket's before. Buckets
/// are those of an HdrHistogram with two significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bucket(
    /// The greatest time that falls into it (µs).
    pub u64,
    /// How many did.
    pub u64,
);

/// An empty distribution to record into.
///
/// # Panics
///
/// Never: the bounds are constants that `hdrhistogram` takes.
#[expect(clippy::expect_used, reason = "the arguments are constants, and a test makes one")]
pub fn recorder() -> Hdr<u64> {
    Hdr::new_with_bounds(1, HIGHEST_US, DIGITS).expect("bounds and digits that hdrhistogram takes")
}

impl From<&Hdr<u64>> for Histogram {
    fn from(hdr: &Hdr<u64>) -> Self {
        if hdr.is_empty() {
            return Self::default();
        }
        let bucket = |value: &hdrhistogram::iterators::IterationValue<u64>| {
            Bucket(hdr.highest_equivalent(value.value_iterated_to()), value.count_at_value())
        };
        Self {
            count: hdr.len(),
            mean_us: hdr.mean(),
            min_us: hdr.min(),
            p50_us: hdr.value_at_quantile(0.5),
            p90_us: hdr.value_at_quantile(0.9),
            p99_us: hdr.value_at_quantile(0.99),
            p999_us: hdr.value_at_quantile(0.999),
            max_us: hdr.max(),
            buckets: hdr.iter_recorded().map(|value| bucket(&value)).collect(),
        }
    }
}

impl Histogram {
    /// The distribution of these times (µs).
    pub fn of(times_us: impl IntoIterator<Item = u64>) -> Self {
        let mut hdr = recorder();
        times_us.into_iter().for_each(|time| hdr.saturating_record(time));
        Self::from(&hdr)
    }

    /// The distribution of several together, such as the repetitions of a case.
    pub fn merged<'a>(histograms: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut hdr = recorder();
        for Bucket(value, count) in histograms.into_iter().flat_map(|histogram| &histogram.buckets) {
            hdr.saturating_record_n(*value, *count);
        }
        Self::from(&hdr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_keep_every_count_and_one_percent() {
        let times: Vec<u64> = (1..=20_000).map(|n| n * 17 % 99_991).collect();
        let histogram = Histogram::of(times.iter().copied());
        assert_eq!(histogram.count, 20_000);
        assert_eq!(histogram.buckets.iter().map(|bucket| bucket.1).sum::<u64>(), 20_000);
        let mut sorted = times;
        sorted.sort_unstable();
        for (percent, value) in [(50, histogram.p50_us), (90, histogram.p90_us), (99, histogram.p99_us)] {
            let exact = sorted[percent * 200 - 1] as f64;
            assert!((value as f64 - exact).abs() <= 0.01 * exact, "{percent} %: {value} for {exact}");
        }
    }

    #[test]
    fn merging_adds_and_moves_no_bucket() {
        let (low, high) = (Histogram::of([40, 41, 900]), Histogram::of([900, 1_000_000]));
        let both = Histogram::merged([&low, &high]);
        assert_eq!(both.count, 5);
        assert_eq!(both.buckets, Histogram::of([40, 41, 900, 900, 1_000_000]).buckets);
        assert_eq!(Histogram::merged([&both]).buckets, both.buckets);
    }

    #[test]
    fn nothing_recorded_is_nothing() {
        assert_eq!(Histogram::of([]), Histogram::default());
    }
}
