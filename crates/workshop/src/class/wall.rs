//! The wall's server: a page, a log that it follows by long polling, and where reports are sent.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension, Json,
    body::to_bytes,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use message_store::{Draft, MessageStore};
use serde::Serialize;
use server::{Chat, Context, Listener, Options, Peer, Problem, Transport, http1, site};
use tokio::time::timeout;

use super::{
    is_near,
    kept::{Kept, Refused},
    report::{MAX_REPORT_BYTES, Report, Row},
};
use crate::{progress::now_in_milliseconds, track::Track};

/// The wall, as people and pages name it.
pub const WALL: Transport = Transport { name: "class", title: "The class", scheme: "http", port: 8090 };

/// Messages that its log retains: a page that opens late finds the last of each learner among them.
pub const HISTORY: usize = 16 * 1024;

/// Connections that it keeps open.
pub const MAX_CONNECTIONS: usize = 1_024;

/// What the page is told of the courses, and where learners join.
#[derive(Debug, Serialize)]
struct Plan {
    /// The address to join at.
    address: String,
    /// The wall's clock: milliseconds since the Unix epoch.
    now: u64,
    tracks: Vec<PlannedTrack>,
}

#[derive(Clone, Debug, Serialize)]
struct PlannedTrack {
    name: String,
    title: String,
    steps: Vec<PlannedStep>,
}

#[derive(Clone, Debug, Serialize)]
struct PlannedStep {
    name: String,
    title: String,
    minutes: u32,
}

fn planned(track: &Track) -> PlannedTrack {
    let step = |step: &crate::track::Step| PlannedStep {
        name: step.name.clone(),
        title: step.title.clone(),
        minutes: step.minutes,
    };
    PlannedTrack {
        name: track.name.clone(),
        title: track.title.clone(),
        steps: track.steps.iter().map(step).collect(),
    }
}

/// What reports go into.
#[derive(Clone, Debug)]
struct Class {
    kept: Arc<Mutex<Kept>>,
    store: MessageStore,
    context: Context,
}

/// A wall that listens and does not serve yet.
#[derive(Debug)]
pub struct Wall {
    /// What it was told.
    pub context: Context,
    /// Where it listens.
    pub listener: Listener,
    class: Class,
    tracks: Vec<PlannedTrack>,
}

impl Wall {
    /// Listens, with what `path` kept of the class in the log.
    ///
    /// # Errors
    ///
    /// It cannot be listened there, or what is kept cannot be read.
    pub async fn bind(options: &Options, path: &Path, tracks: &[Track]) -> io::Result<Self> {
        let listener = Listener::bind(options.listen, options.port).await?;
        let context = Context::new(WALL, options);
        let kept = Kept::read(path)?;
        let store = MessageStore::in_memory(HISTORY);
        for (name, row) in kept.rows() {
            if let Ok(draft) = draft(name, row) {
                store.append(draft).await;
            }
        }
        let class = Class { kept: Arc::new(Mutex::new(kept)), store, context: context.clone() };
        Ok(Self { context, listener, class, tracks: tracks.iter().map(planned).collect() })
    }

    /// Serves until the context stops.
    ///
    /// # Errors
    ///
    /// The listener fails for good.
    pub async fn serve(self, address: String) -> io::Result<()> {
        let Self { context, listener, class, tracks } = self;
        let plan = move || {
            let plan = Plan { address: address.clone(), now: now_in_milliseconds(), tracks: tracks.clone() };
            async move { Json(plan) }
        };
        let chat = Chat { store: class.store.clone(), context: context.clone() };
        let policy = format!("{}; frame-ancestors 'none'", site::POLICY);
        let routes = site::page_routes("class.html", &policy, str::to_owned)
            .route("/plan", get(plan))
            .route("/messages", get(long_polling::follow))
            .with_state(chat)
            .route("/reports", post(take).with_state(class))
            .layer(middleware::from_fn(near));
        http1::serve(listener, site::guarded(&context, routes), context).await
    }
}

/// Lets in whoever is of this machine or of a local network.
async fn near(Extension(peer): Extension<Peer>, request: Request, next: Next) -> Response {
    if is_near(peer.0) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::FORBIDDEN, "the wall is for this machine and its local network").into_response()
}

/// Answers `POST /reports`: `204` when the report is kept and in the log, or a problem.
async fn take(State(class): State<Class>, request: Request) -> Result<StatusCode, Problem> {
    let reading = timeout(class.context.limits.body, to_bytes(request.into_body(), MAX_REPORT_BYTES));
    let content = match reading.await {
        Ok(Ok(content)) => content,
        Ok(Err(_)) => {
            let detail = format!("a report must come whole and have at most {MAX_REPORT_BYTES} octets");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).ending_connection());
        }
        Err(_) => {
            let detail =
                format!("a report must be complete within {} s", class.context.limits.body.as_secs_f32());
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail).ending_connection());
        }
    };
    let unprocessable =
        |error: &dyn std::error::Error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
    let report = Report::from_json(&content).map_err(|error| unprocessable(&error))?;
    let name = report.name.clone();
    let told = {
        // A page or two of a file: whoever else reports waits as long.
        let mut kept = class.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let row = kept.take(report, now_in_milliseconds()).map_err(|refused| {
            let status = match refused {
                Refused::TooFast => StatusCode::TOO_MANY_REQUESTS,
                Refused::Taken(_) | Refused::Full => StatusCode::CONFLICT,
            };
            Problem::new(status, refused.to_string())
        })?;
        if let Err(error) = kept.write() {
            tracing::warn!("what the class told is not kept over a restart: {error}");
        }
        draft(&name, &row).map_err(|error| unprocessable(&error))?
    };
    class.store.append(told).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A row as a message of the log.
fn draft(name: &str, row: &Row) -> Result<Draft, message_store::DraftError> {
    Draft::new(name, &serde_json::to_string(row).unwrap_or_default(), None)
}
