//! The conversation with one client: what it says is answered; while it is behind, the log is followed for it.

use std::{cell::RefCell, collections::VecDeque, io, sync::Arc};

use bytes::BytesMut;
use message_store::Follower;
use server::{
    Rate, limits,
    posts::{SocketAnswer, SocketPosts},
};
use tokio::time::timeout;

use crate::{
    Opened, Server,
    close::{CloseCode, CloseReason},
    connection::{Connection, Event},
    failure::Failure,
    frame::{Opcode, Role, encode_frame},
    hub::Part,
    message::MessageLimits,
    socket::{Socket, Wake},
};

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// When as much was heard, it is answered before more is taken out of what was read: compressed, 16 KiB would be
/// hundreds of messages of 32 KiB.
const HEARD_BYTES: usize = limits::MAX_BODY_BYTES;

thread_local! {
    /// What was read and is not judged yet. A connection keeps none of it, so one buffer serves a whole thread.
    static INPUT: RefCell<BytesMut> = RefCell::default();
}

/// One client's conversation.
pub(crate) struct Conversation {
    server: Arc<Server>,
    part: Arc<Part>,
    socket: Arc<Socket>,
    /// Where the client is, while the hub does not send to it.
    follower: Option<Follower>,
    connection: Connection,
    /// What the client said and is not answered yet: there was no room for answers.
    heard: VecDeque<Event>,
    /// What was read and is not taken in yet: enough was heard before it.
    unheard: BytesMut,
    posts: SocketPosts,
    control_frames: Rate,
}

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoesOn,
    /// A Close is in the output; the peer may be sending still. Then the connection lingers, for the peer to read it.
    Closes,
    /// The answer to the peer's Close is in the output: that was the last frame it sent. Nothing unread can reset the
    /// connection, so that once the answer is written the sending side is shut.
    Answers,
    /// The connection is gone, or nobody is there: there is nothing left to do.
    Gone,
}

impl Conversation {
    /// The conversation of a connection that was opened.
    pub(crate) fn new(opened: Opened, server: Arc<Server>) -> Self {
        let Opened { stream, early, head, follower, deflate } = opened;
        let (tcp, permit) = stream.into_parts();
        let socket = Arc::new(Socket::new(tcp, permit, deflate, head, server.hub.clock().now()));
        let limits = MessageLimits { max_message_bytes: limits::MAX_BODY_BYTES, ..MessageLimits::default() };
        Self {
            posts: SocketPosts::new(server.store.clone(), &server.context),
            control_frames: Rate::new(limits::CONTROL_FRAMES_PER_SECOND),
            connection: Connection::new(Role::Server, limits).with_deflate(deflate),
            heard: VecDeque::new(),
            // Not the buffer that the request was read into, which is larger.
            unheard: BytesMut::from(&early[..]),
            follower: Some(follower),
            part: server.hub.open(&socket),
            socket,
            server,
        }
    }

    fn now(&self) -> u64 {
        self.server.hub.clock().now()
    }

    /// Goes on until either side closes, then closes the connection.
    pub(crate) async fn run(&mut self) {
        // region: end-of-tcp
        // RFC 6455 §7.1.1: the server closes the TCP connection first.
        match self.talk().await {
            // There is nothing to wait for.
            Ok(Next::Answers) if self.socket.is_written() => self.socket.shut(),
            Ok(Next::Closes | Next::Answers) => Box::pin(self.linger()).await,
            Ok(Next::GoesOn | Next::Gone) | Err(_) => {}
        }
        // endregion: end-of-tcp
    }

    /// Lets the peer take what is pending, then waits until it closes too: a socket that is closed with input unread
    /// resets the connection and takes our Close from the peer. Past the limit nobody reads on.
    async fn linger(&self) {
        let limit = self.server.context.limits.linger;
        if let Ok(Ok(())) = timeout(limit, self.socket.drain(self.server.hub.clock())).await {
            self.socket.shut();
            let _ = timeout(limit, self.socket.discard()).await;
        }
    }

    /// # Errors
    ///
    /// The connection failed.
    async fn talk(&mut self) -> io::Result<Next> {
        if let Some(follower) = &mut self.follower {
            let batch = follower.read();
            self.socket.send(self.server.hub.clock().now(), batch.json())?;
        }
        // The hub may have ended before it knew of this socket.
        let mut told = true;
        loop {
            if told && self.server.context.is_stopping() {
                return self.close(CloseCode::GOING_AWAY, "the server stops");
            }
            self.catch_up()?;
            let next = if self.has_unanswered() && !self.socket.is_full() {
                told = false;
                Box::pin(self.answer_all(Ok(()))).await?
            } else {
                told = matches!(self.socket.wait().await?, Wake::Told);
                if told { self.look() } else { self.hear().await? }
            };
            if next != Next::GoesOn {
                return Ok(next);
            }
        }
    }

