//! Representations of fields, RFC 7541 §6: what their first bits say, and what follows.

use super::{
    super::span::BitRow,
    string::{Bitwise, Decoded, Unread},
};

/// How a representation stands to the dynamic table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// §6.1.
    Indexed,
    /// §6.2.1: the field enters the table.
    Incremental,
    /// §6.2.2.
    WithoutIndexing,
    /// §6.2.3: nor may anyone between index it.
    NeverIndexed,
    /// §6.3: no field.
    SizeUpdate,
}

/// A representation as it is on the wire.
#[derive(Debug)]
pub(super) struct Representation {
    pub(super) kind: Kind,
    /// An index, 0 where the name is literal; or the new size.
    pub(super) number: u64,
    pub(super) name: Option<Decoded>,
    pub(super) value: Option<Decoded>,
    pub(super) row: BitRow,
    /// Octets.
    pub(super) len: usize,
}

impl Representation {
    /// The representation that `octets` begin with, and its size; `None` while it is not whole.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn parse(octets: &[u8]) -> Result<Option<(Self, usize)>, String> {
        match Self::read(octets) {
            Ok(representation) => {
                let len = representation.len;
                Ok(Some((representation, len)))
            }
            Err(Unread::More) => Ok(None),
            Err(Unread::Broken(rule)) => Err(rule),
        }
    }

    fn read(octets: &[u8]) -> Result<Self, Unread> {
        let first = *octets.first().ok_or(Unread::More)?;
        let (kind, pattern, prefix, meaning) = match first {
            0x80.. => (Kind::Indexed, "1", 7, "Indexed: name and value are in a table."),
            0x40.. => {
                (Kind::Incremental, "01", 6, "Literal with incremental indexing: the field enters the table.")
            }
            0x20.. => (Kind::SizeUpdate, "001", 5, "Dynamic table size update."),
            0x10.. => (Kind::NeverIndexed, "0001", 4, "Literal never indexed: not even by who passes it on."),
            _ => (Kind::WithoutIndexing, "0000", 4, "Literal without indexing: the table stays as it is."),
        };
        let mut bits = Bitwise::new(octets);
        bits.row.add(pattern.len(), "pattern", pattern, meaning);
        if kind == Kind::SizeUpdate {
            let number =
                bits.integer(prefix, "maximum size", "The octets that the table may have from now on.")?;
            return Ok(Self { kind, number, name: None, value: None, len: bits.read(), row: bits.row });
        }
        let meaning = match kind {
            Kind::Indexed => {
                "Where the field is: 1 to 61 the static table, from 62 on the dynamic one, newest first."
            }
            _ => {
                "Where the name is: 0 that it follows, 1 to 61 the static table, from 62 on the dynamic one."
            }
        };
        let number = bits.integer(prefix, "index", meaning)?;
        if kind == Kind::Indexed {
            return Ok(Self { kind, number, name: None, value: None, len: bits.read(), row: bits.row });
        }
        let name = if number == 0 { Some(bits.string("name")?) } else { None };
        let value = Some(bits.string("value")?);
        Ok(Self { kind, number, name, value, len: bits.read(), row: bits.row })
    }
}
