//! Numbers as people read them: three significant digits, a unit, and the interval.

use super::select::Axis;
use crate::record::{Case, Figure, Parameters};

/// A value in a unit that a record has, in the unit that suits its size: `312 µs`, `1.02 s`, `4.1 KiB`.
pub fn value(value: f64, unit: &str) -> String {
    let (scale, shown) = scale(value, unit);
    format!("{} {shown}", digits(value / scale)).trim_end().to_owned()
}

/// A figure with its interval, in one unit: `312 µs (301 to 320)`; of one run there is none, and runs that came to
/// the same have none to show.
pub fn figure(figure: &Figure) -> String {
    let (scale, shown) = scale(figure.median, &figure.unit);
    let [low, median, high] = alike([figure.low, figure.median, figure.high].map(|value| value / scale));
    let said = format!("{median} {shown}");
    match figure.repetitions {
        0 | 1 => format!("{} (one run)", said.trim_end()),
        _ if low == high => format!("{} (all runs)", said.trim_end()),
        _ => format!("{} ({low} to {high})", said.trim_end()),
    }
}

/// Three values with equally many decimals: those that give the middle one three digits. More would be made up: times are
/// kept to one percent.
fn alike(values: [f64; 3]) -> [String; 3] {
    let [_, median, high] = values;
    let decimals = decimals(if median == 0.0 { high } else { median });
    values.map(|value| grouped(&format!("{value:.decimals$}")))
}

/// What to divide by, and the unit to say, for a value of this size.
pub fn scale(value: f64, unit: &str) -> (f64, &'static str) {
    let size = value.abs();
    match unit {
        "µs" if size >= 999_500.0 => (1e6, "s"),
        "µs" if size >= 999.5 => (1e3, "ms"),
        "µs" => (1.0, "µs"),
        "octets" if size >= 1_048_576.0 => (1_048_576.0, "MiB"),
        "octets" if size >= 10_000.0 => (1_024.0, "KiB"),
        "octets" => (1.0, "B"),
        "s" => (1.0, "s"),
        "requests" => (1.0, "requests"),
        "segments" => (1.0, "segments"),
        "wake-ups" => (1.0, "wake-ups"),
        "attempts" => (1.0, "attempts"),
        "clients" => (1.0, "clients"),
        "messages" => (1.0, "messages"),
        "of a core" => (1.0, "of a core"),
        _ => (1.0, ""),
    }
}

/// Three significant digits, thousands grouped.
pub fn digits(value: f64) -> String {
    grouped(&format!("{value:.0$}", decimals(value)))
}

/// How many decimals make three significant digits.
fn decimals(value: f64) -> usize {
    match value.abs() {
        size if size >= 99.95 || size == 0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        size if size >= 0.0995 => 3,
        _ => 4,
    }
}

/// A number as it was set: no digits that say nothing, thousands grouped.
pub fn exact(value: f64) -> String {
    grouped(&format!("{value}"))
}

fn grouped(number: &str) -> String {
    let (whole, part) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let is_zero = !number.contains(|digit| matches!(digit, '1'..='9'));
    let (sign, whole) =
        whole.strip_prefix('-').map_or(("", whole), |whole| (if is_zero { "" } else { "−" }, whole));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(part) = part {
        text.push('.');
        text.push_str(part);
    }
    text
}

/// `one, two and three`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 run`, `2 runs`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(&number.to_string()), if number == 1 { one } else { many })
}

/// A part as percent, signed: `+12 %`.
pub fn percent(part: f64) -> String {
    let percent = part * 100.0;
    let sign = if percent > 0.0 { "+" } else { "" };
    format!(
        "{sign}{} %",
        if percent.abs() >= 9.5 {
            grouped(&format!("{percent:.0}"))
        } else {
            grouped(&format!("{percent:.1}"))
        }
    )
}

/// What was set for a case, its subject left out: `10 messages a second, 100 clients, 20 ms each way, 64 B of text`.
pub fn setting(of: &Parameters) -> String {
    setting_but(of, None)
}

