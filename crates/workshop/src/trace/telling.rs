//! A conversation as a person reads it: who, on which connection, what, and what is new in it.

use std::collections::{BTreeMap, BTreeSet};

use wire::explain::{Explainer, Protocol, Side, Unit};

use super::{
    Octets, Piece, Who,
    entries::{Entry, Mark, counted, cut},
    heads::Said,
    shown::{columns, lines, lines_of, thousands},
    units,
};

/// Characters of a line.
pub(super) const WIDTH: usize = 76;

/// Lines of a text, or of a field, that are shown.
const TEXT_LINES: usize = 2;

/// Octets of what is no whole unit that are shown.
const BEGUN_BYTES: usize = 14;

/// What is said of a rest that never came, and of one that came when something else had happened.
const NO_MORE: &str = "no more of it";
const LATER: &str = "the rest later";

/// A text that is as long and the same as the one before is not shown again.
const LONG: usize = 32;

/// What is known of one side.
#[derive(Debug, Default)]
struct Seen {
    octets: Vec<u8>,
    /// Where its last whole unit ends.
    told: usize,
    /// Octets that are not kept.
    lost: usize,
}

#[derive(Debug, Default)]
struct Telling {
    several: bool,
    explainers: BTreeMap<usize, Explainer>,
    sides: BTreeMap<Who, Seen>,
    said: Said,
    /// The last text, by whether it is ours.
    texts: BTreeMap<bool, String>,
    entries: Vec<Entry>,
}

/// The conversation: who, on which connection, what it says; what repeats is counted, and of a long one the middle is
/// left out.
pub fn told(pieces: &[Piece]) -> Vec<String> {
    let from = |piece: &Piece| match piece {
        Piece::Octets(Octets { from, .. }) | Piece::End { from, .. } => Some(from.connection),
        Piece::Note { .. } => None,
    };
    let connections: BTreeSet<_> = pieces.iter().filter_map(from).collect();
    let mut telling = Telling { several: connections.len() > 1, ..Telling::default() };
    for piece in pieces {
        match piece {
            Piece::Octets(octets) => telling.octets(octets),
            Piece::End { from, is_reset } => {
                let what = if *is_reset { "a reset of the connection" } else { "the end of TCP" };
                telling.tell(*from, what, vec![what.to_owned()], None);
            }
            Piece::Note { text, .. } => telling.note(text),
        }
    }
    cut(counted(&telling.entries))
}

const fn side(from: Who) -> Side {
    if from.ours == from.to_page { Side::Server } else { Side::Client }
}

/// The first octets: as text if they are, else in hexadecimal digits.
fn first(octets: &[u8]) -> String {
    let more = if octets.len() > BEGUN_BYTES { " …" } else { "" };
    if octets.iter().take(BEGUN_BYTES).all(|octet| octet.is_ascii_graphic() || octet.is_ascii_whitespace()) {
        let text = String::from_utf8_lossy(octets.get(..BEGUN_BYTES).unwrap_or(octets)).into_owned();
        return format!("{text:?}{more}");
    }
    format!("{}{more}", hex(octets.get(..BEGUN_BYTES).unwrap_or(octets)))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
}

impl Telling {
    fn who(&self, from: Who) -> String {
        let arrow = if from.ours { "we  --> " } else { "you <-- " };
        if self.several { format!("{:>3} {arrow}", from.connection) } else { arrow.to_owned() }
    }

    fn room(&self) -> usize {
        WIDTH - if self.several { 12 } else { 8 }
    }

    fn tell(&mut self, from: Who, key: &str, lines: Vec<String>, mark: Option<Mark>) {
        let key = format!("{} {key}", from.ours);
        self.entries.push(Entry { who: self.who(from), lines, key, mark });
    }

    fn note(&mut self, text: &str) {
        let who = format!("{}      * ", if self.several { "    " } else { "" });
        let lines = lines(text, self.room(), TEXT_LINES);
        self.entries.push(Entry { who, lines, key: text.to_owned(), mark: None });
    }

    fn octets(&mut self, piece: &Octets) {
        let Octets { from, kept, length, writes } = piece;
        if self.sides.entry(*from).or_default().lost == 0 {
            self.kept(*from, kept, *writes);
        }
        if kept.len() < *length {
            self.lost(*from, length - kept.len());
        }
    }

    fn kept(&mut self, from: Who, octets: &[u8], writes: usize) {
        self.sides.entry(from).or_default().octets.extend_from_slice(octets);
        let explainer =
            self.explainers.entry(from.connection).or_insert_with(|| Explainer::new(Protocol::Http1));
        let units = explainer.push(side(from), octets);
        let mut writes = Some(writes).filter(|&writes| writes > 1);
        for unit in &units {
            if unit.side == side(from) {
                self.unit(from, unit, writes.take());
            } else {
                self.unit(Who { ours: !from.ours, ..from }, unit, None);
            }
        }
        self.begun(from);
    }

    /// What was sent and is no whole unit: it may become one, or not.
    fn begun(&mut self, from: Who) {
        self.went_on(from);
        let Some(rest) = self.sides.get(&from).and_then(|seen| seen.octets.get(seen.told..)) else { return };
        if rest.is_empty() {
            return;
        }
        let count =
            if rest.len() == 1 { "1 octet".to_owned() } else { format!("{} octets", thousands(rest.len())) };
        let line = format!("{count}, {NO_MORE}: {}", first(rest));
        let lines = lines(&line, self.room(), TEXT_LINES);
        self.tell(from, &line, lines, Some(Mark::Begun(from)));
    }

