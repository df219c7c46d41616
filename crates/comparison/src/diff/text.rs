//! A diff as a table of 80 columns.

use super::{Diff, Row, Verdict};
use crate::{catalogue, report::words};

/// The width of a terminal.
const WIDTH: usize = 80;

/// The table: cases with what differs in them, then how many figures do. With `all`, the others too.
pub fn table(diff: &Diff, all: bool) -> String {
    let mut lines = vec![];
    for unfair in &diff.unfair {
        lines.extend(wrap(&format!("not alike: {unfair}"), "  "));
    }
    for differs in &diff.differs {
        lines.extend(wrap(&format!("differs: {differs}"), "  "));
    }
    let shown = |row: &&Row| all || !matches!(row.verdict, Verdict::NoDifference | Verdict::Untold);
    let mut case = "";
    for row in diff.figures.iter().filter(shown) {
        if row.case != case {
            case = &row.case;
            lines.push(String::new());
            lines.extend(wrap(case, "  "));
        }
        lines.push(line(row));
    }
    lines.push(String::new());
    lines.extend(wrap(&counts(diff), ""));
    let (within, told) = diff.within();
    if told > 0 {
        let part = words::digits(100.0 * within as f64 / told as f64);
        let said =
            format!("Of {told} intervals of the first record, {within} hold the second's median ({part} %).");
        lines.extend(wrap(&said, ""));
    }
    for (which, cases) in [("first", &diff.only_first), ("second", &diff.only_second)] {
        if !cases.is_empty() {
            let cases = words::count(cases.len(), "case is", "cases are");
            lines.push(format!("{cases} only in the {which} record."));
        }
    }
    lines.join("\n") + "\n"
}

/// `  delivery, median            312 µs     298 µs   0.955 (0.93 to 0.98) better`
fn line(row: &Row) -> String {
    let title: String = catalogue::title(&row.figure).chars().take(28).collect();
    let first = words::value(row.first.median, &row.first.unit);
    let second = words::value(row.second.median, &row.second.unit);
    let short = |value: f64| if value >= 99.5 { format!("{value:.0}") } else { format!("{value:.2}") };
    let ratio = match (row.ratio, row.interval) {
        (Some(ratio), Some((low, high))) if row.verdict != Verdict::Untold => {
            format!("{} ({}–{})", short(ratio), short(low), short(high))
        }
        (Some(ratio), _) => short(ratio),
        _ => "–".to_owned(),
    };
    let unit_free =
        |text: String| text.replace(" requests", "").replace(" wake-ups", "").replace(" segments", "");
    let text = format!(
        " {title:<28} {:>9} {:>9}  {ratio:<17} {}",
        unit_free(first),
        unit_free(second),
        verdict(row.verdict)
    );
    text.chars().take(WIDTH).collect::<String>().trim_end().to_owned()
}

fn verdict(of: Verdict) -> &'static str {
    match of {
        Verdict::Better => "better",
        Verdict::Worse => "WORSE",
        Verdict::Differs => "differs",
        Verdict::NoDifference => "no diff",
        Verdict::Untold => "one run",
    }
}

fn counts(diff: &Diff) -> String {
    let count = |verdict| diff.count(verdict);
    format!(
        "{}: {} better, {} worse, {} differ otherwise, {} no difference, {} measured once. By chance alone, up to {} would differ.",
        words::count(diff.figures.len(), "figure", "figures"),
        count(Verdict::Better),
        count(Verdict::Worse),
        count(Verdict::Differs),
        count(Verdict::NoDifference),
        count(Verdict::Untold),
        words::digits(diff.by_chance),
    )
}

/// Lines of at most 80 columns; broken at blanks and commas, and all but the first indented.
fn wrap(text: &str, indent: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive([' ', ',']) {
        let last = lines.last().map_or(0, |line| line.trim_end().chars().count());
        if last > 0 && last + word.trim_end().chars().count() + 1 > WIDTH {
            lines.push(indent.to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}
