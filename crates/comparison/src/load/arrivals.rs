//! When posts are due: drawn beforehand, whatever the server does (an open loop).

use std::time::Duration;

/// The times of a Poisson process of `rate` a second over `seconds`, given how many come: as many as the mean says, at
/// least one. So every repetition has equally many, and where they lie is as random as the process is.
///
/// They are in ascending order, and the same for the same seed.
pub fn arrivals(rate: f64, seconds: f64, seed: u64) -> Vec<Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    let count = count(rate, seconds);
    // Given the count, the times of a Poisson process are as independent and uniform ones.
    let mut times: Vec<Duration> =
        (0..count).map(|_| Duration::from_secs_f64(random.f64() * seconds)).collect();
    times.sort_unstable();
    times
}

/// How many posts are due.
#[expect(clippy::cast_possible_truncation, reason = "a rate and a time that a plan may have")]
fn count(rate: f64, seconds: f64) -> u32 {
    if rate > 0.0 { ((rate * seconds).round() as u32).max(1) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_rate_says_and_the_same_for_a_seed() {
        let times = arrivals(100.0, 5.0, 7);
        assert_eq!(times.len(), 500);
        assert!(times.is_sorted());
        assert!(times.iter().all(|time| *time < Duration::from_secs(5)));
        assert_eq!(times, arrivals(100.0, 5.0, 7));
        assert_ne!(times, arrivals(100.0, 5.0, 8));
        assert_eq!(arrivals(0.1, 2.0, 7).len(), 1);
        assert_eq!(arrivals(0.0, 2.0, 7).len(), 0);
    }

    /// Gaps of a Poisson process are exponential: their deviation is as large as their mean.
    #[test]
    fn the_gaps_are_those_of_a_poisson_process() {
        let times = arrivals(1_000.0, 20.0, 11);
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 0.001).abs() < 0.000_02, "{mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "{variance}");
    }
}