/// The same without what an axis varies.
pub fn setting_but(of: &Parameters, axis: Option<Axis>) -> String {
    let mut words = vec![];
    if of.rate > 0.0 && axis != Some(Axis::Rate) {
        words.push(format!(
            "{} {} a second",
            exact(of.rate),
            if of.rate == 1.0 { "message" } else { "messages" }
        ));
    }
    if axis != Some(Axis::Audience) {
        words.push(count(of.audience as usize, "client", "clients"));
    }
    if axis != Some(Axis::Delay) {
        words.push(match of.delay_ms {
            0 => "no added delay".to_owned(),
            delay => format!("{delay} ms each way"),
        });
    }
    if of.loss_percent > 0.0 {
        words.push(format!("{} % of packets lost", exact(of.loss_percent)));
    }
    words.push(if of.rate > 0.0 {
        format!("{} B of text", grouped(&of.payload_octets.to_string()))
    } else {
        format!("{} s of silence", exact(of.window_s))
    });
    words.join(", ")
}

/// The least and the greatest confidence of these figures, in words.
pub fn confidence<'a>(figures: impl IntoIterator<Item = &'a Figure>) -> String {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    for figure in figures {
        (low, high) = (low.min(figure.confidence), high.max(figure.confidence));
    }
    match ((low * 100.0).round(), (high * 100.0).round()) {
        (low, _) if !low.is_finite() => "no confidence".to_owned(),
        (0.0, 0.0) => "one run each: no confidence".to_owned(),
        (low, high) if (high - low).abs() < 0.5 => format!("{low} % confidence"),
        (low, high) => format!("{low} to {high} % confidence"),
    }
}

/// All figures of these cases.
pub fn figures<'a>(cases: impl IntoIterator<Item = &'a Case>) -> impl Iterator<Item = &'a Figure> {
    cases.into_iter().flat_map(|case| case.figures.values())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_choose_their_unit_and_keep_three_digits() {
        let said = [(0.0, "µs"), (312.4, "µs"), (999.7, "µs"), (40_140.0, "µs"), (1_020_000.0, "µs")]
            .map(|(number, unit)| value(number, unit));
        assert_eq!(said, ["0 µs", "312 µs", "1.00 ms", "40.1 ms", "1.02 s"]);
        assert_eq!(value(9_400.0, "octets"), "9,400 B");
        assert_eq!(value(20_480.0, "octets"), "20.0 KiB");
        assert_eq!(value(0.0123, "requests"), "0.0123 requests");
        assert_eq!(value(-3_000.0, "octets"), "−3,000 B");
        assert_eq!(value(-0.0, "octets"), "0 B");
    }

    #[test]
    fn an_interval_is_in_the_unit_of_its_median() {
        let of = Figure {
            unit: "µs".into(),
            median: 1_000.0,
            low: 900.0,
            high: 1_100.0,
            confidence: 0.75,
            repetitions: 3,
            expected: None,
        };
        assert_eq!(figure(&of), "1.00 ms (0.90 to 1.10)");
        let narrow = Figure { low: 400_010.0, median: 400_140.0, high: 400_420.0, ..of.clone() };
        assert_eq!(figure(&narrow), "400 ms (all runs)");
        let none = Figure { low: 9.0, median: 9.0, high: 9.0, ..of.clone() };
        assert_eq!(figure(&none), "9.00 µs (all runs)");
        assert_eq!(confidence([&of]), "75 % confidence");
    }

    #[test]
    fn lists_and_counts_read_as_sentences() {
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(count(1, "run", "runs"), "1 run");
        assert_eq!(count(12_000, "run", "runs"), "12,000 runs");
        assert_eq!(percent(0.1234), "+12 %");
        assert_eq!(percent(-0.012), "−1.2 %");
        assert_eq!(exact(0.1), "0.1");
        assert_eq!(exact(10_000.0), "10,000");
    }
}
