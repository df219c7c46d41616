//! What is told of a conversation, entry by entry: what repeats is counted, and a long one has its middle left out.

use super::{Who, telling::WIDTH};

/// Lines of a conversation that are shown.
const MOST_LINES: usize = 56;

/// Of a longer one so many lines at least are of its end.
const LAST_LINES: usize = 24;

/// What repeats has at most so many entries.
const LONGEST_CYCLE: usize = 8;

/// It is counted if it comes so often.
const COUNTED_FROM: usize = 3;

/// Something that happened, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Who, on which connection: the beginning of the first line.
    pub(super) who: String,
    /// What.
    pub(super) lines: Vec<String>,
    /// Equal for those that are alike.
    pub(super) key: String,
    /// What it is, if it may change.
    pub(super) mark: Option<Mark>,
}

/// An entry that may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Octets of this side that are no whole unit yet.
    Begun(Who),
    /// Octets of this side that are not kept.
    Lost(Who),
}

impl Entry {
    fn told(&self) -> Vec<String> {
        let indent = " ".repeat(self.who.chars().count());
        let line =
            |(at, line): (usize, &String)| format!("{}{line}", if at == 0 { &self.who } else { &indent });
        self.lines.iter().enumerate().map(line).collect()
    }
}

/// What comes again and again, once, with how often.
pub(super) fn counted(entries: &[Entry]) -> Vec<Vec<String>> {
    let mut told = Vec::new();
    let mut rest = entries;
    while let Some((first, others)) = rest.split_first() {
        let cycle = (1..=LONGEST_CYCLE).map(|length| (length, times(rest, length)));
        // What saves most; of those that save as much the shortest.
        let best = cycle
            .filter(|(_, times)| *times >= COUNTED_FROM)
            .rev()
            .max_by_key(|(length, times)| length * times);
        let Some((length, times)) = best else {
            told.push(first.told());
            rest = others;
            continue;
        };
        let (all, behind) = rest.split_at_checked(length * times).unwrap_or((rest, &[]));
        let (once, again) = all.split_at_checked(length).unwrap_or((all, &[]));
        told.extend(once.iter().map(Entry::told));
        let is_same =
            again.chunks(length).all(|cycle| cycle.iter().zip(once).all(|(a, b)| a.told() == b.told()));
        let how = if is_same { "the same" } else { "likewise" };
        told.push(vec![format!("        … {how} {} times more", times - 1)]);
        rest = behind;
    }
    told
}

/// How often the first `length` entries come, one after the other.
fn times(entries: &[Entry], length: usize) -> usize {
    let mut cycles = entries.chunks_exact(length);
    let Some(first) = cycles.next() else { return 0 };
    1 + cycles.take_while(|cycle| cycle.iter().zip(first).all(|(a, b)| a.key == b.key)).count()
}

/// The lines, at most as many as are shown: the first and the last.
pub(super) fn cut(entries: Vec<Vec<String>>) -> Vec<String> {
    let all: usize = entries.iter().map(Vec::len).sum();
    if all <= MOST_LINES {
        return entries.concat();
    }
    let mut first = Vec::new();
    let mut last = Vec::new();
    let mut entries = entries.into_iter().peekable();
    while let Some(entry) = entries.next_if(|entry| first.len() + entry.len() < MOST_LINES - LAST_LINES) {
        first.extend(entry);
    }
    for entry in entries.collect::<Vec<_>>().into_iter().rev() {
        if last.len() + entry.len() > LAST_LINES {
            break;
        }
        last.splice(0..0, entry);
    }
    first.push(format!("{:>WIDTH$}", format!("… {} lines are left out …", all - first.len() - last.len())));
    first.extend(last);
    first
}
