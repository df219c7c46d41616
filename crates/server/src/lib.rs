//! What every transport's server needs and none is about.
//!
//! A transport is `serve(listener, store, context)`. It builds its [`Router`](axum::Router) with [`routes`],
//! accepts with [`accept`], and lets [`http1::connection`] speak HTTP/1.1; what is left is the transport.
//!
//! - [`options`]: the command line, equal for all programs
//! - [`limits`]: every limit by name
//! - [`context`]: what a server is told when it starts, and how it is stopped
//! - [`listener`]: listening and accepting
//! - [`connections`]: how many connections may be open
//! - [`stream`]: an accepted connection with its deadlines
//! - [`http1`]: HTTP/1.1 on one connection, up to an upgrade
//! - [`gate`]: who may connect: `Host`, `Origin`, CORS
//! - [`site`]: the routes that all servers share, the chat page among them
//! - [`posts`]: `POST /messages` over HTTP, and drafts over a WebSocket
//! - [`rate`]: how often something may be done
//! - [`query`]: the parameters of a follower's request
//! - [`problem`]: an error as the peer sees it, RFC 9457
//! - `tapped`: what a server does that has a tap before it
//! - [`tls`]: the self-signed certificate, made on first use and kept
//! - [`program`]: what a `main` needs around `serve`

pub mod connections;
pub mod context;
pub mod gate;
pub mod http1;
pub mod limits;
pub mod listener;
pub mod memory;
pub mod options;
pub mod posts;
pub mod problem;
pub mod program;
pub mod query;
pub mod rate;
pub mod site;
pub mod stream;
mod tapped;
pub mod tls;

pub use connections::{Peer, Permit};
pub use context::{Context, Transport};
pub use limits::Limits;
pub use listener::{Listener, accept};
pub use options::Options;
pub use problem::Problem;
pub use rate::Rate;
pub use site::{Chat, routes};
pub use stream::Stream;
