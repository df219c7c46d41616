//! The wire and its disturbances over HTTP, on the page's own port: for the page itself, and for nobody else.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State, rejection::BytesRejection},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use server::{Context, Peer, Problem};
use wire::{
    Disturbances,
    disturb::{DisturbanceError, MAX_BLACKHOLE_SECONDS, only_whole},
    tap::CapturedUnit,
};

use crate::{
    network::{Network, not_found},
    speaker,
    variants::{Variant, VariantError},
    wire_events,
};

/// Octets of a request's content.
const MAX_CONTENT_BYTES: usize = 4 * 1024;

/// The longest absence of a restarted server, in seconds.
const MAX_ABSENCE_SECONDS: u32 = 30;

/// The routes below `/wire`.
pub(crate) fn routes(network: Network, context: &Context) -> Router {
    let own = (context.clone(), network.is_exposed);
    let told = context.clone();
    Router::new()
        .route(
            "/wire/events",
            get(async move |State(network): State<Network>| wire_events::events(network, told)),
        )
        .route("/wire/units/{transport}/{id}", get(unit))
        .route("/wire/capture/{file}", get(capture))
        .route("/wire/disturbances/{transport}", put(disturb))
        .route("/wire/cut/{transport}", post(cut))
        .route("/wire/blackhole/{transport}", post(blackhole))
        .route("/wire/restart/{transport}", post(restart))
        .route("/wire/speaker", put(speak))
        .route("/wire/variants/{transport}", put(vary))
        .layer(DefaultBodyLimit::max(MAX_CONTENT_BYTES))
        .route_layer(middleware::from_fn_with_state(own, guard))
        .with_state(network)
}

/// The wire shows what everybody types, and disturbances harm everybody: only the page itself may ask, by loopback
/// unless that was lifted.
async fn guard(
    State((context, is_exposed)): State<(Context, bool)>,
    request: Request,
    next: Next,
) -> Response {
    let is_near = request.extensions().get::<Peer>().is_some_and(|peer| peer.0.to_canonical().is_loopback());
    let refused = if !is_near && !is_exposed {
        "the wire is shown on loopback only, unless the server was started with --expose-wire"
    } else if !matches!(context.gate.admit(&request), Ok(None)) || is_from_elsewhere(request.headers()) {
        "the wire is shown to the page itself only"
    } else {
        return next.run(request).await;
    };
    Problem::new(StatusCode::FORBIDDEN, refused).into_response()
}

/// Whether a request without `Origin` says that a page of another origin made it (Fetch Metadata §2.1).
fn is_from_elsewhere(fields: &HeaderMap) -> bool {
    let sites = fields.get_all("sec-fetch-site");
    !fields.contains_key(header::ORIGIN)
        && sites.iter().any(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

type Content = Result<Bytes, BytesRejection>;

/// The JSON of a request; `{}` where there is no content.
fn json_of(content: Content) -> Result<Value, Problem> {
    let content = content.map_err(|rejection| {
        let detail = format!("the content must come whole and have at most {MAX_CONTENT_BYTES} octets");
        Problem::new(rejection.status(), detail)
    })?;
    if content.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&content)
        .map_err(|error| Problem::bad_request(format!("the content is not JSON: {error}")))
}

fn unprocessable(error: &DisturbanceError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
}

fn seconds_of(content: Content, min: u32, max: u32) -> Result<Duration, Problem> {
    let seconds = only_whole(&json_of(content)?, "seconds", min, max);
    seconds.map(|seconds| Duration::from_secs(seconds.into())).map_err(|error| unprocessable(&error))
}

async fn unit(
    State(network): State<Network>,
    Path((transport, id)): Path<(String, String)>,
) -> Result<Json<CapturedUnit>, Problem> {
    let lines = network.named(&transport)?;
    let ([line], Ok(id)) = (&lines[..], id.parse()) else {
        return Err(not_found("a unit is that of one transport, by its number"));
    };
    let unit = line.tap.unit(id);
    unit.map(Json).ok_or_else(|| not_found("this unit is not kept any more, or never was"))
}

async fn capture(State(network): State<Network>, Path(file): Path<String>) -> Result<Response, Problem> {
    let name = file.strip_suffix(".pcapng").unwrap_or_default();
    let lines = network.named(name)?;
    let [line] = &lines[..] else {
        return Err(not_found("a capture is that of one transport"));
    };
    let capture = line.tap.pcapng().map_err(|error| {
        tracing::warn!("a capture cannot be encoded: {error}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the capture cannot be encoded")
    })?;
    let fields = [
        (header::CONTENT_TYPE, "application/x-pcapng".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.pcapng\"", line.transport.name)),
    ];
    Ok((fields, capture).into_response())
}

