//! The conversation with one client, and the follower of the log for it.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{self, Poll, Waker},
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use message_store::Follower;
use server::{
    Context, Rate, Stream, limits,
    posts::{SocketAnswer, SocketPosts},
    stream::{self, KeepAlive, Silence},
};
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        protocol::{
            CloseFrame,
            frame::{
                Frame,
                coding::{CloseCode, Data, OpCode},
            },
        },
    },
};

use crate::{Server, woken::Woken};

/// So many batches of the history are written past the library: 4 MiB, and the default history has at most 2.3.
const MAX_GREETINGS: usize = 16;

/// How a conversation ends.
enum End {
    /// With a close frame of ours.
    Close(CloseCode, &'static str),
    /// With the library's answer to the peer's close frame.
    Answered,
    /// Without a word: the connection is gone, or nobody is there.
    Gone,
}

/// What a conversation waits for, beside news.
enum Event {
    /// The peer said something, or has gone.
    Heard(Option<Message>),
    /// The peer's silence asks for something.
    Silence(Silence),
    /// The server stops.
    Stopping,
}

/// One client's conversation.
pub(crate) struct Conversation {
    socket: WebSocketStream<Stream>,
    /// The answer's head, where it was not written yet.
    head: Vec<u8>,
    /// The library holds output that the socket has not taken.
    flushing: bool,
    /// News come next, if there are any: a client that talks without a pause hears them too.
    news_first: bool,
    /// Who is woken by all but news, as the library gets it in `waker`.
    woken: Arc<Woken>,
    waker: Waker,
    follower: Follower,
    posts: SocketPosts,
    control_frames: Rate,
    server: Arc<Server>,
}

impl Conversation {
    /// A conversation whose opening handshake was answered, or is with `head`; `follower` is where its client is.
    pub(crate) fn new(
        socket: WebSocketStream<Stream>,
        head: Vec<u8>,
        follower: Follower,
        server: Arc<Server>,
    ) -> Self {
        let woken = Arc::new(Woken::new());
        Self {
            socket,
            head,
            flushing: false,
            news_first: true,
            waker: Waker::from(Arc::clone(&woken)),
            woken,
            follower,
            posts: SocketPosts::new(server.store.clone(), &server.context),
            control_frames: Rate::new(limits::CONTROL_FRAMES_PER_SECOND),
            server,
        }
    }

    /// Follows the log and takes drafts until either side closes, then closes the connection. In one task, from first
    /// to last.
    pub(crate) async fn run(&mut self) {
        // region: run
        let server = Arc::clone(&self.server);
        let frame = match self.talk(&server.context).await {
            Ok(End::Close(code, reason)) => Some(CloseFrame { code, reason: reason.into() }),
            Ok(End::Answered) => None,
            Ok(End::Gone) => return,
            Err(error) => match close_code(&error) {
                Some(code) => Some(CloseFrame { code, reason: "".into() }),
                None => return,
            },
        };
        let linger = server.context.limits.linger;
        if !matches!(timeout(linger, self.tell(frame)).await, Err(_) | Ok(Err(Error::Io(_)))) {
            stream::close(self.socket.get_mut(), linger).await;
        }
        // endregion: run
    }

    /// Writes the answer's head and the first batch, with one system call if the socket takes it, past the library: it
    /// would keep as much room as the batch takes, to the end. Nothing is read meanwhile. Again, it writes the next batch.
    async fn greet(&mut self) -> Result<(), Error> {
        // region: greet
        let mut greeting = std::mem::take(&mut self.head);
        text_frame(self.follower.read().into_json()).format(&mut greeting)?;
        Ok(self.socket.get_mut().write_all(&greeting).await?)
        // endregion: greet
    }

    /// The loop: batches go out as the socket takes them, beside what the client says.
    ///
    /// # Errors
    ///
    /// What the library found wrong, or an end of the connection.
    async fn talk(&mut self, context: &Context) -> Result<End, Error> {
        let mut keep_alive = KeepAlive::new(self.socket.get_ref().phase());
        let mut stopping = pin!(context.stopping());
        for _ in 0..MAX_GREETINGS {
            self.greet().await?;
            if !self.follower.has_news() {
                break;
            }
        }
        loop {
            // Begins anew with all that is not news, which may have been a sign of life.
            let mut silence = pin!(keep_alive.silence());
            match self.follow(silence.as_mut(), stopping.as_mut()).await? {
                // region: heard
                Event::Heard(Some(message)) => {
                    if let Some(end) = self.answer(message).await? {
                        return Ok(end);
                    }
                }
                // endregion: heard
                // region: silence
                Event::Silence(Silence::Ping) => self.send(Message::Ping(Bytes::new())).await?,
                // endregion: silence
                Event::Heard(None) | Event::Silence(Silence::Dead) => return Ok(End::Gone),
                // region: stopping
                Event::Stopping => return Ok(End::Close(CloseCode::Away, "the server stops")),
                // endregion: stopping
            }
        }
    }

