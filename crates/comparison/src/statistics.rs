//! Medians and their intervals, of few repetitions and without a model of how they are distributed.
//!
//! The interval is that of the order statistics (Conover, *Practical Nonparametric Statistics*, §3.2; the sign test
//! turned round): each repetition lies below the true median with probability 1/2, so the k-th least and the k-th
//! greatest of n enclose it unless fewer than k lie on one side, that is with probability
//! `1 - 2 P(Bin(n, 1/2) < k)`. Of the k that give 95 %, the greatest is taken; where none does, the least and the
//! greatest are, and the figure says its lower confidence: 5 repetitions give 93.75 %, 3 give 75 %.

use crate::record::Figure;

/// The confidence that is asked for.
pub const CONFIDENCE: f64 = 0.95;

/// The median of these values with its interval; `None` of none.
pub fn summary(mut values: Vec<f64>, unit: &str) -> Option<Figure> {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let rank = rank(values.len());
    let low = *values.get(rank - 1)?;
    let high = *values.get(values.len().checked_sub(rank)?)?;
    Some(Figure {
        unit: unit.to_owned(),
        median: median(&values)?,
        low,
        high,
        confidence: confidence(values.len(), rank),
        repetitions: u32::try_from(values.len()).ok()?,
        expected: None,
    })
}

/// The median of values in ascending order.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(lower + (upper - lower) / 2.0)
}

/// The greatest `k` whose interval of `count` values has the confidence that is asked for, or 1.
fn rank(count: usize) -> usize {
    (1..=count.div_ceil(2)).rev().find(|&rank| confidence(count, rank) >= CONFIDENCE).unwrap_or(1)
}

/// `1 - 2 P(Bin(count, 1/2) < rank)`.
fn confidence(count: usize, rank: usize) -> f64 {
    let (mut probability, mut below) = (0.5_f64.powf(count as f64), 0.0);
    for successes in 0..rank {
        below += probability;
        probability *= (count - successes) as f64 / (successes + 1) as f64;
    }
    (1.0 - 2.0 * below).max(0.0)
}

/// True if two intervals have nothing in common.
pub fn differ(one: &Figure, other: &Figure) -> bool {
    one.high < other.low || other.high < one.low
}

/// How often two figures of so many repetitions differ by chance alone, both drawn from one distribution.
///
/// Exact, and for every continuous distribution: of all orders in which the values of both can fall, each as likely as
/// the others, it counts those in which one interval ends before the other begins. Three repetitions each: 1 in 10.
pub fn chance_of_differing(one: u32, other: u32) -> f64 {
    below(one as usize, other as usize) + below(other as usize, one as usize)
}

/// The chance that the interval of `lower` values ends before that of `upper` values begins.
fn below(lower: usize, upper: usize) -> f64 {
    if lower == 0 || upper == 0 {
        return 0.0;
    }
    let (end, begin) = (lower + 1 - rank(lower), rank(upper));
    // At the `begin`-th of the upper's values, `before` of the lower's lie below it, and `end` of them at least.
    let orders = |before: usize| {
        choose(before + begin - 1, before) * choose(lower - before + upper - begin, lower - before)
    };
    (end..=lower).map(orders).sum::<f64>() / choose(lower + upper, lower)
}

/// The binomial coefficient.
fn choose(of: usize, taken: usize) -> f64 {
    (0..taken).map(|step| (of - step) as f64 / (taken - step) as f64).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Figure {
        summary(values.to_vec(), "µs").unwrap()
    }

    #[test]
    fn the_confidence_is_that_of_the_sign_test() {
        // From the tables of the binomial distribution.
        for (count, rank, expected) in
            [(1, 1, 0.0), (3, 1, 0.75), (5, 1, 0.9375), (6, 1, 0.96875), (9, 2, 0.9609), (20, 6, 0.9586)]
        {
            assert!((confidence(count, rank) - expected).abs() < 1e-4, "{count}, {rank}");
        }
        assert_eq!([1, 3, 5, 6, 8, 9, 20].map(rank), [1, 1, 1, 1, 1, 2, 6]);
    }

    #[test]
    fn the_interval_encloses_the_median_and_forgets_one_outlier_in_nine() {
        let nine = of(&[5.0, 3.0, 1.0, 2.0, 4.0, 6.0, 7.0, 8.0, 900.0]);
        assert_eq!((nine.low, nine.median, nine.high, nine.repetitions), (2.0, 5.0, 8.0, 9));
        let even = of(&[1.0, 2.0, 4.0, 8.0]);
        assert_eq!((even.low, even.median, even.high), (1.0, 3.0, 8.0));
        assert_eq!(summary(vec![], "µs"), None);
        assert_eq!(summary(vec![f64::NAN], "µs"), None);
    }

    /// The intervals of many draws hold the true median as often as they say.
    #[test]
    fn intervals_hold_the_median_as_often_as_they_say() {
        let mut random = fastrand::Rng::with_seed(32);
        for count in [3, 5, 9, 15] {
            let hits = (0..4_000).filter(|_| {
                // Skewed, as times are: exponential, the median ln 2.
                let drawn = (0..count).map(|_| -(1.0 - random.f64()).ln()).collect();
                summary(drawn, "s")
                    .is_some_and(|figure| (figure.low..=figure.high).contains(&std::f64::consts::LN_2))
            });
            let share = hits.count() as f64 / 4_000.0;
            let said = confidence(count, rank(count));
            assert!((share - said).abs() < 0.02, "{count}: {share} of {said}");
        }
    }

    #[test]
    fn intervals_that_touch_do_not_differ() {
        assert!(!differ(&of(&[1.0, 2.0, 3.0]), &of(&[3.0, 4.0, 5.0])));
        assert!(differ(&of(&[1.0, 2.0, 3.0]), &of(&[3.1, 4.0, 5.0])));
    }

    #[test]
    fn the_chance_of_differing_is_that_of_draws() {
        assert!((chance_of_differing(3, 3) - 0.1).abs() < 1e-12);
        assert!((chance_of_differing(5, 5) - 2.0 / 252.0).abs() < 1e-12);
        let mut random = fastrand::Rng::with_seed(7);
        for (one, other) in [(1, 3), (3, 5), (9, 9), (9, 3)] {
            let mut draw = |count| summary((0..count).map(|_| random.f64()).collect(), "s").unwrap();
            let hits = (0..20_000).filter(|_| differ(&draw(one), &draw(other))).count();
            let (share, said) = (hits as f64 / 20_000.0, chance_of_differing(one, other));
            assert!((share - said).abs() < 0.01, "{one} and {other}: {share} of {said}");
        }
    }
}
