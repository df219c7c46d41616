//! Header blocks, RFC 7541: each representation a span, decoded with the dynamic table that the connection has.

mod huffman;
mod representation;
mod static_table;
mod string;
mod table;

use super::{
    limits::{MAX_FIELDS_SHOWN_BYTES, MAX_REPRESENTATION_BYTES},
    span::{Span, Spans},
    text,
};
use representation::Representation;
use table::Table;

/// Decodes the header blocks of one side.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    table: Table,
    /// The octets of a representation that the frame before ended inside of.
    carry: Vec<u8>,
    /// Why no block is decoded any more: the table is not what the sender's is.
    lost: Option<String>,
}

/// What a piece of a header block told.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Fields that were decoded.
    pub(super) count: u64,
    /// The pseudo-fields that a summary shows: method and path, or status.
    pub(super) headline: Vec<String>,
}

impl Decoder {
    /// Says that octets of header blocks are not decoded, so that the table is not known any more.
    pub(super) fn lose(&mut self, why: &str) {
        self.lost.get_or_insert_with(|| why.to_owned());
        self.carry.clear();
    }

    /// Puts spans on a piece of a header block: the next `count` octets. The block `ends` with them or goes on in the
    /// next frame. `most_table` is what the peer allows the table to have, if that is known.
    pub(super) fn explain(
        &mut self,
        spans: &mut Spans<'_>,
        count: usize,
        ends: bool,
        most_table: Option<usize>,
    ) -> Fields {
        let mut fields = Fields::default();
        let fragment = spans.rest().get(..count).unwrap_or(spans.rest());
        if let Some(why) = &self.lost {
            let meaning = format!("Not decoded: {why}.");
            spans.add(
                fragment.len(),
                Span::new("field block fragment", text::hex(fragment), meaning, "RFC 7541 §2.2"),
            );
            return fields;
        }
        let mut carried = self.carry.len();
        let octets = [&std::mem::take(&mut self.carry), fragment].concat();
        let mut rest = &*octets;
        let mut shown = 0;
        while !rest.is_empty() {
            let here = rest.len() - carried;
            let applied = match Representation::parse(rest) {
                Ok(Some((representation, len))) => {
                    let span = self.table.apply(representation, most_table, &mut fields, &mut shown);
                    span.map(|span| (span, len))
                }
                Ok(None) => match self.keep(spans, rest, carried, ends) {
                    Ok(()) => return fields,
                    Err(rule) => Err(rule),
                },
                Err(rule) => Err(rule),
            };
            match applied {
                Ok((span, len)) => {
                    let is_plain = carried == 0 && shown <= MAX_FIELDS_SHOWN_BYTES;
                    let span = if is_plain { span } else { shortened(span, carried, shown) };
                    spans.add(len - carried.min(len), span);
                    carried = 0;
                    rest = rest.get(len..).unwrap_or_default();
                }
                Err(rule) => {
                    self.fail(spans, here, &rule);
                    break;
                }
            }
        }
        fields
    }

    /// Keeps the beginning of a representation for the next frame; its first `carried` octets have spans.
    fn keep(&mut self, spans: &mut Spans<'_>, rest: &[u8], carried: usize, ends: bool) -> Result<(), String> {
        if ends {
            return Err("a field block must not end inside a representation".to_owned());
        }
        if rest.len() > MAX_REPRESENTATION_BYTES {
            return Err(format!(
                "a representation of more than {MAX_REPRESENTATION_BYTES} octets is not read here"
            ));
        }
        let meaning = "The first part of a representation; the rest comes with the next octets of the block.";
        let value = text::hex(rest.get(carried..).unwrap_or_default());
        spans.add(
            rest.len() - carried,
            Span::new("representation, first part", value, meaning, "RFC 7541 §6"),
        );
        self.carry = rest.to_vec();
        Ok(())
    }

    /// Ends decoding for good: what follows depends on what could not be read.
    fn fail(&mut self, spans: &mut Spans<'_>, octets: usize, rule: &str) {
        let rest = spans.rest();
        let value = text::hex(rest.get(..octets).unwrap_or(rest));
        let meaning = format!(
            "Not understood: {rule}. The receiver must end the connection with COMPRESSION_ERROR, for the tables of both sides are not alike any more."
        );
        spans.add(octets, Span::new("not understood", value, meaning, "RFC 7541 §2.3"));
        self.lose("an earlier field block could not be decoded, so the dynamic table is not known");
    }
}

/// A span without its bits, where it has only the last octets of its representation, or there are too many.
fn shortened(mut span: Span, carried: usize, shown: usize) -> Span {
    span.bits.clear();
    if shown > MAX_FIELDS_SHOWN_BYTES {
        span.value = "…".to_owned();
        span.meaning = "Decoded, and not shown: this block holds more than is shown at once.".into();
    }
    if carried > 0 {
        let before = format!(" Its first {} ended the frame before.", text::octets(carried as u64));
        span.meaning.to_mut().push_str(&before);
    }
    span
}