    /// What had begun goes on: it is told as a whole, but where something else came between.
    /// Whether something did.
    fn went_on(&mut self, from: Who) -> bool {
        let is_meant = |entry: &mut Entry| entry.mark == Some(Mark::Begun(from));
        if self.entries.pop_if(is_meant).is_some() {
            return false;
        }
        let begun = self.entries.iter_mut().find(|entry| entry.mark == Some(Mark::Begun(from)));
        let Some(begun) = begun else { return false };
        begun.mark = None;
        begun.lines = begun.lines.iter().map(|line| line.replace(NO_MORE, LATER)).collect();
        true
    }

    /// Octets behind which nothing can be told.
    fn lost(&mut self, from: Who, length: usize) {
        let seen = self.sides.entry(from).or_default();
        let rest = seen.octets.len().saturating_sub(seen.told);
        if seen.lost == 0 && rest < BEGUN_BYTES {
            // Not even a header: it is counted with what follows.
            seen.lost = rest;
            self.entries.retain(|entry| entry.mark != Some(Mark::Begun(from)));
        }
        seen.lost += length;
        let lines = vec![format!("… {} octets more", thousands(seen.lost))];
        let known = self.entries.iter_mut().find(|entry| entry.mark == Some(Mark::Lost(from)));
        match known {
            Some(entry) => entry.lines = lines,
            None => self.tell(from, "more", lines, Some(Mark::Lost(from))),
        }
    }

    fn unit(&mut self, from: Who, unit: &Unit, writes: Option<usize>) {
        let is_rest = self.went_on(from);
        let seen = self.sides.entry(from).or_default();
        let (start, end) = (to_usize(unit.start), to_usize(unit.end));
        seen.told = if units::is_broken(unit) { seen.octets.len() } else { seen.told.max(end) };
        let mut line = units::title(unit);
        let mut key = units::key(unit);
        if units::is_broken(unit) {
            line = format!("{}  {line}", first(seen.octets.get(start..).unwrap_or_default()));
        } else if let Some(header) =
            units::header_len(unit).and_then(|len| seen.octets.get(start..start + len))
        {
            key = format!("{key} {:02x?} {}", header.first(), header.len());
            line = format!("{}  {line}", hex(header));
        }
        if is_rest {
            key.push_str(LATER);
            line = format!("the rest: {line}");
        }
        if let Some(writes) = writes {
            line = format!("{line}, in {writes} {}", if from.ours { "writes" } else { "pieces" });
        }
        let news = self.said.news(from.ours, unit);
        if news.is_all_as_before() && self.is_joined(from, &line, &key) {
            return;
        }
        line.push_str(&news.told());
        for field in &news.lines {
            key.push_str(field);
        }
        let room = self.room();
        let mut details: Vec<_> =
            news.lines.iter().flat_map(|field| lines(field, room, TEXT_LINES)).collect();
        let octets = self.sides.get(&from).map(|seen| &*seen.octets).unwrap_or_default();
        if let Some(said) = units::said(unit, octets).filter(|said| !said.text.is_empty()) {
            let is_whole = said.text.len() == said.all;
            let last = self.texts.insert(from.ours, said.text.clone());
            if last.is_some_and(|last| last == said.text && said.text.len() >= LONG) {
                if self.is_content_joined(from, unit) {
                    return;
                }
                line.push_str(", as before");
            } else if is_whole && columns(&line) + 2 + columns(&said.text) <= room && details.is_empty() {
                line = format!("{line}: {}", lines(&said.text, room, 1).concat());
            } else {
                details.extend(lines_of(&said.text, said.all, room, TEXT_LINES));
            }
        }
        let mut all = lines(&line, room, TEXT_LINES);
        all.extend(details);
        self.tell(from, &key, all, None);
    }

    /// Whether a content that is as before stands in the line of its head, whose fields are as before.
    fn is_content_joined(&mut self, from: Who, unit: &Unit) -> bool {
        let who = self.who(from);
        let Some(head) = self.entries.last_mut().filter(|head| head.who == who && unit.kind == "content")
        else {
            return false;
        };
        let [line] = &mut *head.lines else { return false };
        let Some(fields) = line.strip_suffix("fields as before") else { return false };
        *line = format!("{fields}fields and content as before");
        true
    }

    /// Whether an answer whose fields are as before stands in the line of its request, whose fields are as before.
    fn is_joined(&mut self, from: Who, title: &str, key: &str) -> bool {
        let who = self.who(Who { ours: !from.ours, ..from });
        let Some(request) = self.entries.last_mut().filter(|entry| entry.who == who) else { return false };
        let [line] = &mut *request.lines else { return false };
        let Some((asked, _)) = line.rsplit_once(", ").filter(|(_, end)| end.ends_with(" as before")) else {
            return false;
        };
        let joined = format!("{asked} and its answer, {title}, as before");
        if columns(&joined) > WIDTH - who.len() {
            return false;
        }
        *line = joined;
        request.key.push_str(key);
        true
    }
}

fn to_usize(octets: u64) -> usize {
    usize::try_from(octets).unwrap_or(usize::MAX)
}
