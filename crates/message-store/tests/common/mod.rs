//! Reads batches as a client does.
#![allow(dead_code, reason = "each test program uses its part of this")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use message_store::Cursor;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parsed {
    pub(crate) messages: Vec<ParsedMessage>,
    #[serde(deserialize_with = "cursor")]
    pub(crate) cursor: Cursor,
    pub(crate) missed: Option<u64>,
    pub(crate) reset: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParsedMessage {
    pub(crate) id: u64,
    pub(crate) user: String,
    pub(crate) text: String,
    pub(crate) time: u64,
    pub(crate) nonce: Option<String>,
}

fn cursor<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Cursor, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

pub(crate) fn parse(json: &[u8]) -> Parsed {
    serde_json::from_slice(json).unwrap()
}

/// What the future gives if it is polled once.
pub(crate) fn now_or_pending<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
