//! Which protocol a side's octets are of.

use super::{
    super::{
        Link, Protocol,
        http1::Http1,
        http2::{self, Http2},
        limits::MAX_UNIT_BYTES,
        span::Side,
        websocket::{Extensions, WebSocket},
    },
    Answer, Lane, State,
};

impl Lane {
    /// What the first octets are of; `None` while that is open.
    pub(super) fn sniff(&self, link: &Link) -> Option<State> {
        let first = &self.octets;
        let is = |start: &[u8]| {
            let common = first.iter().zip(start).take_while(|(a, b)| a == b).count();
            if common == start.len() || (self.is_over && common > 0 && common == first.len()) {
                Some(true)
            } else if common == first.len() {
                None
            } else {
                Some(false)
            }
        };
        match (link.protocol, self.side) {
            (Protocol::WebSocket, side) => {
                let start: &[u8] = if side == Side::Client { b"GET " } else { b"HTTP/" };
                Some(if is(start)? { self.http1() } else { self.frames(link.extensions.clone()) })
            }
            (_, Side::Client) => Some(if is(http2::PREFACE)? {
                State::Http2(Box::new(Http2::new(self.side)))
            } else {
                self.http1()
            }),
            // A server that speaks HTTP/2 begins with SETTINGS, shorter than 2^16 octets.
            (_, Side::Server) => match *self.octets {
                [0, _, _, 4, ..] => Some(State::Http2(Box::new(Http2::new(self.side)))),
                [0] | [0, _] | [0, _, _] if !self.is_over => None,
                _ => Some(self.http1()),
            },
        }
    }

    /// How the client's octets go on behind its request to upgrade; `None` while the answer is not known.
    pub(super) fn answered(&self, link: &mut Link) -> Option<State> {
        match link.answer.take() {
            Some(Answer::Accepted(extensions)) => Some(self.frames(extensions)),
            Some(Answer::Refused) => Some(self.http1()),
            Some(Answer::Unexplained(rule)) => Some(State::NotUnderstood { from: self.start, rule }),
            None if !self.is_over && self.octets.len() < MAX_UNIT_BYTES => None,
            // The answer is not in the capture: the octets must tell.
            None => {
                let method = self.octets.iter().take_while(|octet| octet.is_ascii_uppercase()).count();
                let is_http = method >= 3 && self.octets.get(method) == Some(&b' ');
                Some(if is_http { self.http1() } else { self.frames(link.extensions.clone()) })
            }
        }
    }

    const fn http1(&self) -> State {
        State::Http1(Http1::new(self.side))
    }

    fn frames(&self, extensions: Extensions) -> State {
        State::WebSocket(Box::new(WebSocket::new(self.side, extensions)))
    }
}
