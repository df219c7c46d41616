//! The server under test: started on a free port of loopback, spoken to over sockets, stopped.

use std::{
    future::Future,
    io,
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use message_store::{Appended, Draft, MessageStore};
use server::{Context, Limits, Listener, Options, Transport};
use tokio::task::JoinHandle;

use crate::{
    Batch, Client, Link, Lost, Posted, Problem, Request, Response,
    socket::{soon, within},
};

/// How long a server may take to stop: 2 s by the protocol, and what a busy machine needs to notice.
pub const STOP_LIMIT: Duration = Duration::from_millis(2_500);

/// How long a stopping server lingers with clients that do not close, in tests that are not about that. Most
/// end with clients that are still there.
const LINGER: Duration = Duration::from_millis(200);

/// A transport under test: how it is served, and the client that speaks to it. [`suite!`](crate::suite) makes one.
pub trait Subject: Send + Sync + 'static {
    /// The client that speaks to it.
    type Client: Client;

    /// What it is.
    const TRANSPORT: Transport;

    /// Serves it until the context stops.
    ///
    /// # Errors
    ///
    /// The listener fails.
    fn serve(
        listener: Listener,
        store: MessageStore,
        context: Context,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static;
}

/// What a server is started with, beside its transport.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many messages are retained.
    pub history: usize,
    /// The command line's options; the rate of posts is lifted, and `history` is the one above.
    pub options: Options,
    /// The waits; those of the protocol, but that the server lingers for less.
    pub limits: Limits,
}

impl Default for Setup {
    fn default() -> Self {
        let options = Options { post_rate: 0, ..Options::default() };
        let limits = Limits { linger: LINGER, ..Limits::default() };
        Self { history: options.history, options, limits }
    }
}

impl Setup {
    /// The default, with this many messages retained.
    pub fn with_history(history: usize) -> Self {
        Self { history, ..Self::default() }
    }

    /// The default, with these waits.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

/// A running server and its log.
#[derive(Debug)]
pub struct Target<S> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its log, for promises that start from one that has messages.
    pub store: MessageStore,
    context: Context,
    serving: JoinHandle<io::Result<()>>,
    data: PathBuf,
    subject: PhantomData<S>,
}

impl<S: Subject> Target<S> {
    /// Starts a server with the default setup.
    ///
    /// # Panics
    ///
    /// No port of loopback is free.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts a server.
    ///
    /// # Panics
    ///
    /// No port of loopback is free.
    pub async fn with(setup: Setup) -> Self {
        static TARGETS: AtomicU32 = AtomicU32::new(0);
        let Setup { history, options, limits } = setup;
        let number = TARGETS.fetch_add(1, Ordering::Relaxed);
        let name = format!("crosstalk-conformance-{}-{number}", std::process::id());
        let data = std::env::temp_dir().join(name);
        let options = Options { history, data: data.clone(), ..options };
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let listener = Listener::bind(Some(loopback), 0).await.expect("a free port of 127.0.0.1");
        let address = listener.local_addr();
        let store = MessageStore::in_memory(history);
        let context = Context::new(S::TRANSPORT, &options).with_limits(limits);
        let serving = tokio::spawn(S::serve(listener, store.clone(), context.clone()));
        Self { address, store, context, serving, data, subject: PhantomData }
    }

    /// A lasting link to it.
    pub fn link(&self) -> Link {
        Link::to(self.address)
    }

    /// Its `Host`.
    pub fn authority(&self) -> String {
        self.link().authority()
    }

    /// A client that follows it.
    ///
    /// # Panics
    ///
    /// It is refused.
    pub async fn connect(&self, after: Option<&str>) -> S::Client {
        self.connect_over(&self.link(), after).await
    }

    /// A client that follows it over this link.
    ///
    /// # Panics
    ///
    /// It is refused.
    pub async fn connect_over(&self, link: &Link, after: Option<&str>) -> S::Client {
        soon("a connection", S::Client::connect(link, after))
            .await
            .unwrap_or_else(|lost| panic!("a client that follows after {after:?} is not taken: {lost}"))
    }

    /// One request over a connection of its own.
    ///
    /// # Panics
    ///
    /// No whole response comes.
    pub async fn request(&self, request: &Request) -> Response {
        let answered =
            soon(format!("the answer to {request:?}"), S::Client::request(&self.link(), request)).await;
        answered.unwrap_or_else(|lost| panic!("no answer ({lost}) to {request:?}"))
    }

    /// The problem that a request comes to, after a check that it has this status.
    ///
    /// # Panics
    ///
    /// It comes to something else.
    pub async fn refusal(&self, status: u16, request: &Request) -> Problem {
        let response = self.request(request).await;
        assert_eq!(response.status, status, "the answer to {request:?} is {response}");
        response.expect_common_fields(&format!("the answer to {request:?}"));
        response.problem()
    }

    /// What a draft comes to that is posted by a client of its own.
    ///
    /// # Panics
    ///
    /// There is no answer.
    pub async fn post(&self, draft: &[u8]) -> Posted {
        let mut client = self.connect(None).await;
        post(&mut client, draft).await
    }

    /// Puts messages of user `filler` into the log, past all transports; their texts are these.
    ///
    /// # Panics
    ///
    /// A text breaks a rule.
    pub async fn fill(&self, texts: impl IntoIterator<Item = String>) {
        for text in texts {
            let draft = Draft::new("filler", &text, None).expect("a text that keeps the rules");
            let appended = self.store.append(draft).await;
            assert!(matches!(appended, Appended::New(_)), "a draft without a nonce is always new");
        }
    }

    /// Starts the graceful stop.
    pub fn begin_stop(&self) {
        self.context.stop();
    }

    /// Stops the server and checks that it does so in time and in good order.
    ///
    /// # Panics
    ///
    /// It does not.
    pub async fn stop(mut self) {
        self.begin_stop();
        let stopped = within(STOP_LIMIT, "the server's stop", &mut self.serving).await;
        stopped.expect("the server does not panic").expect("the server stops without an error");
    }
}

impl<S> Drop for Target<S> {
    fn drop(&mut self) {
        self.serving.abort();
        // The folder is there only if the transport needed a certificate.
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// The next batch of a client.
///
/// # Panics
///
/// It does not come.
pub async fn next(client: &mut impl Client) -> Batch {
    soon("the next batch", client.next_batch()).await.unwrap_or_else(|lost| panic!("no next batch: {lost}"))
}

/// What a draft comes to.
///
/// # Panics
///
/// There is no answer.
pub async fn post(client: &mut impl Client, draft: &[u8]) -> Posted {
    let shown = String::from_utf8_lossy(draft.get(..200).unwrap_or(draft)).into_owned();
    let answered: Result<Posted, Lost> = soon(format!("the answer to {shown}"), client.post(draft)).await;
    answered.unwrap_or_else(|lost| panic!("no answer ({lost}) to {shown}"))
}

/// The JSON of a draft.
pub fn draft(user: &str, text: &str, nonce: Option<&str>) -> Vec<u8> {
    let json = match nonce {
        Some(nonce) => serde_json::json!({ "user": user, "text": text, "nonce": nonce }),
        None => serde_json::json!({ "user": user, "text": text }),
    };
    json.to_string().into_bytes()
}
