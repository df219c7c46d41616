//! The main program: all transports over one log, and the page that shows them side by side.
//!
//! The page listens on one port, the transports on the five after it. Each panel of the page is that
//! transport's own page in a frame, so every client talks to its own server as it would alone. Before each transport
//! stands a tap, for the page's wire view and its disturbances.
//!
//! - this file: the six servers, and the page's routes
//! - [`options`]: the command line
//! - `network`: the taps, and what is done to them
//! - `wire_routes`, `wire_events`: the same over HTTP
//! - `restart`, `speaker`: a server that goes and comes again, a user who does not stop talking
//! - `variants`: servers that are wrong on purpose
//! - [`upstream`]: another program behind a panel, such as a learner's server
//! - `walkthrough`: the course, rendered by the build script
//! - `progress`: how far its reader is in the workshop

mod network;
pub mod options;
mod progress;
mod restart;
mod speaker;
pub mod upstream;
mod variants;
mod walkthrough;
mod wire_events;
mod wire_routes;

use std::{io, net::IpAddr};

use axum::{
    Json, Router,
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::header;
use message_store::MessageStore;
use network::{Network, Told};
use serde::Serialize;
use server::{Context, Listener, Options, Transport, http1, site};
use upstream::Panel;

/// The page, as people name it.
pub const PAGE: Transport =
    Transport { name: "side-by-side", title: "Side by side", scheme: "http", port: 8080 };

/// The transports, in the order of their panels and ports.
pub const TRANSPORTS: [Transport; 5] = [
    polling::TRANSPORT,
    long_polling::TRANSPORT,
    http2_streaming::TRANSPORT,
    raw_websocket::TRANSPORT,
    tungstenite_websocket::TRANSPORT,
];

/// A server that listens and does not serve yet.
#[derive(Debug)]
pub struct Bound {
    /// What it was told.
    pub context: Context,
    /// Where it listens.
    pub listener: Listener,
    /// Another program that serves its `/messages`.
    pub panel: Option<Panel>,
}

/// The page and the transports, listening.
#[derive(Debug)]
pub struct SideBySide {
    /// The page's server.
    pub page: Bound,
    /// The transports' servers, in the order of [`TRANSPORTS`].
    pub transports: [Bound; 5],
    /// The address listened on, as the options have it.
    listen: Option<IpAddr>,
    is_wire_exposed: bool,
}

impl SideBySide {
    /// Listens on the page's port and on the five after it; port 0 takes six free ones.
    ///
    /// # Errors
    ///
    /// A port cannot be listened on; the message names it, who wanted it, and the option.
    pub async fn bind(options: &Options) -> io::Result<Self> {
        let page = bind(PAGE, options, 0).await?;
        let [a, b, c, d, e] = TRANSPORTS;
        let transports = [
            bind(a, options, 1).await?,
            bind(b, options, 2).await?,
            bind(c, options, 3).await?,
            bind(d, options, 4).await?,
            bind(e, options, 5).await?,
        ];
        let port = page.listener.local_addr().port();
        let pages: Vec<_> = hosts(&page.context).map(|host| format!("http://{host}:{port}")).collect();
        let given = options.framed_by.iter().map(|origin| origin.as_str().to_owned());
        let pages: Vec<_> = pages.into_iter().chain(given).collect();
        let framed =
            |bound: Bound| Bound { context: bound.context.framed_by(pages.iter().cloned()), ..bound };
        let transports = transports.map(framed);
        Ok(Self { page, transports, listen: options.listen, is_wire_exposed: false })
    }

    /// The same, with the wire shown to peers that are not of loopback too.
    pub fn exposing_wire(self) -> Self {
        Self { is_wire_exposed: true, ..self }
    }

    /// The same, with another program behind a panel.
    pub fn with_panel(mut self, panel: Panel) -> Self {
        let mut transports = self.transports.iter_mut();
        if let Some(bound) = transports.find(|bound| bound.context.transport.name == panel.transport) {
            bound.panel = Some(panel);
        }
        self
    }

    /// The contexts of all six, to stop them by.
    pub fn contexts(&self) -> Vec<Context> {
        [&self.page].into_iter().chain(&self.transports).map(|bound| bound.context.clone()).collect()
    }

    /// Serves the page and all transports over `store` until their contexts stop.
    ///
    /// # Errors
    ///
    /// The first error of any of them; the others are dropped with it.
    pub async fn serve(self, store: MessageStore) -> io::Result<()> {
        let (network, Told { orders, speaker }) = Network::new(self.is_wire_exposed);
        let Self { page, mut transports, listen, .. } = self;
        for (bound, line) in transports.iter_mut().zip(network.lines.iter()) {
            bound.context = bound.context.clone().tapped(line.tap.clone());
        }
        let routes = page_routes(&page.context, &transports, network.clone());
        let [a, b, c, d, e] = transports;
        let [a_orders, b_orders, c_orders, d_orders, e_orders] = orders;
        let [a_line, b_line, c_line, d_line, e_line] = &*network.lines;
        let log = || store.clone();
        tokio::try_join!(
            http1::serve(page.listener, routes, page.context.clone()),
            restart::serve(a, listen, a_orders, log(), a_line, polling::serve),
            restart::serve(b, listen, b_orders, log(), b_line, long_polling::serve),
            restart::serve(c, listen, c_orders, log(), c_line, http2_streaming::serve),
            restart::serve(d, listen, d_orders, log(), d_line, raw_websocket::serve),
            restart::serve(e, listen, e_orders, log(), e_line, tungstenite_websocket::serve),
            speaker::speak(log(), speaker, page.context.clone()),
            network.tidy(page.context),
        )?;
        Ok(())
    }
}

async fn bind(transport: Transport, options: &Options, offset: u16) -> io::Result<Bound> {
    let title = transport.title;
    let port = if options.port == 0 { Some(0) } else { options.port.checked_add(offset) };
    let Some(port) = port else {
        let reason = format!("--port {} leaves no port for {title}; at most 65530 does", options.port);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    };
    let listener = Listener::bind(options.listen, port).await.map_err(|error| {
        let reason =
            format!("{title}: {error} (that port is the page's, the transports take the five after it)");
        io::Error::new(error.kind(), reason)
    })?;
    Ok(Bound { context: Context::new(transport, options), listener, panel: None })
}

/// The names by which a browser may reach the page and frame its panels. A content security policy cannot name
/// IPv6 addresses (CSP Level 3 §2.3.1), so those are not among them.
fn hosts(context: &Context) -> impl Iterator<Item = &str> {
    let given = context.gate.hosts().iter().map(String::as_str).filter(|host| !host.starts_with('['));
    ["localhost", "127.0.0.1"].into_iter().chain(given)
}

/// One line of `GET /transports`.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    title: &'static str,
    url: String,
}