    /// What the hub had to tell.
    fn look(&mut self) -> Next {
        // region: left-behind
        if let Some(cursor) = self.socket.take_left() {
            self.follower = Some(self.server.store.follow(Some(cursor)));
        }
        // endregion: left-behind
        if self.socket.is_over() && !self.server.context.is_stopping() { Next::Gone } else { Next::GoesOn }
    }

    /// Sends what the client lacks, a batch at a time, each when the one before was taken; then gives the socket to
    /// the hub.
    fn catch_up(&mut self) -> io::Result<()> {
        // region: catch-up
        while let Some(follower) = &mut self.follower
            && self.socket.is_written()
        {
            if follower.has_news() {
                let batch = follower.read();
                self.socket.send(self.server.hub.clock().now(), batch.json())?;
            } else {
                self.part.caught_up(&self.socket, follower.cursor());
                self.follower = None;
            }
        }
        Ok(())
        // endregion: catch-up
    }

    /// Reads what has come and answers it, unless what came before still waits for room.
    async fn hear(&mut self) -> io::Result<Next> {
        let now = self.now();
        self.socket.flush(now)?;
        if self.socket.is_full() || self.has_unanswered() {
            return Ok(Next::GoesOn);
        }
        let read = INPUT.with_borrow_mut(|input| {
            input.reserve(READ_BYTES);
            match self.socket.read(input, now)? {
                None => Ok(Some(Ok(()))),
                Some(0) => Ok(None),
                Some(_) => io::Result::Ok(Some(self.receive(input))),
            }
        })?;
        match read {
            None => Ok(Next::Gone),
            Some(Ok(())) if !self.has_unanswered() => Ok(Next::GoesOn),
            // In a box: who says nothing needs no room for an answer.
            Some(received) => Box::pin(self.answer_all(received)).await,
        }
    }

    /// Whether something was heard that had no room for its answer.
    fn has_unanswered(&self) -> bool {
        !self.heard.is_empty() || !self.unheard.is_empty()
    }

    /// Takes events out of `input`: all of them, unless it is much that they say.
    fn receive(&mut self, input: &mut BytesMut) -> Result<(), Failure> {
        // region: receive
        let mut heard = 0;
        while let Some(event) = self.connection.receive(input)? {
            if let Event::Text(draft) = &event {
                heard += draft.len();
            }
            self.heard.push_back(event);
            if heard >= HEARD_BYTES {
                self.unheard = BytesMut::from(&input[..]);
                input.clear();
                break;
            }
        }
        Ok(())
        // endregion: receive
    }

    /// Answers what was heard, as long as there is room for answers, and then the failure that ended it.
    async fn answer_all(&mut self, mut received: Result<(), Failure>) -> io::Result<Next> {
        loop {
            while let Some(event) = self.heard.pop_front() {
                let next = self.answer(event).await?;
                if next != Next::GoesOn {
                    return Ok(next);
                }
                if self.socket.is_full() && received.is_ok() {
                    return Ok(Next::GoesOn);
                }
            }
            if self.unheard.is_empty() {
                break;
            }
            let mut input = std::mem::take(&mut self.unheard);
            received = self.receive(&mut input);
        }
        self.heard = VecDeque::new();
        match received {
            Ok(()) => Ok(Next::GoesOn),
            Err(failure) => {
                tracing::debug!("a WebSocket failed: {failure}");
                self.socket.answer(self.now(), |output| self.connection.fail(&failure, output))?;
                self.socket.close_output();
                Ok(Next::Closes)
            }
        }
    }

    /// Answers one event.
    async fn answer(&mut self, event: Event) -> io::Result<Next> {
        let now = self.now();
        match event {
            Event::Text(draft) => match self.posts.post(draft.as_bytes()).await {
                SocketAnswer::InLog => {}
                SocketAnswer::Say(answer) => {
                    self.socket.answer(now, |output| encode_frame(Opcode::Text, &answer, None, output))?;
                }
                SocketAnswer::SayAndClose(answer) => {
                    self.socket.answer(now, |output| encode_frame(Opcode::Text, &answer, None, output))?;
                    return self.close(CloseCode::POLICY_VIOLATION, "too many refused drafts");
                }
            },
            Event::Ping(_) | Event::Pong(_) if self.control_frames.take().is_err() => {
                return self.close(CloseCode::POLICY_VIOLATION, "too many control frames");
            }
            Event::Close(_) => {
                self.socket.answer(now, |output| self.connection.answer(&event, output))?;
                self.socket.close_output();
                return Ok(Next::Answers);
            }
            Event::Ping(_) => self.socket.answer(now, |output| self.connection.answer(&event, output))?,
            Event::Pong(_) | Event::Binary(_) => {}
        }
        Ok(Next::GoesOn)
    }

    /// Closes from our side.
    fn close(&mut self, code: CloseCode, reason: &str) -> io::Result<Next> {
        let reason = CloseReason::new(code, reason);
        self.socket.answer(self.now(), |output| self.connection.close(Some(&reason), output))?;
        self.socket.close_output();
        Ok(Next::Closes)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.socket.end();
        self.part.over();
    }
}
