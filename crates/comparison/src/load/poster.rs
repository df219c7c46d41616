//! Who posts: as many posts under way as are due, whatever their answers take.

use std::{cell::RefCell, io, rc::Rc};

use bytes::Bytes;
use fastwebsockets::OpCode;
use tokio::sync::mpsc;

use super::{
    audience::{Following, Hearer, Seat, Sink},
    engine_io::{self, Session},
    http1::Http1,
    http2::Http2,
    ledger::Ledger,
    marker, websocket,
};
use crate::record::Transport;

/// Connections for posts over HTTP, at most. Where more are under way, a post waits, and its wait counts.
const CONNECTIONS: usize = 512;

/// Posts under way on one connection of HTTP/2: well below the 100 streams that servers allow.
const STREAMS: usize = 50;

/// Packets of Engine.IO in one request, at most.
const PACKETS: usize = 256;

/// A way to post.
#[derive(Clone)]
pub(super) struct Poster {
    way: Rc<Way>,
    ledger: Rc<RefCell<Ledger>>,
    payload: u32,
}

enum Way {
    /// A connection for each post under way, kept for the next.
    Http1 { following: Following, path: &'static str, idle: RefCell<Vec<Http1>> },
    /// Streams, on as many connections as the posts under way need.
    Http2 { path: &'static str, connections: Vec<Http2>, next: RefCell<usize> },
    /// Messages of one WebSocket.
    Socket { output: mpsc::Sender<websocket::Output>, is_socket_io: bool },
    /// Packets of one session of Engine.IO, which allows one request at a time: what is due meanwhile goes in the next.
    EngineIo { output: mpsc::UnboundedSender<(usize, Bytes)> },
}

impl Poster {
    /// A poster that is connected for so many posts under way.
    pub(super) async fn connect(
        following: &Following,
        ledger: &Rc<RefCell<Ledger>>,
        payload: u32,
        under_way: usize,
    ) -> io::Result<Self> {
        let way = match following.transport {
            Transport::Polling | Transport::LongPolling => http1(following, "/messages", under_way).await?,
            Transport::CoursePolling => http1(following, "/poll", under_way).await?,
            Transport::Http2Streaming => http2(following, "/messages", under_way).await?,
            Transport::CourseHttp2 => http2(following, "/msgs", under_way).await?,
            Transport::Websocket => socket(following, ledger, false).await?,
            Transport::SocketIoWebsocket => socket(following, ledger, true).await?,
            Transport::SocketIoPolling => session(following, ledger).await?,
        };
        Ok(Self { way: Rc::new(way), ledger: ledger.clone(), payload })
    }

    /// Posts a message, and waits for its answer where that is a response.
    pub(super) async fn post(&self, number: usize) -> io::Result<()> {
        let text = marker::text(number, self.payload);
        let draft = format!(r#"{{"user":"load","text":"{text}"}}"#);
        self.ledger.borrow_mut().posted();
        match &*self.way {
            Way::Http1 { following, path, idle } => {
                // An own statement: the borrow must end before anything is awaited.
                let kept = idle.borrow_mut().pop();
                let mut connection = match kept {
                    Some(connection) => connection,
                    None => Http1::connect(&following.target, None).await?.reopening(),
                };
                connection.post(path, "application/json", draft.into()).await?.expect("a post")?;
                let mut idle = idle.borrow_mut();
                if idle.len() < CONNECTIONS {
                    idle.push(connection);
                }
            }
            Way::Http2 { path, connections, next } => {
                let turn = next.replace_with(|turn| turn.wrapping_add(1));
                let connection = connections.get(turn % connections.len().max(1));
                connection.ok_or(io::ErrorKind::NotConnected)?.post(path, draft.into()).await?;
            }
            Way::Socket { output, is_socket_io } => {
                let message = if *is_socket_io { engine_io::post(&draft) } else { draft.into() };
                let gone = |_| io::Error::new(io::ErrorKind::NotConnected, "the poster's WebSocket is gone");
                // Its answer is the message itself, which the poster's hearer notes.
                return output.send((OpCode::Text, message)).await.map_err(gone);
            }
            Way::EngineIo { output } => {
                let gone = |_| io::Error::new(io::ErrorKind::NotConnected, "the poster's session is gone");
                return output.send((number, engine_io::post(&draft))).map_err(gone);
            }
        }
        self.ledger.borrow_mut().answered(number);
        Ok(())
    }
}

async fn http1(following: &Following, path: &'static str, under_way: usize) -> io::Result<Way> {
    let mut idle = Vec::new();
    for _ in 0..under_way.min(CONNECTIONS) {
        idle.push(Http1::connect(&following.target, None).await?.reopening());
    }
    Ok(Way::Http1 { following: following.clone(), path, idle: RefCell::new(idle) })
}

async fn http2(following: &Following, path: &'static str, under_way: usize) -> io::Result<Way> {
    let mut connections = Vec::new();
    for _ in 0..under_way.div_ceil(STREAMS).max(1) {
        connections.push(Http2::connect(&following.target, None).await?);
    }
    Ok(Way::Http2 { path, connections, next: RefCell::default() })
}

/// Its hearer and its writer end with the load.
async fn socket(following: &Following, ledger: &Rc<RefCell<Ledger>>, is_socket_io: bool) -> io::Result<Way> {
    let (output, writing, from) = websocket::converse(&following.target, is_socket_io).await?;
    let (mut hearer, seat) = hearer(following, ledger);
    // What fails shows as posts without an answer.
    tokio::task::spawn_local(writing);
    tokio::task::spawn_local(async move { from.hear(&mut hearer).await });
    seat.became_ready.notified().await;
    Ok(Way::Socket { output, is_socket_io })
}

async fn session(following: &Following, ledger: &Rc<RefCell<Ledger>>) -> io::Result<Way> {
    let session = Session::open(&following.target, None).await?;
    let mut speaker = session.speaker(&following.target).await?;
    let (mut hearer, seat) = hearer(following, ledger);
    tokio::task::spawn_local(async move { session.follow(&mut hearer).await });
    seat.became_ready.notified().await;
    let (output, mut queued) = mpsc::unbounded_channel::<(usize, Bytes)>();
    let ledger = ledger.clone();
    tokio::task::spawn_local(async move {
        let mut due = Vec::new();
        while queued.recv_many(&mut due, PACKETS).await > 0 {
            let (numbers, packets): (Vec<_>, Vec<_>) = due.drain(..).unzip();
            speaker.say(engine_io::join(&packets)).await?;
            numbers.into_iter().for_each(|number| ledger.borrow_mut().answered(number));
        }
        io::Result::Ok(())
    });
    Ok(Way::EngineIo { output })
}

fn hearer(following: &Following, ledger: &Rc<RefCell<Ledger>>) -> (Hearer, Rc<Seat>) {
    let seat = Rc::new(Seat::default());
    let sink = Sink::Poster { ledger: ledger.clone(), seat: seat.clone() };
    (Hearer::new(sink, following.transport), seat)
}
