//! `GET /wire/events`: what passes on all transports, as server-sent events. A reader keeps its places in the taps and
//! no queue: one that does not read costs nothing, and is told what it missed.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, StatusCode, header};
use serde::Serialize;
use server::{Context, Problem};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep},
};
use wire::{
    Disturbances,
    tap::{
        Watch,
        event::{Counts, Event},
    },
};

use crate::{
    network::{MAX_READERS, Network},
    variants::Variant,
};

/// How often it is looked whether something happened.
const TICK: Duration = Duration::from_millis(100);

/// How long nothing is told while nothing happens.
const SILENCE: Duration = Duration::from_secs(1);

/// The stream; `503` where there are [`MAX_READERS`] already.
pub(crate) fn events(network: Network, context: Context) -> Response {
    let Ok(permit) = Arc::clone(&network.readers).try_acquire_owned() else {
        let detail = format!("there are {MAX_READERS} readers of these events already");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
    };
    let watches = network.lines.each_ref().map(|line| line.tap.watch());
    let reader = Reader {
        _watches: watches,
        network,
        context,
        places: [0; 5],
        told: None,
        has_more: true,
        at: None,
        _permit: permit,
    };
    let told = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    let fields =
        [(header::CONTENT_TYPE, "text/event-stream"), (HeaderName::from_static("x-accel-buffering"), "no")];
    (fields, Body::from_stream(told)).into_response()
}

/// What is told again only when it changes.
#[derive(Clone, PartialEq)]
struct State {
    disturbances: [(&'static str, Disturbances); 5],
    speaker: u32,
    variants: [(&'static str, Option<Variant>); 5],
    panels: [(&'static str, Option<bool>); 5],
}

struct Reader {
    network: Network,
    context: Context,
    /// The id of the next event of each tap; 0 before the first look.
    places: [u64; 5],
    told: Option<(State, [Counts; 5])>,
    has_more: bool,
    at: Option<Instant>,
    _watches: [Watch; 5],
    _permit: OwnedSemaphorePermit,
}

/// The data of one event.
#[derive(Serialize)]
struct Told {
    now: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    disturbances: Option<BTreeMap<&'static str, Disturbances>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<BTreeMap<&'static str, Option<Variant>>>,
    /// Whether the program behind a panel is there, where there is another than ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    panels: Option<BTreeMap<&'static str, bool>>,
    transports: BTreeMap<&'static str, OfTransport>,
}

#[derive(Serialize)]
struct OfTransport {
    connections: u64,
    counts: Counts,
    #[serde(serialize_with = "events_of")]
    events: Vec<Arc<Event>>,
    missed: u64,
}

fn events_of<S: serde::Serializer>(events: &[Arc<Event>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(events.iter().map(|event| &**event))
}

impl Reader {
    /// The next event, when there is something to tell; `None` when the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.has_more {
                tokio::select! {
                    () = sleep(TICK) => {}
                    () = self.context.stopping() => return None,
                }
            }
            if self.context.is_stopping() {
                return None;
            }
            if let Some(told) = self.look() {
                let json = serde_json::to_string(&told).ok()?;
                return Some(format!("data: {json}\n\n").into());
            }
        }
    }

    /// What there is to tell now.
    fn look(&mut self) -> Option<Told> {
        let network = &self.network;
        let (disturbances, variants, panels) = (network.disturbances(), network.variants(), network.panels());
        let state = State { disturbances, speaker: network.speaker(), variants, panels };
        let counts = self.network.lines.each_ref().map(|line| line.tap.counts());
        let mut transports = BTreeMap::new();
        let mut has_events = false;
        self.has_more = false;
        for ((line, place), counts) in self.network.lines.iter().zip(&mut self.places).zip(counts) {
            let reading = line.tap.read(*place);
            // What was forgotten before it came is not missed.
            let missed = if *place == 0 { 0 } else { reading.missed };
            *place = reading.next;
            has_events |= !reading.events.is_empty() || missed > 0;
            self.has_more |= reading.has_more;
            let of = OfTransport { connections: line.tap.open(), counts, events: reading.events, missed };
            transports.insert(line.transport.name, of);
        }
        let (is_state_new, are_counts_new) = match &self.told {
            None => (true, true),
            Some((told, counted)) => (*told != state, *counted != counts),
        };
        let is_silent_for_long = self.at.is_none_or(|at| at.elapsed() >= SILENCE);
        if !(has_events || is_state_new || are_counts_new || is_silent_for_long) {
            return None;
        }
        self.at = Some(Instant::now());
        let new = is_state_new.then(|| state.clone());
        let disturbances = new.as_ref().map(|state| state.disturbances.into_iter().collect());
        let speaker = new.as_ref().map(|state| state.speaker);
        let panels = new.as_ref().map(|state| state.panels.into_iter());
        let panels = panels.map(|panels| panels.filter_map(|(name, is_up)| Some((name, is_up?))).collect());
        let panels = panels.filter(|panels: &BTreeMap<_, _>| !panels.is_empty());
        let variants = new.map(|state| state.variants.into_iter().collect());
        self.told = Some((state, counts));
        Some(Told { now: self.network.clock.now(), disturbances, speaker, variants, panels, transports })
    }
}

#[cfg(test)]
mod tests {
    use axum::body::BodyDataStream;
    use futures_util::StreamExt;
    use serde_json::Value;
    use server::Options;
    use wire::tap::limits::{MAX_EVENTS, MAX_EVENTS_AT_ONCE};

    use super::*;
    use crate::PAGE;

    fn reader(network: &Network) -> BodyDataStream {
        let response = events(network.clone(), Context::new(PAGE, &Options::default()));
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().into_data_stream()
    }

    async fn next(reader: &mut BodyDataStream) -> Value {
        let event = reader.next().await.unwrap().unwrap();
        serde_json::from_slice(event.strip_prefix(b"data: ").unwrap()).unwrap()
    }

    /// Nothing is made ready for who does not ask: what it comes back to is what is kept, and how much it missed.
    #[tokio::test]
    async fn a_reader_that_does_not_read_is_no_queue() {
        let (network, _told) = Network::new(false);
        let tap = &network.lines[0].tap;
        tap.note("before");
        let mut slow = reader(&network);
        assert_eq!(next(&mut slow).await["transports"]["polling"]["events"][0]["name"], "before");
        for _ in 0..MAX_EVENTS + 100 {
            tap.note("while it does not read");
        }
        let told = next(&mut slow).await;
        let of = &told["transports"]["polling"];
        assert_eq!(of["missed"], 100, "{told}");
        assert_eq!(of["events"].as_array().unwrap().len(), MAX_EVENTS_AT_ONCE);
        assert_eq!(of["events"][0]["id"], 102, "the oldest that is kept");
        assert_eq!(next(&mut slow).await["transports"]["polling"]["missed"], 0);
    }

    #[tokio::test]
    async fn readers_are_limited_and_give_their_places_back() {
        let (network, _told) = Network::new(false);
        let mut readers: Vec<_> = (0..MAX_READERS).map(|_| reader(&network)).collect();
        let context = Context::new(PAGE, &Options::default());
        assert_eq!(events(network.clone(), context).status(), StatusCode::SERVICE_UNAVAILABLE);
        readers.pop();
        readers.push(reader(&network));
    }
}
