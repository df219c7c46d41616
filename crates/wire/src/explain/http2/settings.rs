//! SETTINGS, RFC 9113 §6.5, and what of them the peer's frames depend on.

use super::{
    super::{
        Link,
        span::{Side, Span, Spans, Stop},
        text,
    },
    DEFAULT_MAX_FRAME_SIZE, codes,
    frame::{ACK, Header},
};

/// What a side has announced; the most it ever did, since when its peer heeds a change is not known before the ACK.
#[derive(Clone, Copy, Debug)]
pub(in crate::explain) struct Announced {
    pub(super) header_table_size: usize,
    pub(super) max_frame_size: u32,
}

pub(super) fn explain(
    spans: &mut Spans<'_>,
    header: &Header,
    side: Side,
    link: &mut Link,
) -> Result<String, Stop> {
    if header.has(ACK) {
        return Ok(String::new());
    }
    let default = Announced { header_table_size: 4096, max_frame_size: DEFAULT_MAX_FRAME_SIZE };
    let mut announced = link.announced_by(side).unwrap_or(default);
    let mut settings = 0;
    let end = spans.position() + u64::from(header.length);
    while spans.position() < end {
        let identifier = u16::from_be_bytes(spans.peek_array("setting", "RFC 9113 §6.5.1")?);
        let (name, meaning, rfc) = codes::setting(identifier);
        let what = format!("{identifier:#x} {name}");
        spans.add(2, Span::new("setting identifier", &*what, meaning, rfc));
        let value = u32::from_be_bytes(spans.peek_array("setting's value", "RFC 9113 §6.5.1")?);
        spans.add(4, Span::new(name, value.to_string(), on_value(identifier, value), rfc));
        match identifier {
            1 => {
                let size = usize::try_from(value).unwrap_or(usize::MAX);
                announced.header_table_size = announced.header_table_size.max(size);
            }
            5 => announced.max_frame_size = announced.max_frame_size.max(value),
            _ => {}
        }
        settings += 1_u64;
    }
    *link.announced_by_mut(side) = Some(announced);
    Ok(text::counted(settings, "setting"))
}

fn on_value(identifier: u16, value: u32) -> String {
    match (identifier, value) {
        (2 | 8 | 9, 2..) => "It must be 0 or 1: this breaks a rule.".to_owned(),
        (4, 0x8000_0000..) => "It must be below 2^31: this breaks a rule.".to_owned(),
        (5, ..16_384 | 16_777_216..) => "It must be 16,384 to 16,777,215: this breaks a rule.".to_owned(),
        (2, 0) => "No push.".to_owned(),
        (2, 1) => "Push is welcome.".to_owned(),
        (8, 1) => "Extended CONNECT works.".to_owned(),
        (1 | 4 | 5 | 6, _) => format!("{} at most.", text::octets(value)),
        (3, _) => format!("{} at most.", text::counted(value, "stream")),
        _ => format!("The setting's value, {value}."),
    }
}
