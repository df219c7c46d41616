//! What the octets of a server say.

use wire::explain::{Explainer, Protocol, Side};

/// The most spans of what came that are explained.
const MAX_SPANS: usize = 6;

/// What the octets of a server say, a line each, as `wire` explains them.
pub(super) fn explained(octets: &[u8], is_http2: bool) -> Vec<String> {
    let is_http = !is_http2 && octets.starts_with(b"HTTP");
    let protocol = match (is_http2, is_http) {
        (true, _) => Protocol::Http2,
        (_, true) => Protocol::Http1,
        _ => Protocol::WebSocket,
    };
    let mut explainer = Explainer::new(protocol);
    let mut units = explainer.push(Side::Server, octets);
    units.extend(explainer.finish());
    if is_http {
        return Vec::new();
    }
    let spans = units.iter().flat_map(|unit| &unit.spans);
    let lines = spans.take(MAX_SPANS).map(|span| {
        let from = usize::try_from(span.start).unwrap_or(usize::MAX);
        let to = usize::try_from(span.end).unwrap_or(usize::MAX);
        let said = octets.get(from..to.min(octets.len())).unwrap_or_default();
        let mut digits: String = said.iter().take(4).map(|octet| format!("{octet:02x}")).collect();
        if said.len() > 4 {
            digits.push('…');
        }
        let mut value: String = span.value.chars().take(60).collect();
        if value.len() < span.value.len() {
            value.push('…');
        }
        let meaning: String = span.meaning.split(". ").next().unwrap_or_default().to_owned();
        format!("{digits}  {value}: {meaning}")
    });
    lines.collect()
}
