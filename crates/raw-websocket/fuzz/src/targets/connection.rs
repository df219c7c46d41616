//! The state machine: a peer's octets, cut anywhere, while this side speaks too; judged by the model, which sees all of
//! the peer's octets at once, and by a second connection, which reads what the first one writes.
//!
//! Input: see `Play::read` in `play.rs`.

mod play;

use bytes::BytesMut;

use crate::connection::{Connection, Event, SendError, State};
use crate::failure::Failure;
use crate::model::receiver::{Said, Verdict, read};
use crate::script::{Script, pieces};
use crate::targets::{masking_key, reason_of, receive, role, said};

use play::{Act, Play};

/// Checks one input.
pub fn check(data: &[u8]) {
    let play = Play::read(&mut Script::new(data));
    let verdict = read(&play.wire, &play.heard());
    let mut side = Side::new(&play);
    let mut start = 0;
    for &(end, ref act) in &play.acts {
        for piece in play.cut(start..end) {
            side.hear(&play.wire[piece.clone()], piece.end, &verdict);
        }
        side.act(act);
        side.is_in_its_state();
        start = end;
    }
    for piece in play.cut(start..play.wire.len()) {
        side.hear(&play.wire[piece.clone()], piece.end, &verdict);
    }
    side.answer_all();
    side.is_in_its_state();
    is_right_for_the_peer(&play, &side);
}

/// The side under test, and what it must have said.
struct Side<'a> {
    play: &'a Play,
    connection: Connection,
    output: BytesMut,
    /// What was heard.
    heard: Vec<Said>,
    unanswered: Vec<Event>,
    /// What the output must say.
    said: Vec<Said>,
    /// Our Close is sent.
    closed: bool,
    /// The peer's Close has come, or it broke a rule.
    ended: bool,
}

impl<'a> Side<'a> {
    fn new(play: &'a Play) -> Self {
        Self {
            play,
            connection: Connection::new(role(play.server), play.limits).with_deflate(play.deflate),
            output: BytesMut::new(),
            heard: Vec::new(),
            unanswered: Vec::new(),
            said: Vec::new(),
            closed: false,
            ended: false,
        }
    }

    /// The peer's next octets, of which `end` have come then: just those events that the model has up to there.
    fn hear(&mut self, piece: &[u8], end: usize, verdict: &Verdict) {
        let (events, failure) = receive(&mut self.connection, piece);
        let before = self.heard.len();
        self.heard.extend(events.iter().map(said));
        let expected = verdict.said.iter().skip(before).take_while(|(at, _)| *at <= end);
        let is_expected = self.heard.iter().skip(before).eq(expected.map(|(_, said)| said));
        assert!(is_expected, "{:?}, the model {verdict:?}", self.heard);
        if self.heard.last().is_some_and(|said| matches!(said, Said::Close(_))) {
            self.ended = true;
        }
        match (failure, verdict.breach.filter(|breach| breach.at <= end)) {
            (Some(failure), Some(breach)) => {
                assert!(!self.ended, "one failure, and none after a Close");
                assert_eq!(failure.code().get(), breach.code, "{failure}, the model {breach:?}");
                self.unanswered.extend(events);
                self.ended = true;
                self.fail(&failure);
                return;
            }
            (None, breach) => assert!(breach.is_none() || self.ended, "not refused: {breach:?}"),
            (Some(failure), None) => panic!("{failure}; the model takes it"),
        }
        self.unanswered.extend(events);
        if !self.play.answers_late {
            self.answer_all();
        }
    }

    fn fail(&mut self, failure: &Failure) {
        self.connection.fail(failure, &mut self.output);
        if !self.closed {
            let (code, sentence) = reason_of(&failure.close_reason());
            assert_eq!(sentence, failure.to_string(), "the sentence fits into a Close");
            self.said.push(Said::Close(Some((code, sentence))));
        }
        self.closed = true;
    }

    fn answer_all(&mut self) {
        for event in std::mem::take(&mut self.unanswered) {
            match said(&event) {
                // §5.5.2: unless a Close has come; §5.5.1: unless one was sent.
                Said::Ping(data) if !self.closed && !self.ended => self.said.push(Said::Pong(data)),
                Said::Close(reason) if !self.closed => {
                    self.said.push(Said::Close(reason.map(|(code, _)| (code, String::new()))));
                    self.closed = true;
                }
                _ => {}
            }
            self.connection.answer(&event, &mut self.output);
        }
    }

    /// Something that this side does of its own accord: nothing comes of it where a Close was sent or has come.
    fn act(&mut self, act: &Act) {
        let may_send = !self.closed && !self.ended;
        let (result, said) = match act {
            Act::Text(text) => (self.connection.send_text(text, &mut self.output), Said::Text(text.clone())),
            Act::Binary(data) => {
                (self.connection.send_binary(data, &mut self.output), Said::Binary(data.clone()))
            }
            Act::Ping(data) => {
                let result = self.connection.send_ping(data, &mut self.output);
                if data.len() > 125 {
                    assert_eq!(result, Err(SendError::PingTooLong { len: data.len() }));
                    return;
                }
                (result, Said::Ping(data.clone()))
            }
            Act::Close(reason) => {
                self.connection.close(reason.as_ref(), &mut self.output);
                if !self.closed {
                    self.said.push(Said::Close(reason.as_ref().map(reason_of)));
                }
                self.closed = true;
                return;
            }
            Act::Release => return self.connection.release(),
            Act::Nothing => return,
        };
        assert_eq!(result, if may_send { Ok(()) } else { Err(SendError::Closing) });
        self.said.extend(Some(said).filter(|_| may_send));
    }

    fn is_in_its_state(&self) {
        let state = match (self.closed, self.ended) {
            (false, false) => State::Open,
            (true, false) => State::CloseSent,
            (false, true) => State::CloseDue,
            (true, true) => State::Closed,
        };
        assert_eq!(self.connection.state(), state);
        assert_eq!(self.connection.may_send(), state == State::Open);
        let buffered = self.connection.buffered();
        if state == State::Closed {
            assert_eq!(buffered, 0, "all memory is given back");
        }
        assert!(buffered <= self.play.most_memory(), "{buffered}");
    }
}

/// What was written is what was meant, by the model and by a connection of the other role, and ends with the Close.
fn is_right_for_the_peer(play: &Play, side: &Side<'_>) {
    let rules = play.spoken();
    let Verdict { said: model, breach, farthest } = read(&side.output, &rules);
    assert_eq!(breach, None);
    assert!(model.iter().map(|(_, said)| said).eq(&side.said), "{model:?}, not {:?}", side.said);
    assert_eq!(model.last().map_or(0, |(at, _)| *at), side.output.len(), "whole frames, none behind a Close");
    if let Some(deflate) = rules.deflate {
        assert!(farthest <= deflate.window, "{farthest} is past the window");
    }
    let peer_role = match play.server {
        true => crate::frame::Role::Client { masking_key },
        false => crate::frame::Role::Server,
    };
    let mut peer = Connection::new(peer_role, play.limits_of_peer()).with_deflate(play.deflate);
    let mut heard = Vec::new();
    for piece in pieces(side.output.len(), &play.cuts) {
        let (events, failure) = receive(&mut peer, &side.output[piece]);
        assert_eq!(failure, None, "two of ours understand each other");
        heard.extend(events.iter().map(said));
    }
    assert_eq!(heard, side.said);
}
