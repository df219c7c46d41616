//! One side's octets, and the protocol they are of.

mod telling;

use bytes::BytesMut;

use super::{
    Link, Protocol,
    http1::Http1,
    http2::Http2,
    span::{Rule, Side, Span, Spans, Stop, Unit},
    text,
    websocket::{Extensions, WebSocket},
};

/// How many octets the next unit has.
#[derive(Debug)]
pub(super) enum Size {
    /// Not known yet, or not all here.
    More,
    /// This many, and they are here.
    Unit(usize),
    /// The octets break a rule before there is a unit.
    Broken(Rule),
}

/// What a unit is, besides its spans.
#[derive(Debug, Default)]
pub(super) struct Label {
    pub(super) kind: &'static str,
    pub(super) summary: String,
    pub(super) stream: Option<u32>,
    /// Of a WebSocket's data frame.
    pub(super) content: Vec<u8>,
    /// The protocol of what follows, where it changes.
    pub(super) next: Option<Next>,
}

/// What follows a unit, where it is of another protocol.
#[derive(Debug)]
pub(super) enum Next {
    /// The client asked to upgrade: what follows depends on the answer.
    Wait,
    /// WebSocket frames.
    WebSocket(Extensions),
    /// Nothing that is explained.
    Unexplained(Rule),
}

/// What came of a request to upgrade.
#[derive(Debug)]
pub(super) enum Answer {
    /// The connection is a WebSocket.
    Accepted(Extensions),
    /// HTTP/1.1 goes on.
    Refused,
    /// The connection is something else.
    Unexplained(Rule),
}

#[derive(Debug)]
enum State {
    /// HTTP or frames: the first octets tell.
    Sniffing,
    Http1(Http1),
    Http2(Box<Http2>),
    /// The answer to the request to upgrade is awaited.
    Waiting,
    WebSocket(Box<WebSocket>),
    /// The octets from `from` on are counted, and not kept.
    NotUnderstood {
        from: u64,
        rule: Rule,
    },
}

/// One side of the connection.
#[derive(Debug)]
pub(super) struct Lane {
    side: Side,
    state: State,
    /// Octets that no unit has yet.
    octets: BytesMut,
    /// Where they begin.
    start: u64,
    is_over: bool,
}

impl Lane {
    pub(super) fn new(side: Side, protocol: Protocol) -> Self {
        let state = match protocol {
            Protocol::Http1 | Protocol::WebSocket => State::Sniffing,
            Protocol::Http2 => State::Http2(Box::new(Http2::new(side))),
        };
        Self { side, state, octets: BytesMut::new(), start: 0, is_over: false }
    }

    pub(super) fn push(&mut self, octets: &[u8]) {
        if matches!(self.state, State::NotUnderstood { .. }) {
            self.start += octets.len() as u64;
        } else {
            self.octets.extend_from_slice(octets);
        }
    }

    pub(super) const fn not_understood(&self) -> Option<(u64, &Rule)> {
        match &self.state {
            State::NotUnderstood { from, rule } => Some((*from, rule)),
            _ => None,
        }
    }

    /// The next unit, as soon as it is complete.
    pub(super) fn next(&mut self, link: &mut Link) -> Option<Unit> {
        // Each turn takes octets, or leaves a state for good.
        while !self.octets.is_empty() {
            let size = match &mut self.state {
                State::Sniffing => {
                    self.state = self.sniff(link)?;
                    continue;
                }
                State::Waiting => {
                    match self.answered(link)? {
                        State::NotUnderstood { rule, .. } => self.give_up(rule),
                        state => self.state = state,
                    }
                    continue;
                }
                State::Http1(http1) => http1.size(&self.octets),
                State::Http2(http2) => http2.size(&self.octets, link),
                State::WebSocket(websocket) => websocket.size(&self.octets),
                State::NotUnderstood { .. } => return None,
            };
            let is_incomplete = matches!(size, Size::More) && !self.ends_with_connection();
            let size = match size {
                Size::More if self.is_over => self.octets.len(),
                Size::More => return None,
                Size::Unit(size) => size,
                Size::Broken(rule) => {
                    self.give_up(rule);
                    return None;
                }
            };
            if let Some(mut unit) = self.explain(size, link) {
                if is_incomplete && unit.kind != "not understood" {
                    unit.kind = "incomplete";
                    unit.summary = format!("incomplete: {}", unit.summary);
                }
                return Some(unit);
            }
        }
        None
    }

