//! A message's head: start line, field lines, empty line, RFC 9112 §2.1 to §5.

use super::{
    super::{
        fields,
        span::{Rule, Side, Span, Spans, Stop},
        text,
    },
    Request,
    line::{self, Field, Line, is_token_octet},
};

/// What a head begins with.
#[derive(Debug)]
pub(super) enum Start {
    Request { method: String, target: String },
    Response { status: u16, reason: String },
}

/// A head as far as what follows depends on it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) start: Start,
    fields: Vec<Field>,
}

impl Head {
    /// The values of all fields of this name.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| &*field.value)
    }

    /// The members of a list, over all its field lines, RFC 9110 §5.6.1.
    pub(super) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|member| !member.is_empty())
    }

    /// The list has this member, whatever its capitals.
    pub(super) fn has(&self, name: &str, member: &str) -> bool {
        self.list(name).any(|other| other.eq_ignore_ascii_case(member))
    }

    pub(super) fn is_json(&self) -> bool {
        self.values("content-type").any(|value| value.contains("json"))
            && self.values("content-encoding").next().is_none()
    }

    pub(super) fn summary(&self) -> String {
        match &self.start {
            Start::Request { method, target } => text::short(&format!("{method} {target}")),
            Start::Response { status, reason } => text::short(format!("{status} {reason}").trim_end()),
        }
    }
}

/// The rule that a head's first octets break already, so that nobody waits for its end.
pub(super) fn cannot_begin(side: Side, octets: &[u8]) -> Option<Rule> {
    let first = octets.iter().position(|octet| !matches!(octet, b'\r' | b'\n'))?;
    let line = octets.get(first..).unwrap_or_default();
    match side {
        Side::Client if !line.first().is_some_and(is_token_octet) => {
            Some(Rule::new("a request must begin with a method, which is a token", "RFC 9112 §3.1"))
        }
        Side::Server if !line.iter().zip(b"HTTP/").all(|(octet, expected)| octet == expected) => {
            Some(Rule::new("an answer must begin with HTTP/", "RFC 9112 §4"))
        }
        _ => None,
    }
}

/// Explains a head.
pub(super) fn explain(spans: &mut Spans<'_>, side: Side, request: Option<&Request>) -> Result<Head, Stop> {
    let start = loop {
        let line = line::next(spans, "start line", "RFC 9112 §2.1")?;
        if line.text.is_empty() {
            let meaning = "An empty line before a start line is ignored.";
            line::add_end(spans, line.end, meaning, "RFC 9112 §2.2");
            continue;
        }
        break match side {
            Side::Client => request_line(spans, &line)?,
            Side::Server => status_line(spans, &line)?,
        };
    };
    let mut fields = Vec::new();
    loop {
        let line = line::next(spans, "head", "RFC 9112 §2.1")?;
        if line.text.is_empty() {
            line::add_end(spans, line.end, "An empty line ends the head.", "RFC 9112 §2.1");
            return Ok(Head { start, fields });
        }
        fields.push(line::field(spans, &line, request)?);
    }
}

/// Method, target and version, RFC 9112 §3.
fn request_line(spans: &mut Spans<'_>, line: &Line<'_>) -> Result<Start, Stop> {
    const RFC: &str = "RFC 9112 §3";
    let mut parts = line.text.split(|octet| *octet == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Rule::broken(
            "a request line must be method, target and version, a single space between them",
            RFC,
        );
    };
    if method.is_empty() || !method.iter().all(is_token_octet) {
        return Rule::broken("a method must be a token", "RFC 9112 §3.1");
    }
    if target.is_empty() || target.iter().any(u8::is_ascii_control) {
        return Rule::broken(
            "a request target must not be empty nor hold control characters",
            "RFC 9112 §3.2",
        );
    }
    check_version(version)?;
    let method = text::ascii(method);
    spans.add(method.len(), Span::new("method", &*method, fields::method(&method), "RFC 9110 §9"));
    spans.add(1, Span::new("space", "SP", "A single space ends the method.", RFC));
    let shown = text::ascii(target);
    spans.add(target.len(), Span::new("request target", &*shown, target_meaning(target), "RFC 9112 §3.2"));
    spans.add(1, Span::new("space", "SP", "A single space ends the target.", RFC));
    add_version(spans, version);
    line::add_end(spans, line.end, "Ends the request line.", RFC);
    Ok(Start::Request { method, target: shown })
}

fn target_meaning(target: &[u8]) -> &'static str {
    match target.first() {
        Some(b'/') if target.contains(&b'?') => {
            "Origin form: the path, and behind the question mark the query; the authority is in host."
        }
        Some(b'/') => "Origin form: the path; the authority is in host.",
        Some(b'*') if target.len() == 1 => "Asterisk form: the server as a whole, for OPTIONS.",
        _ if target.windows(3).any(|octets| octets == b"://") => {
            "Absolute form: the whole URI, as for a proxy."
        }
        _ => "Authority form: host and port, for CONNECT.",
    }
}

/// Version, status code and reason, RFC 9112 §4.
fn status_line(spans: &mut Spans<'_>, line: &Line<'_>) -> Result<Start, Stop> {
    const RFC: &str = "RFC 9112 §4";
    let version = line.text.split(|octet| *octet == b' ').next().unwrap_or_default();
    check_version(version)?;
    let rest = line.text.get(version.len() + 1..).unwrap_or_default();
    let code = rest.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit));
    let status =
        code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| code.parse::<u16>().ok());
    let (Some(status), None | Some(b' ')) = (status.filter(|status| *status >= 100), rest.get(3)) else {
        return Rule::broken("a status code must be three digits, the first not 0", RFC);
    };
    add_version(spans, version);
    spans.add(1, Span::new("space", "SP", "A single space ends the version.", RFC));
    spans.add(3, Span::new("status code", status.to_string(), fields::status(status), "RFC 9110 §15"));
    if rest.len() > 3 {
        spans.add(1, Span::new("space", "SP", "A single space ends the status code.", RFC));
    }
    let reason = rest.get(4..).unwrap_or_default();
    let shown = text::ascii(reason);
    let meaning = "The reason phrase, for people; programs ignore it.";
    spans.add(reason.len(), Span::new("reason phrase", &*shown, meaning, RFC));
    line::add_end(spans, line.end, "Ends the status line.", RFC);
    Ok(Start::Response { status, reason: shown })
}

fn check_version(version: &[u8]) -> Result<(), Stop> {
    match version {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit() => Ok(()),
        _ => Rule::broken("the version must be HTTP/1. and a digit", "RFC 9112 §2.3"),
    }
}

fn add_version(spans: &mut Spans<'_>, version: &[u8]) {
    let meaning = match version.last() {
        Some(b'0') => "HTTP/1.0: the connection is closed behind the answer unless both agree to keep it.",
        _ => "HTTP/1.1: the connection stays open for the next request unless connection says close.",
    };
    spans.add(version.len(), Span::new("version", text::ascii(version), meaning, "RFC 9112 §2.3"));
}
