//! A panel whose `/messages` another program serves, such as a learner's server: the page is ours, and every octet of
//! and to that program passes as it is, behind the same tap as a transport of ours.
//!
//! Over HTTP/1.1 the two share a port by what is asked: a connection is the other program's from its first request for
//! `/messages` on, and ours again when it asks for something else. An HTTP/2 connection asks for everything at once, so
//! there the other program serves the page too; TLS ends here, and it is spoken to in cleartext with prior knowledge
//! (RFC 9113 §3.3).

mod relay;

use std::{convert::Infallible, io, net::SocketAddr, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use axum::{Router, middleware, response::Response, routing::MethodRouter};
use http::{HeaderValue, header};
use message_store::MessageStore;
use server::{
    Context, Listener, Stream, http1,
    listener::Refusal,
    stream::{self, Connection},
    tls,
};
use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use wire::Tap;

use self::relay::{Head, Next, relay};
use crate::TRANSPORTS;

/// How long the other program may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// How often is looked whether a program that has gone is back.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The content type of a TLS record that begins a handshake (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;

/// What is said of the program on the strip; the page knows it by its beginning.
const GONE: &str = "your server has gone";
const BACK: &str = "your server is there";

/// Whose panel it is, and where its program listens: `raw-websocket=127.0.0.1:4711`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// The name of a transport.
    pub transport: &'static str,
    /// Where the program listens.
    pub address: SocketAddr,
    /// A folder of JavaScript modules that stand in place of the page's own, in this panel.
    pub modules: Option<PathBuf>,
}

impl FromStr for Panel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule = || {
            let names = TRANSPORTS.map(|transport| transport.name).join(", ");
            format!(
                "TRANSPORT=ADDRESS:PORT, such as raw-websocket=127.0.0.1:4711; TRANSPORT is one of {names}"
            )
        };
        let (name, address) = text.split_once('=').ok_or_else(rule)?;
        let transport = TRANSPORTS.iter().find(|transport| transport.name == name).ok_or_else(rule)?;
        let address = address.parse().map_err(|_| rule())?;
        Ok(Self { transport: transport.name, address, modules: None })
    }
}

/// The program behind a panel.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    panel: Panel,
    tap: Tap,
    /// Whether it listens; nothing before the first look.
    up: watch::Sender<Option<bool>>,
    /// It may have gone.
    doubt: Arc<Notify>,
}

impl Upstream {
    pub(crate) fn new(panel: Panel, tap: Tap, up: watch::Sender<Option<bool>>) -> Self {
        Self { panel, tap, up, doubt: Arc::default() }
    }

    /// Serves as a transport does, until the context stops.
    ///
    /// # Errors
    ///
    /// The certificate cannot be read or made, or the listener fails for good.
    pub(crate) async fn serve(
        self,
        listener: Listener,
        store: MessageStore,
        context: Context,
    ) -> io::Result<()> {
        let context = match &self.panel.modules {
            Some(folder) => context.with_modules_of(folder),
            None => context,
        };
        let is_tls = context.transport.scheme == "https";
        let tls = if is_tls { Some(tls::acceptor(&context, &[b"h2"])?) } else { None };
        let refusal = if is_tls { Refusal::Close } else { Refusal::Answer };
        let page = server::routes(store, &context, MethodRouter::new());
        let page = page.layer(middleware::map_response(once));
        let (looking, of_all) = (self.clone(), context.clone());
        let accepting = server::accept(listener, &of_all, refusal, move |stream| {
            let (upstream, page, tls, context) = (self.clone(), page.clone(), tls.clone(), context.clone());
            async move {
                let served = async {
                    match tls {
                        Some(tls) => upstream.http2(stream, tls, &context).await,
                        None => upstream.http1(stream, page, &context).await,
                    }
                };
                let ended = tokio::select! {
                    ended = served => ended,
                    () = context.stopping() => Ok(()),
                };
                if let Err(error) = ended {
                    tracing::debug!("a connection of another program's panel ended: {error}");
                }
            }
        });
        tokio::select! {
            served = accepting => served,
            never = looking.look() => match never {},
        }
    }

    async fn http1(self, mut stream: Stream, page: Router, context: &Context) -> io::Result<()> {
        let is_ours = stream.sniff(|octets| Head::of(octets).map(|head| !head.is_messages)).await?;
        if !is_ours {
            let early = stream.take_sniffed().into();
            stream.phase().busy();
            let Ok(server) = self.connect().await else {
                // As where nobody listens, so that the client says what it says then.
                return stream.into_parts().0.set_zero_linger();
            };
            let next = relay(&mut stream, server, Some(early)).await;
            self.doubt.notify_one();
            match next? {
                Next::Over => {
                    stream::close(&mut stream, context.limits.linger).await;
                    return Ok(());
                }
                Next::Page(octets) => stream.unread(octets.freeze()),
            }
        }
        http1::connection(stream, page, context).await;
        Ok(())
    }

    async fn http2(self, mut stream: Stream, tls: TlsAcceptor, context: &Context) -> io::Result<()> {
        let is_tls = stream.sniff(|octets| octets.first().map(|first| *first == TLS_HANDSHAKE)).await?;
        stream.phase().busy();
        if !is_tls {
            return self.whole(stream, context).await;
        }
        let stream = timeout(context.limits.handshake, tls.accept(stream)).await??;
        match stream.stream().recorder().cloned() {
            None => self.whole(stream, context).await,
            Some(recorder) => self.whole(tls::Recorded::new(stream, recorder), context).await,
        }
    }

    /// Relays all of a connection.
    async fn whole(self, mut io: impl Connection, context: &Context) -> io::Result<()> {
        let server = self.connect().await?;
        let ended = relay(&mut io, server, None).await;
        self.doubt.notify_one();
        ended?;
        stream::close(&mut io, context.limits.linger).await;
        Ok(())
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let connected = self.try_to_connect().await;
        if connected.is_err() {
            self.doubt.notify_one();
        }
        connected
    }

    /// Connects, and tells whether somebody was there.
    async fn try_to_connect(&self) -> io::Result<TcpStream> {
        let connecting = timeout(CONNECT_LIMIT, TcpStream::connect(self.panel.address));
        let connected = connecting.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let is_up = connected.is_ok();
        if self.up.send_if_modified(|told| told.replace(is_up) != Some(is_up)) {
            self.tap.note(if is_up { BACK } else { GONE });
        }
        let server = connected?;
        server.set_nodelay(true)?;
        Ok(server)
    }

    /// Looks whether the program is there: again and again while it is not, else when a connection of its has ended.
    async fn look(&self) -> Infallible {
        loop {
            // To look is to connect and to leave at once.
            let is_up = self.try_to_connect().await.is_ok();
            if is_up { self.doubt.notified().await } else { sleep(LOOK_AGAIN).await }
        }
    }
}

/// An answer of the page is the last of its connection: the next request may be the other program's.
async fn once(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_a_transport_and_an_address() {
        let panel = "raw-websocket=127.0.0.1:4711".parse::<Panel>().unwrap();
        assert_eq!((panel.transport, panel.address.port()), ("raw-websocket", 4711));
        for wrong in ["raw-websocket", "carrier-pigeon=127.0.0.1:1", "polling=localhost", "polling=4711"] {
            assert!(wrong.parse::<Panel>().unwrap_err().contains("TRANSPORT=ADDRESS:PORT"), "{wrong}");
        }
    }
}