    /// The next unit, where no octets will follow.
    pub(super) fn finish(&mut self, link: &mut Link) -> Option<Unit> {
        self.is_over = true;
        if let Some(unit) = self.next(link) {
            return Some(unit);
        }
        let State::NotUnderstood { from, rule } = &mut self.state else { return None };
        let (start, end) = (*from, self.start);
        if start == end {
            return None;
        }
        *from = end;
        let summary = rule.sentence();
        let meaning =
            format!("{summary}. The {} from here on cannot be explained.", text::octets(end - start));
        let span = Span {
            start,
            end,
            ..Span::new("not understood", text::octets(end - start), meaning, rule.rfc.clone())
        };
        let spans = vec![span];
        let kind = "not understood";
        Some(Unit { side: self.side, start, end, kind, summary, stream: None, spans, content: Vec::new() })
    }

    /// Explains the next `size` octets.
    fn explain(&mut self, size: usize, link: &mut Link) -> Option<Unit> {
        let start = self.start;
        let octets = self.octets.split_to(size.min(self.octets.len()));
        let mut spans = Spans::new(&octets, start);
        let result = match &mut self.state {
            State::Http1(http1) => http1.explain(&mut spans, link),
            State::Http2(http2) => http2.explain(&mut spans, link),
            State::WebSocket(websocket) => websocket.explain(&mut spans),
            State::Sniffing | State::Waiting | State::NotUnderstood { .. } => return None,
        };
        let result = match result {
            Err(Stop::Cut { what, rfc }) => {
                let rest = spans.rest();
                let meaning = format!("The capture ends here, inside the {what}.");
                spans.add(
                    rest.len(),
                    Span::new(format!("incomplete: {what}"), text::show(rest).text, meaning, rfc),
                );
                let summary = format!("the capture ends inside the {what}");
                Ok(Label { kind: "incomplete", summary, ..Label::default() })
            }
            other => other,
        };
        let (spans, tiled) = spans.finish();
        let end = start + tiled as u64;
        self.start = start + octets.len() as u64;
        let label = match result {
            Ok(label) => label,
            Err(Stop::Broken(rule)) => {
                let summary = rule.sentence();
                self.give_up(rule);
                if let State::NotUnderstood { from, .. } = &mut self.state {
                    *from = end;
                }
                Label { kind: "not understood", summary, ..Label::default() }
            }
            Err(Stop::Cut { .. }) => Label::default(),
        };
        self.follow(label.next);
        let Label { kind, summary, stream, content, .. } = label;
        (end > start).then_some(Unit { side: self.side, start, end, kind, summary, stream, spans, content })
    }

    /// The end of the capture may be the end of what is under way.
    const fn ends_with_connection(&self) -> bool {
        matches!(&self.state, State::Http1(http1) if http1.ends_with_connection())
    }

    /// Counts the octets from here on, and keeps none.
    fn give_up(&mut self, rule: Rule) {
        self.state = State::NotUnderstood { from: self.start, rule };
        self.start += self.octets.len() as u64;
        self.octets = BytesMut::new();
    }

    fn follow(&mut self, next: Option<Next>) {
        match next {
            None => {}
            Some(Next::Wait) => self.state = State::Waiting,
            Some(Next::WebSocket(extensions)) => {
                self.state = State::WebSocket(Box::new(WebSocket::new(self.side, extensions)));
            }
            Some(Next::Unexplained(rule)) => self.give_up(rule),
        }
    }
}
