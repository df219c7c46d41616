//! A transport's server that is stopped on demand, stays away, and is served again on the same port over the same log.

use std::{future::Future, io, net::IpAddr, pin::pin, time::Duration};

use message_store::MessageStore;
use server::{Context, Listener};
use tokio::{sync::mpsc, time::sleep};
use wire::Tap;

use crate::Bound;

/// The pause before a port that somebody else has taken meanwhile is tried again.
const PORT_PAUSE: Duration = Duration::from_millis(250);

/// Serves until the context stops, with the restarts that come.
///
/// # Errors
///
/// Those of `serve`.
pub(crate) async fn serve<F>(
    bound: Bound,
    listen: Option<IpAddr>,
    mut restarts: mpsc::Receiver<Duration>,
    store: MessageStore,
    tap: Tap,
    serve: impl Fn(Listener, MessageStore, Context) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<()>>,
{
    let Bound { context, mut listener } = bound;
    let port = listener.local_addr().port();
    loop {
        let child = context.child();
        let mut serving = pin!(serve(listener, store.clone(), child.clone()));
        let absence = tokio::select! {
            ended = &mut serving => return ended,
            Some(absence) = restarts.recv() => absence,
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
        tap.note("served again");
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
