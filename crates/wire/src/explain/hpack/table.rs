//! The dynamic table, RFC 7541 §2.3 and §4, and what representations say with it.

use std::collections::VecDeque;

use super::{
    super::{
        fields,
        limits::{MAX_FIELDS_SHOWN_BYTES, MAX_TABLE_BYTES},
        span::Span,
    },
    Fields,
    representation::{Kind, Representation},
    static_table::STATIC_TABLE,
    string::{Decoded, plain_len},
    text,
};

/// The table's size before anyone says otherwise, RFC 9113 §6.5.2.
const DEFAULT_TABLE_BYTES: usize = 4096;

/// Octets that an entry counts besides its name and value, RFC 7541 §4.1.
const ENTRY_OVERHEAD_BYTES: usize = 32;

/// A field.
#[derive(Clone, Debug)]
struct Entry {
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Entry {
    fn size(&self) -> usize {
        self.name.len() + self.value.len() + ENTRY_OVERHEAD_BYTES
    }
}

/// The fields that the sender said before and may point to, newest first.
#[derive(Debug)]
pub(super) struct Table {
    entries: VecDeque<Entry>,
    size: usize,
    most: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, most: DEFAULT_TABLE_BYTES }
    }
}

impl Table {
    /// Does what a representation says, and gives its span. Adds the octets that the span shows to `shown`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn apply(
        &mut self,
        representation: Representation,
        most_table: Option<usize>,
        fields: &mut Fields,
        shown: &mut usize,
    ) -> Result<Span, String> {
        let Representation { kind, number, name, value, row, len } = representation;
        if kind == Kind::SizeUpdate {
            return self.resize(number, most_table, fields).map(|span| span.bits(row));
        }
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if kind == Kind::Indexed && *shown > MAX_FIELDS_SHOWN_BYTES && self.has(index) {
            // An octet may stand for a long field, many times over: it is not worked out to be left out.
            fields.count += 1;
            return Ok(Span::new("indexed field", "", "", "RFC 7541 §6.1"));
        }
        let (entry, place) = match (&name, &value) {
            (Some(name), Some(value)) => (
                Entry { name: name.octets.clone(), value: value.octets.clone() },
                "Name and value stand here.".to_owned(),
            ),
            (_, value) => {
                let (found, place) = self.find(index)?;
                match value {
                    Some(value) => (
                        Entry { name: found.name, value: value.octets.clone() },
                        format!("The name is index {index} of {place}, the value stands here."),
                    ),
                    None => (found, format!("Name and value are index {index} of {place}.")),
                }
            }
        };
        let plain = plain_len(&entry.name, &entry.value);
        let mut meaning = place;
        meaning += &on_huffman(name.as_ref(), value.as_ref());
        meaning += &match kind {
            Kind::Incremental => self.insert(entry.clone()),
            Kind::NeverIndexed => " No table may hold it, that of a proxy neither: it is secret.".to_owned(),
            _ => String::new(),
        };
        meaning += &format!(" {}; without table and Huffman {plain}.", text::octets(len as u64));
        let (name, value) = (text::ascii(&entry.name), text::ascii(&entry.value));
        if let Some(known) = fields::known(&name) {
            meaning = format!("{} {meaning}", known.meaning);
        }
        *shown += name.len() + value.len();
        fields.count += 1;
        if matches!(&*name, ":method" | ":path" | ":status") {
            fields.headline.push(text::short(&value));
        }
        let (title, rfc) = titles(kind);
        Ok(Span::new(title, format!("{name}: {value}"), meaning, rfc).bits(row))
    }

    fn has(&self, index: usize) -> bool {
        (1..=STATIC_TABLE.len() + self.entries.len()).contains(&index)
    }

    /// The field of an index, RFC 7541 §2.3.3, and where it is.
    fn find(&self, index: usize) -> Result<(Entry, &'static str), String> {
        let at = index.checked_sub(1).ok_or("the index 0 must not be used for a field")?;
        if let Some((name, value)) = STATIC_TABLE.get(at) {
            let entry = Entry { name: name.as_bytes().to_vec(), value: value.as_bytes().to_vec() };
            return Ok((entry, "the static table"));
        }
        let entry = self.entries.get(at - STATIC_TABLE.len()).cloned();
        let entry = entry.ok_or_else(|| {
            let count = text::counted(self.entries.len() as u64, "field");
            format!("index {index} must be in a table, and the dynamic one, from 62 on, has {count}")
        })?;
        Ok((entry, "the dynamic table"))
    }

    /// Lets a field in, RFC 7541 §4.4, and says what came of it.
    fn insert(&mut self, entry: Entry) -> String {
        let size = entry.size();
        let before = self.entries.len();
        self.evict(self.most.saturating_sub(size));
        let evicted = before - self.entries.len();
        if size > self.most {
            return " It is larger than the dynamic table, which is empty now.".to_owned();
        }
        self.size += size;
        self.entries.push_front(entry);
        let gone = match evicted {
            0 => String::new(),
            1 => ", and the oldest entry leaves it".to_owned(),
            evicted => format!(", and the {evicted} oldest entries leave it"),
        };
        format!(
            " It enters the dynamic table as index 62, {} of {}{gone}.",
            self.size,
            text::octets(self.most as u64)
        )
    }

    /// Forgets the oldest fields until the rest have at most so many octets, RFC 7541 §4.3.
    fn evict(&mut self, most: usize) {
        while self.size > most {
            let Some(entry) = self.entries.pop_back() else { break };
            self.size -= entry.size();
        }
    }

    /// RFC 7541 §6.3.
    fn resize(&mut self, number: u64, most_table: Option<usize>, fields: &Fields) -> Result<Span, String> {
        let most = usize::try_from(number).unwrap_or(usize::MAX);
        if fields.count > 0 {
            return Err("a dynamic table size update must stand at the beginning of a field block".to_owned());
        }
        if let Some(allowed) = most_table.filter(|allowed| most > *allowed) {
            return Err(format!(
                "the table's size, {most}, must be at most what the peer's SETTINGS allow, {allowed}"
            ));
        }
        if most > MAX_TABLE_BYTES {
            return Err(format!("a table of more than {MAX_TABLE_BYTES} octets is not kept here"));
        }
        let before = self.entries.len();
        self.most = most;
        self.evict(most);
        let evicted = text::counted((before - self.entries.len()) as u64, "field");
        let meaning = format!(
            "The sender's dynamic table may have {} from now on; {evicted} left it.",
            text::octets(number)
        );
        Ok(Span::new("dynamic table size update", number.to_string(), meaning, "RFC 7541 §6.3"))
    }
}

const fn titles(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Indexed => ("indexed field", "RFC 7541 §6.1"),
        Kind::Incremental => ("literal field with incremental indexing", "RFC 7541 §6.2.1"),
        Kind::WithoutIndexing => ("literal field without indexing", "RFC 7541 §6.2.2"),
        Kind::NeverIndexed => ("literal field never indexed", "RFC 7541 §6.2.3"),
        Kind::SizeUpdate => ("dynamic table size update", "RFC 7541 §6.3"),
    }
}

/// What Huffman spared.
fn on_huffman(name: Option<&Decoded>, value: Option<&Decoded>) -> String {
    let mut sentence = String::new();
    for (what, string) in [("name", name), ("value", value)] {
        let Some(string) = string else { continue };
        let plain = string.octets.len();
        sentence += &match string.huffman_len {
            Some(len) => {
                format!(" Huffman: the {what} takes {len} instead of {}.", text::octets(plain as u64))
            }
            None => String::new(),
        };
    }
    if sentence.is_empty() && value.is_some() {
        sentence = " Not Huffman coded.".to_owned();
    }
    sentence
}
