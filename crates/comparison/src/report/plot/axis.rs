//! Axes: a range, where its ticks stand, and what they say. Logarithms are taken here, so that all charts are of one type.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::{FINE, text_width};
use crate::report::words;

/// How values lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As they are; from 0.
    Linear,
    /// By their logarithm.
    Log,
    /// As parts of deliveries: half, 90 %, 99 %: each step is ten times rarer.
    Percentile,
}

/// An axis of a chart.
#[derive(Clone, Debug)]
pub struct Axis {
    /// How values lie on it.
    pub scale: Scale,
    /// What it is, with its unit.
    pub title: String,
    /// What a drawn value is multiplied by before it is said: 0.001 says microseconds in milliseconds.
    pub factor: f64,
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Axis {
    /// An axis on which all these values have a place.
    pub fn over(
        scale: Scale,
        title: impl Into<String>,
        factor: f64,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in
            values.into_iter().filter(|value| value.is_finite() && (scale != Scale::Log || *value > 0.0))
        {
            (least, most) = (least.min(value * factor), most.max(value * factor));
        }
        if least > most {
            (least, most) = (1.0, 1.0);
        }
        let (low, high, ticks) = match scale {
            Scale::Linear => linear(least.min(0.0), most),
            Scale::Log => logarithmic(least, most),
            Scale::Percentile => {
                (-0.05, most.clamp(0.9, 0.99999).mul_add(-1.0, 1.0).log10().abs() + 0.1, vec![])
            }
        };
        let ticks = if scale == Scale::Percentile {
            let parts = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
            parts.into_iter().map(|part: f64| -(1.0 - part).log10()).filter(|tick| *tick <= high).collect()
        } else {
            ticks
        };
        Self { scale, title: title.into(), factor, low, high, ticks }
    }

    /// Ticks at these values only, such as those that were measured.
    pub fn with_ticks(mut self, values: &[f64]) -> Self {
        self.ticks = values.iter().map(|value| self.place(*value)).collect();
        self
    }

    /// With only so many ticks as can be read side by side on this width (drawn units).
    pub fn fitting(mut self, width: i32) -> Self {
        while self.ticks.len() > 2
            && self.said().map(|said| text_width(&said) + 8 * FINE).sum::<i32>() > width
        {
            self.ticks = self.ticks.into_iter().step_by(2).collect();
        }
        self
    }

    /// Where a value lies, in the chart's numbers.
    pub fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value * self.factor,
            Scale::Log => (value * self.factor).max(f64::MIN_POSITIVE).log10().max(self.low),
            Scale::Percentile => -(1.0 - value.min(0.999_999)).log10(),
        }
    }

    /// An axis of so many rows, from the top down; nothing stands at it.
    pub fn rows(count: usize) -> Self {
        Self {
            scale: Scale::Linear,
            title: String::new(),
            factor: 1.0,
            low: count as f64,
            high: 0.0,
            ticks: vec![],
        }
    }

    /// What stands at each tick.
    pub fn said(&self) -> impl Iterator<Item = String> {
        self.ticks.iter().map(|tick| self.says(*tick))
    }

    /// What stands at a tick.
    fn says(&self, place: f64) -> String {
        match self.scale {
            Scale::Linear => words::exact((place * 1e6).round() / 1e6),
            Scale::Log => {
                let value = 10_f64.powf(place);
                let step = 10_f64.powf(place.floor() - 2.0);
                words::exact(((value / step).round() * step * 1e9).round() / 1e9)
            }
            Scale::Percentile => words::exact(((1.0 - 10_f64.powf(-place)) * 100_000.0).round() / 1_000.0),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn range(&self) -> std::ops::Range<f64> {
        self.low..self.high
    }

    #[expect(clippy::cast_possible_truncation, reason = "a place in a drawing")]
    fn map(&self, place: &f64, (from, to): (i32, i32)) -> i32 {
        let part = (place - self.low) / (self.high - self.low);
        (f64::from(from) + part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light points would be a second mesh between the ticks.
        if hint.weight().allow_light_points() { vec![] } else { self.ticks.clone() }
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        self.says(*place)
    }
}

/// About five steps of 1, 2 or 5 times a power of ten.
fn linear(low: f64, high: f64) -> (f64, f64, Vec<f64>) {
    let span = (high - low).max(f64::MIN_POSITIVE);
    let rough = span / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let first = (low / step).floor();
    let high = high + 0.04 * span;
    let last = (high / step).floor();
    let mut ticks = vec![];
    let mut at = first;
    while at <= last {
        ticks.push(at * step);
        at += 1.0;
    }
    (first * step, high, ticks)
}

/// Three to six ticks: whole decades where there are enough, else parts of them, else steps as on a linear axis.
fn logarithmic(least: f64, most: f64) -> (f64, f64, Vec<f64>) {
    let (low, high) = (least.log10(), most.log10());
    let margin = ((high - low) * 0.06).max(0.02);
    let (low, high) = (low - margin, high + margin);
    let times: [&[f64]; 4] = [&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0, 5.0, 7.0]];
    let within = |tick: &f64| (low..=high).contains(tick);
    let of = |times: &[f64]| -> Vec<f64> {
        let decades = (0..=80).map(|decade| low.floor() + f64::from(decade));
        decades
            .flat_map(|decade| times.iter().map(move |times| decade + times.log10()))
            .filter(within)
            .collect()
    };
    let steps = || {
        let (_, _, ticks) = linear(10_f64.powf(low), 10_f64.powf(high));
        ticks.into_iter().filter(|tick| *tick > 0.0).map(f64::log10).filter(within).collect()
    };
    let mut ticks: Vec<f64> = times.into_iter().map(of).find(|ticks| ticks.len() >= 3).unwrap_or_else(steps);
    while ticks.len() > 6 {
        ticks = ticks.into_iter().step_by(2).collect();
    }
    (low, high, ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &Axis) -> Vec<String> {
        axis.said().collect()
    }

    #[test]
    fn ticks_are_round_and_say_their_value() {
        assert_eq!(
            ticks(&Axis::over(Scale::Linear, "", 0.001, [0.0, 400_000.0])),
            ["0", "100", "200", "300", "400"]
        );
        assert_eq!(
            ticks(&Axis::over(Scale::Log, "", 1.0, [0.1, 1_000.0])),
            ["0.1", "1", "10", "100", "1,000"]
        );
        assert_eq!(ticks(&Axis::over(Scale::Log, "", 1.0, [2.0, 20.0])), ["2", "5", "10", "20"]);
        assert_eq!(ticks(&Axis::over(Scale::Log, "", 1.0, [0.9, 1.2])), ["0.9", "1", "1.1", "1.2"]);
        assert_eq!(ticks(&Axis::over(Scale::Percentile, "", 1.0, [0.999])), ["50", "90", "99", "99.9"]);
    }

    #[test]
    fn nothing_and_zero_have_a_place() {
        let empty = Axis::over(Scale::Log, "", 1.0, []);
        assert!(empty.place(1.0).is_finite());
        let log = Axis::over(Scale::Log, "", 1.0, [0.0, 5.0]);
        assert!(log.place(0.0) >= log.range().start);
    }
}