    /// Sends batches, each when the socket has taken what was before it, until something else comes: a slow client
    /// finds one larger batch.
    async fn follow(
        &mut self,
        mut silence: Pin<&mut impl Future<Output = Silence>>,
        mut stopping: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Event, Error> {
        // region: follow
        loop {
            if let Some(event) = self.event(silence.as_mut(), stopping.as_mut()).await? {
                return Ok(event);
            }
            let batch = self.follower.read().into_json();
            self.hand_over(text(batch))?;
        }
        // endregion: follow
    }

    /// Waits for what comes next; `None` for news, once the socket has taken what was before them. Cancel safe.
    ///
    /// News come most, so nothing else is looked at when only they have woken the task. With a look at the socket
    /// through the library each time, a delivery to one of 100 cost 2.2 times a bare `send`, and now 1.5.
    async fn event(
        &mut self,
        mut silence: Pin<&mut impl Future<Output = Silence>>,
        mut stopping: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Option<Event>, Error> {
        let Self { socket, flushing, news_first, woken, waker, follower, .. } = self;
        let mut news = pin!(follower.ready());
        poll_fn(|cx| {
            if *news_first && !*flushing && news.as_mut().poll(cx).is_ready() {
                *news_first = false;
                return Poll::Ready(Ok(None));
            }
            if woken.take(cx) {
                let cx = &mut task::Context::from_waker(waker);
                if *flushing && socket.poll_flush_unpin(cx)?.is_ready() {
                    *flushing = false;
                }
                let event = if let Poll::Ready(message) = socket.poll_next_unpin(cx) {
                    Some(Event::Heard(message.transpose()?))
                } else if let Poll::Ready(silence) = silence.as_mut().poll(cx) {
                    Some(Event::Silence(silence))
                } else {
                    stopping.as_mut().poll(cx).is_ready().then_some(Event::Stopping)
                };
                if let Some(event) = event {
                    // There may be more.
                    woken.again();
                    *news_first = true;
                    return Poll::Ready(Ok(Some(event)));
                }
            }
            if !*flushing && news.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(None));
            }
            Poll::Pending
        })
        .await
    }

    /// Sends a message once the socket has taken what was before it.
    async fn send(&mut self, message: Message) -> Result<(), Error> {
        if self.flushing {
            poll_fn(|cx| {
                self.woken.register(cx);
                self.socket.poll_ready_unpin(&mut task::Context::from_waker(&self.waker))
            })
            .await?;
        }
        self.hand_over(message)
    }

    /// Hands a message to the library, and as much of it to the socket as that takes now: no message waits for
    /// another.
    fn hand_over(&mut self, message: Message) -> Result<(), Error> {
        // region: hand-over
        self.socket.start_send_unpin(message)?;
        let cx = &mut task::Context::from_waker(&self.waker);
        self.flushing = self.socket.poll_ready_unpin(cx)?.is_pending();
        Ok(())
        // endregion: hand-over
    }

    /// Answers what the peer said; `Some` where that ends the conversation.
    async fn answer(&mut self, message: Message) -> Result<Option<End>, Error> {
        match message {
            Message::Text(draft) => match self.posts.post(draft.as_bytes()).await {
                SocketAnswer::InLog => {}
                SocketAnswer::Say(answer) => self.send(text(answer)).await?,
                SocketAnswer::SayAndClose(answer) => {
                    self.send(text(answer)).await?;
                    return Ok(Some(End::Close(CloseCode::Policy, "too many refused drafts")));
                }
            },
            // region: control
            Message::Close(_) => return Ok(Some(End::Answered)),
            // The library has queued the pong.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                if self.control_frames.take().is_err() {
                    return Ok(Some(End::Close(CloseCode::Policy, "too many control frames")));
                }
                self.flushing = true;
            }
            // endregion: control
            Message::Binary(_) => {
                return Ok(Some(End::Close(CloseCode::Unsupported, "a draft is a text message")));
            }
        }
        Ok(None)
    }

    /// Sends the Close frame, or what is left of the library's answer to the peer's.
    async fn tell(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        // region: tell
        // After a violation the library still sends what it is given.
        if let Some(frame) = frame {
            // A pong that waits would go out behind the Close frame.
            self.socket.flush().await?;
            self.socket.send(Message::Close(Some(frame))).await?;
        }
        self.socket.flush().await
        // endregion: tell
    }
}

/// JSON as a text message, without the library's check that it is UTF-8: the log's JSON is.
fn text(json: Bytes) -> Message {
    Message::Frame(text_frame(json))
}

fn text_frame(json: Bytes) -> Frame {
    Frame::message(json, OpCode::Data(Data::Text), true)
}

/// The close code for what the library found wrong (RFC 6455 §7.4.1); it would only drop the connection. `None`
/// where there is nobody left to tell.
fn close_code(error: &Error) -> Option<CloseCode> {
    // region: close-code
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Capacity(_) => Some(CloseCode::Size),
        _ => None,
    }
    // endregion: close-code
}