fn page_routes(context: &Context, transports: &[Bound], network: Network) -> Router {
    let ports: Vec<_> = transports
        .iter()
        .map(|bound| (bound.context.transport, bound.listener.local_addr().port()))
        .collect();
    let origins: Vec<_> = ports
        .iter()
        .flat_map(|(transport, port)| {
            hosts(context).map(move |host| format!("{}://{host}:{port}", transport.page_scheme()))
        })
        .collect();
    let origins = origins.join(" ");
    let policy = format!(
        "{}; frame-src {origins}; connect-src 'self' {origins}; frame-ancestors 'none'",
        site::POLICY
    );
    let list = move |request: Request| {
        let host = host_of(&request);
        let entry = |(transport, port): &(Transport, u16)| Entry {
            name: transport.name,
            title: transport.title,
            url: format!("{}://{host}:{port}/messages", transport.scheme),
        };
        let entries: Vec<_> = ports.iter().map(entry).collect();
        async move { Json(entries) }
    };
    let routes = site::page_routes("side-by-side.html", &policy, str::to_owned)
        .route("/transports", get(list))
        .merge(walkthrough::routes(&policy))
        .merge(progress::routes())
        .merge(wire_routes::routes(network, context));
    site::guarded(context, routes.layer(middleware::from_fn(to_name)))
}

/// Leads who came to the page by `[::1]` to where its policy can name the panels.
async fn to_name(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    match host.strip_prefix("[::1]") {
        Some(port) if is_page(request.uri().path()) => {
            Redirect::temporary(&format!("http://localhost{port}{}", request.uri().path())).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Whether a page is here that has panels.
fn is_page(path: &str) -> bool {
    path == "/" || path.starts_with(walkthrough::CONTENTS)
}

/// The host by which the client reached the page, without the port.
fn host_of(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    host.parse::<http::uri::Authority>()
        .map_or_else(|_| "localhost".to_owned(), |authority| authority.host().to_owned())
}
