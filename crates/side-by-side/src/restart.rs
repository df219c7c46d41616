//! A transport's server that is stopped on demand, stays away, and is served again on the same port over the same log;
//! or another server is: one that is wrong on purpose, or a program of somebody else.

use std::{future::Future, io, net::IpAddr, pin::pin, time::Duration};

use message_store::MessageStore;
use server::{Context, Listener};
use tokio::time::sleep;

use crate::{
    Bound,
    network::{Line, Orders},
    upstream::Upstream,
};

/// The pause before a port that somebody else has taken meanwhile is tried again.
const PORT_PAUSE: Duration = Duration::from_millis(250);

/// Serves until the context stops, with the restarts that come; by the variant that is ordered, where one is.
///
/// # Errors
///
/// Those of `serve`.
pub(crate) async fn serve<F>(
    bound: Bound,
    listen: Option<IpAddr>,
    Orders { mut restarts, mut variant }: Orders,
    store: MessageStore,
    line: &Line,
    serve: impl Fn(Listener, MessageStore, Context) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>>,
{
    let Bound { context, mut listener, panel } = bound;
    let tap = &line.tap;
    let upstream = panel.map(|panel| Upstream::new(panel, tap.clone(), line.is_panel_up.clone()));
    let port = listener.local_addr().port();
    loop {
        let child = context.child();
        let served = *variant.borrow_and_update();
        let (log, told, upstream) = (store.clone(), child.clone(), upstream.clone());
        let mut serving = pin!(async {
            match (served, upstream) {
                (Some(variant), _) => variant.serve(listener, log, told).await,
                (None, Some(upstream)) => upstream.serve(listener, log, told).await,
                (None, None) => serve(listener, log, told).await,
            }
        });
        let absence = tokio::select! {
            ended = &mut serving => return ended,
            Some(absence) = restarts.recv() => absence,
            Ok(()) = variant.changed() => Duration::ZERO,
        };
        child.stop();
        serving.await?;
        let absent = async {
            sleep(absence).await;
            bind(listen, port).await
        };
        listener = tokio::select! {
            listener = absent => listener,
            () = context.stopping() => return Ok(()),
        };
        // What was asked for meanwhile has happened.
        while restarts.try_recv().is_ok() {}
        let next = *variant.borrow();
        match next {
            _ if next == served => tap.note("served again"),
            Some(variant) => tap.note(&format!("wrong on purpose: {variant}")),
            None => tap.note("right again"),
        }
    }
}

async fn bind(listen: Option<IpAddr>, port: u16) -> Listener {
    loop {
        match Listener::bind(listen, port).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!("a restarted server waits for its port: {error}"),
        }
        sleep(PORT_PAUSE).await;
    }
}
