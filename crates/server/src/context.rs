//! What a server is told when it starts, and how it is stopped.

use std::{path::Path, sync::Arc};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use wire::Tap;

use crate::{Limits, Options, connections::Connections, gate::Gate, rate::AddressRates};

/// A transport as people and pages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Its name in URLs, pages and reports, such as `long-polling`.
    pub name: &'static str,
    /// Its name for people, such as `Long polling`.
    pub title: &'static str,
    /// The scheme of its `/messages`: `http`, `https` or `ws`.
    pub scheme: &'static str,
    /// The port it listens on if it is not told another.
    pub port: u16,
}

impl Transport {
    /// The scheme of the page that this transport's server serves: `http` or `https`.
    pub fn page_scheme(&self) -> &'static str {
        if self.scheme == "https" { "https" } else { "http" }
    }
}

/// What one server is told when it starts. Clones share the counts of connections and posts, and the stop.
#[derive(Clone, Debug)]
pub struct Context {
    /// The transport that is served.
    pub transport: Transport,
    /// How long each wait may last.
    pub limits: Limits,
    /// Where the certificate is kept.
    pub data: Arc<Path>,
    /// Who may connect.
    pub gate: Arc<Gate>,
    /// The page's origins that may show this server's page in a frame.
    pub(crate) framed_by: Arc<[String]>,
    /// Where modules lie that stand in place of the page's own.
    pub(crate) web: Option<Arc<Path>>,
    pub(crate) connections: Connections,
    pub(crate) posts: Arc<AddressRates>,
    post_rate: u32,
    pub(crate) tap: Option<Tap>,
    stopping: CancellationToken,
}

impl Context {
    /// The context of one server of `transport`.
    pub fn new(transport: Transport, options: &Options) -> Self {
        Self {
            transport,
            limits: Limits::default(),
            data: options.data.as_path().into(),
            gate: Arc::new(Gate::new(options)),
            framed_by: options.framed_by.iter().map(|origin| origin.as_str().to_owned()).collect(),
            web: options.web.as_deref().map(Arc::from),
            connections: Connections::new(options.max_connections),
            posts: Arc::new(AddressRates::new(options.post_rate)),
            post_rate: options.post_rate,
            tap: None,
            stopping: CancellationToken::new(),
        }
    }

    /// The same context with other waits.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same context with a page that pages of these origins may show in a frame.
    pub fn framed_by(self, origins: impl IntoIterator<Item = String>) -> Self {
        Self { framed_by: origins.into_iter().collect(), ..self }
    }

    /// The same context with a page of which the JavaScript modules that lie in `folder` are taken from there.
    pub fn with_modules_of(self, folder: &Path) -> Self {
        Self { web: Some(folder.into()), ..self }
    }

    /// The same context with a tap before every connection that comes while it is on, and requests that fail as it says.
    pub fn tapped(self, tap: Tap) -> Self {
        Self { tap: Some(tap), ..self }
    }

    /// The same context for a server that can be stopped alone, and stops with this one.
    pub fn child(&self) -> Self {
        Self { stopping: self.stopping.child_token(), ..self.clone() }
    }

    /// Whether a share of the requests is to fail now: then all are for the routes to answer.
    pub fn has_failures(&self) -> bool {
        self.tap.as_ref().is_some_and(|tap| tap.disturbances().fail_share > 0.0)
    }

    pub(crate) fn is_tap_on(&self) -> bool {
        self.tap.as_ref().is_some_and(Tap::is_on)
    }

    /// The posts a second that one address, or one WebSocket, may make; 0 is no limit.
    pub fn post_rate(&self) -> u32 {
        self.post_rate
    }

    /// Starts the graceful stop: no new connections, what is under way is answered, followers end as their
    /// transport says. `serve` returns within [`Limits::shutdown`].
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Done when [`stop`](Self::stop) has been called.
    pub fn stopping(&self) -> WaitForCancellationFuture<'_> {
        self.stopping.cancelled()
    }

    /// Whether [`stop`](Self::stop) has been called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }
}
