//! Servers that are wrong on purpose, for the lesson: each makes one mistake that many tutorials make, and loses
//! messages by it. Off when the program starts; the page turns one on, in place of the right server of its transport.
//!
//! - `forgets_on_write`: long polling that answers whoever waits, and remembers nobody
//! - `drops_the_slow`: a WebSocket over a broadcast whose slow readers lose what they were too slow for
//!
//! The third mistake, to retry without jitter, is a client's: `web/variants/retry-without-jitter.js`.

mod drops_the_slow;
mod forgets_on_write;

use std::{fmt, io};

use message_store::MessageStore;
use serde::{Serialize, Serializer};
use serde_json::Value;
use server::{Context, Listener, Transport};

/// A server that is wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Long polling that forgets on write.
    ForgetsOnWrite,
    /// A broadcast that drops the slow reader silently.
    DropsTheSlow,
}

const ALL: [Variant; 2] = [Variant::ForgetsOnWrite, Variant::DropsTheSlow];

/// What is wrong with a request for a variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VariantError {
    /// There must be one field, `variant`.
    #[error("the content must be a JSON object with the one field `variant`")]
    NotAsked,
    /// The transport has no such variant.
    #[error("`variant` of {transport} must be {known}")]
    Unknown {
        /// The transport's name.
        transport: &'static str,
        /// What it can be.
        known: String,
    },
}

impl Variant {
    /// Its name in requests and events, such as `forgets-on-write`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ForgetsOnWrite => "forgets-on-write",
            Self::DropsTheSlow => "drops-the-slow",
        }
    }

    /// The transport that it stands in for.
    fn transport(self) -> Transport {
        match self {
            Self::ForgetsOnWrite => long_polling::TRANSPORT,
            Self::DropsTheSlow => tungstenite_websocket::TRANSPORT,
        }
    }

    /// The variant of `transport` that `content`, a JSON object, asks for in its field `variant`; `null` is none.
    ///
    /// # Errors
    ///
    /// There is no such field or another one, or no such variant of this transport.
    pub(crate) fn asked(content: &Value, transport: Transport) -> Result<Option<Self>, VariantError> {
        let asked = content.as_object().filter(|object| object.len() == 1);
        let asked = asked.and_then(|object| object.get("variant")).ok_or(VariantError::NotAsked)?;
        if asked.is_null() {
            return Ok(None);
        }
        let mut of_it = ALL.into_iter().filter(|variant| variant.transport() == transport);
        of_it.find(|variant| *asked == variant.name()).map(Some).ok_or_else(|| {
            let named = ALL.into_iter().filter(|variant| variant.transport() == transport);
            let known = named.map(|variant| format!("\"{}\" or ", variant.name())).collect::<String>();
            VariantError::Unknown { transport: transport.name, known: known + "null" }
        })
    }

    /// Serves as a transport does, until the context stops.
    ///
    /// # Errors
    ///
    /// The listener fails for good.
    pub(crate) async fn serve(
        self,
        listener: Listener,
        store: MessageStore,
        context: Context,
    ) -> io::Result<()> {
        match self {
            Self::ForgetsOnWrite => forgets_on_write::serve(listener, store, context).await,
            Self::DropsTheSlow => drops_the_slow::serve(listener, store, context).await,
        }
    }
}

/// For people: `forgets on write`.
impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().replace('-', " "))
    }
}

impl Serialize for Variant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