async fn disturb(
    State(network): State<Network>,
    Path(transport): Path<String>,
    content: Content,
) -> Result<Json<BTreeMap<&'static str, Disturbances>>, Problem> {
    let (lines, change) = (network.named(&transport)?, json_of(content)?);
    for line in lines {
        let disturbances = line.tap.disturbances().with(&change);
        line.tap.disturb(disturbances.map_err(|error| unprocessable(&error))?);
    }
    Ok(Json(network.disturbances().into_iter().collect()))
}

async fn cut(State(network): State<Network>, Path(transport): Path<String>) -> Result<StatusCode, Problem> {
    network.named(&transport)?.iter().for_each(|line| line.tap.cut());
    Ok(StatusCode::NO_CONTENT)
}

async fn blackhole(
    State(network): State<Network>,
    Path(transport): Path<String>,
    content: Content,
) -> Result<StatusCode, Problem> {
    let lines = network.named(&transport)?;
    let time = seconds_of(content, 1, MAX_BLACKHOLE_SECONDS)?;
    lines.iter().for_each(|line| line.tap.blackhole(time));
    Ok(StatusCode::NO_CONTENT)
}

async fn restart(
    State(network): State<Network>,
    Path(transport): Path<String>,
    content: Content,
) -> Result<StatusCode, Problem> {
    let lines = network.named(&transport)?;
    let absence = seconds_of(content, 0, MAX_ABSENCE_SECONDS)?;
    let waiting: Vec<_> =
        lines.iter().filter(|line| !line.restart(absence)).map(|line| line.transport.name).collect();
    if waiting.is_empty() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = format!("a restart is under way already of {}", waiting.join(", "));
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

async fn speak(State(network): State<Network>, content: Content) -> Result<Json<Value>, Problem> {
    let per_second = only_whole(&json_of(content)?, "per_second", 0, speaker::MAX_PER_SECOND)
        .map_err(|error| unprocessable(&error))?;
    network.speak(per_second);
    Ok(Json(json!({ "per_second": per_second })))
}

async fn vary(
    State(network): State<Network>,
    Path(transport): Path<String>,
    content: Content,
) -> Result<Json<BTreeMap<&'static str, Option<Variant>>>, Problem> {
    let (lines, content) = (network.named(&transport)?, json_of(content)?);
    let asked: Result<Vec<_>, VariantError> =
        lines.iter().map(|line| Ok((line, Variant::asked(&content, line.transport)?))).collect();
    let asked = asked.map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    asked.into_iter().for_each(|(line, variant)| line.vary(variant));
    Ok(Json(network.variants().into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use server::{Options, site};

    use super::*;
    use crate::PAGE;

    async fn status(peer: &str, is_exposed: bool, fields: &[(&str, &str)]) -> u16 {
        let context =
            Context::new(PAGE, &Options { host: vec!["chat.example".to_owned()], ..Options::default() });
        let (network, _told) = Network::new(is_exposed);
        let mut request =
            Request::builder().method("POST").uri("/wire/cut/all").header("host", "chat.example");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        site::answer(site::guarded(&context, routes(network, &context)), request).await.status().as_u16()
    }

    #[tokio::test]
    async fn another_machine_sees_the_wire_only_where_it_is_exposed() {
        for peer in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(status(peer, false, &[]).await, 204, "{peer}");
        }
        for peer in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "0.0.0.0"] {
            assert_eq!(status(peer, false, &[]).await, 403, "{peer}");
            assert_eq!(status(peer, true, &[]).await, 204, "{peer}, exposed");
            let foreign = [("origin", "https://evil.example")];
            assert_eq!(status(peer, true, &foreign).await, 403, "{peer}, exposed to its own page only");
            assert_eq!(status(peer, true, &[("sec-fetch-site", "cross-site")]).await, 403, "{peer}");
        }
    }

    /// A page that may use the chat may not see the wire.
    #[tokio::test]
    async fn an_allowed_origin_is_not_our_own() {
        let allow_origin = vec!["https://pages.example".parse().unwrap()];
        let context = Context::new(PAGE, &Options { allow_origin, ..Options::default() });
        let (network, _told) = Network::new(true);
        let request = Request::builder().uri("/wire/capture/polling.pcapng").header("host", "localhost");
        let mut request = request.header("origin", "https://pages.example").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer([127, 0, 0, 1].into()));
        let answer = site::answer(site::guarded(&context, routes(network, &context)), request).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }
}
