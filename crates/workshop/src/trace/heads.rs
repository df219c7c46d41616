//! The fields of heads, as far as they tell something: those that differ from what the same side said before.

use std::collections::BTreeMap;

use wire::explain::Unit;

/// Fields that browsers and servers send with everything, and that no check is about.
const NOISE: [&str; 9] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "date",
    "pragma",
    "referer",
    "user-agent",
    "x-content-type-options",
    "upgrade-insecure-requests",
];

/// Likewise all whose names begin so.
const NOISE_PREFIXES: [&str; 2] = ["sec-ch-", "sec-fetch-"];

/// A field line: the name as it was sent, and the value.
type Field = (String, String);

/// The fields of a head, in their order; none if the unit is no head.
pub(super) fn fields(unit: &Unit) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut spans = unit.spans.iter();
    while let Some(span) = spans.next() {
        if span.name == "field name" {
            // Then come the colon and the value, if it is not empty.
            let name = span.value.to_ascii_lowercase();
            let value = spans.clone().take(2).find(|span| span.name == *name);
            fields.push((span.value.clone(), value.map(|span| span.value.clone()).unwrap_or_default()));
        } else if span.rfc.starts_with("RFC 7541")
            && let Some((name, value)) =
                span.value.split_once(": ").filter(|(name, _)| !name.starts_with(':'))
        {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    fields.retain(|(name, _)| {
        let name = name.to_ascii_lowercase();
        !NOISE.contains(&&*name) && !NOISE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    });
    fields
}

/// What was said before, by who says it and what it begins with, such as `GET` or `200`.
#[derive(Debug, Default)]
pub(super) struct Said(BTreeMap<(bool, String), Vec<Field>>);

impl Said {
    /// The field lines of this head that the last one alike did not have, and the names of those that it had and this one
    /// has not.
    pub(super) fn news(&mut self, ours: bool, unit: &Unit) -> News {
        let fields = fields(unit);
        let begins =
            unit.summary.split([' ', ',']).find(|word| is_method_or_status(word)).unwrap_or_default();
        let count = fields.len();
        let last = self.0.insert((ours, begins.to_owned()), fields.clone());
        let Some(last) = last else {
            return News { lines: fields.iter().map(told).collect(), without: Vec::new(), same: 0 };
        };
        // Each check has servers of its own: their ports make no difference.
        let changed = |name: &str| {
            let is_host = name.eq_ignore_ascii_case("host");
            let (before, now) = (values(&last, name), values(&fields, name));
            before != now && !(is_host && before.len() == now.len())
        };
        let lines: Vec<_> = fields.iter().filter(|(name, _)| changed(name)).map(told).collect();
        let gone = last.iter().filter(|(name, _)| values(&fields, name).is_empty());
        News { same: count - lines.len(), lines, without: gone.map(|(name, _)| name.clone()).collect() }
    }
}

/// What is new in a head.
#[derive(Debug)]
pub(super) struct News {
    /// Field lines.
    pub(super) lines: Vec<String>,
    /// Names of fields that are not there any more.
    pub(super) without: Vec<String>,
    /// How many field lines are as before.
    pub(super) same: usize,
}

impl News {
    /// Whether it is a head, and nothing in it is new.
    pub(super) fn is_all_as_before(&self) -> bool {
        self.same > 0 && self.lines.is_empty() && self.without.is_empty()
    }

    /// What is not new, behind the title of the head.
    pub(super) fn told(&self) -> String {
        let same = match self.same {
            0 => String::new(),
            1 => ", 1 field as before".to_owned(),
            same => format!(", {same} fields as before"),
        };
        if self.without.is_empty() { same } else { format!("{same}, without {}", self.without.join(", ")) }
    }
}

fn told((name, value): &Field) -> String {
    format!("{name}: {value}")
}

fn values<'a>(fields: &'a [Field], name: &str) -> Vec<&'a str> {
    let named = fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str()).collect()
}

fn is_method_or_status(word: &str) -> bool {
    let is_status = word.len() == 3 && word.bytes().all(|octet| octet.is_ascii_digit());
    is_status || ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(&word)
}
