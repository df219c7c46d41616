//! The negotiation of permessage-deflate, RFC 7692 §5 and §7.1: a client offers, a server picks, the client judges.

use http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};

use super::extensions::{ExtensionList, MalformedExtensions};
use super::{EXTENSION, Parameters, WindowBits};

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The parameters as they stand in the field: what a client offers, or what a server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The server must compress each message by itself, §7.1.1.1.
    pub server_no_context_takeover: bool,
    /// The client will compress each message by itself, whatever the answer, §7.1.1.2.
    pub client_no_context_takeover: bool,
    /// The server must compress with this window or a smaller one, §7.1.2.1.
    pub server_max_window_bits: Option<WindowBits>,
    /// The server may tell the client a window up to this one, §7.1.2.2; [`WindowBits::MAX`] is sent as a
    /// parameter without a value. `None`: the server may tell none.
    pub client_max_window_bits: Option<WindowBits>,
}

/// What a server wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// Compress each message by itself, also where the client did not ask for it.
    pub server_no_context_takeover: bool,
    /// Have the client compress each message by itself.
    pub client_no_context_takeover: bool,
    /// The largest window to compress with, at least [`WindowBits::MIN_COMPRESSING`].
    pub server_max_window_bits: WindowBits,
    /// The largest window the client is to compress with. A client that cannot be told uses 32 KiB.
    pub client_max_window_bits: WindowBits,
}

impl Default for Preferences {
    /// The chat's: no context takeover, so that a broadcast is compressed once for all clients, and a
    /// connection holds nothing between messages.
    fn default() -> Self {
        Self {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            server_max_window_bits: WindowBits::MAX,
            client_max_window_bits: WindowBits::MAX,
        }
    }
}

/// An offer that the server has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What holds from now on.
    pub parameters: Parameters,
    /// The value of `Sec-WebSocket-Extensions` in the answer.
    pub response: HeaderValue,
}

/// Why a server's answer fails the connection, RFC 7692 §5.1 and §7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// The field is not of its grammar.
    #[error(transparent)]
    Malformed(#[from] MalformedExtensions),
    /// Another extension, or this one twice.
    #[error(
        "Sec-WebSocket-Extensions must be one permessage-deflate, and nothing else was offered (RFC 6455 §4.1)"
    )]
    NotOffered,
    /// A parameter that is unknown, repeated, or has a value against its rule.
    #[error("the parameters of permessage-deflate must be known, valid and not repeated (RFC 7692 §7)")]
    Parameters,
    /// The client demanded it.
    #[error("the answer must have server_no_context_takeover, as the offer has (RFC 7692 §7.1.1.1)")]
    ServerContextTakeover,
    /// A window larger than the client's own limit.
    #[error("server_max_window_bits must be at most {offered}, not {answered} (RFC 7692 §7.1.2.1)")]
    ServerWindow {
        /// The most the client takes.
        offered: u8,
        /// The answer; 15 where it has none.
        answered: u8,
    },
    /// A window for the client larger than it offered.
    #[error("client_max_window_bits must be at most {offered}, not {answered} (RFC 7692 §7.1.2.2)")]
    ClientWindow {
        /// The most the client has.
        offered: u8,
        /// The answer.
        answered: u8,
    },
    /// A window for a client that did not say it can be told one.
    #[error("client_max_window_bits must not be in the answer, it is not in the offer (RFC 7692 §7.1.2.2)")]
    ClientWindowNotOffered,
}

/// Which side wrote the parameters.
#[derive(Clone, Copy, Debug)]
enum Author {
    Client,
    Server,
}

impl Preferences {
    /// Picks the first offer that can be accepted as it stands (RFC 7692 §5.1); `None` where there is none, and
    /// then no extension is in the answer.
    ///
    /// # Errors
    /// The field is not of its grammar: 400.
    pub fn accept(&self, fields: &HeaderMap) -> Result<Option<Agreement>, MalformedExtensions> {
        let mut agreement = None;
        // All is read, because RFC 6455 §9.1 wants malformed data refused wherever it stands.
        each_extension(fields, Author::Client, |name, offer| {
            if name == EXTENSION && agreement.is_none() {
                agreement = offer.and_then(|offer| self.agree(offer));
            }
        })?;
        Ok(agreement)
    }

    /// Answers one offer, parameter by parameter; `None` declines it.
    fn agree(&self, offer: Offer) -> Option<Agreement> {
        let answer = Offer {
            // §7.1.1.1: who accepts an offer with this parameter MUST have it in the answer.
            server_no_context_takeover: offer.server_no_context_takeover || self.server_no_context_takeover,
            // §7.1.1.2: in an offer a hint, in an answer a demand; the answer may have it in either case.
            client_no_context_takeover: offer.client_no_context_takeover || self.client_no_context_takeover,
            // §7.1.2.1: likewise in the answer, with the same value or a smaller one.
            server_max_window_bits: match offer.server_max_window_bits {
                Some(offered) => Some(offered.min(self.server_max_window_bits)),
                None => Some(self.server_max_window_bits).filter(|&bits| bits < WindowBits::MAX),
            },
            // §7.1.2.2: MUST NOT be in the answer unless it is in the offer; the same value or a smaller one.
            client_max_window_bits: offer
                .client_max_window_bits
                .map(|offered| offered.min(self.client_max_window_bits))
                .filter(|&bits| bits < WindowBits::MAX),
        };
        let parameters = Parameters {
            server_no_context_takeover: answer.server_no_context_takeover,
            client_no_context_takeover: answer.client_no_context_takeover,
            server_max_window_bits: answer.server_max_window_bits.unwrap_or(WindowBits::MAX),
            client_max_window_bits: answer.client_max_window_bits.unwrap_or(WindowBits::MAX),
        };
        // §5.1: declined, because this server cannot compress so.
        let supported = parameters.server_max_window_bits >= WindowBits::MIN_COMPRESSING;
        supported.then(|| Agreement { parameters, response: answer.value() })
    }
}

impl Offer {
    /// The value of `Sec-WebSocket-Extensions`, RFC 7692 §7.
    ///
    /// # Panics
    /// Never: tokens are a field's value.
    pub fn value(&self) -> HeaderValue {
        let mut value = String::from(EXTENSION);
        let mut append = |parameter: &str| {
            value.push_str("; ");
            value.push_str(parameter);
        };
        if self.server_no_context_takeover {
            append(SERVER_NO_CONTEXT_TAKEOVER);
        }
        if self.client_no_context_takeover {
            append(CLIENT_NO_CONTEXT_TAKEOVER);
        }
        if let Some(bits) = self.server_max_window_bits {
            append(&format!("{SERVER_MAX_WINDOW_BITS}={}", bits.get()));
        }
        match self.client_max_window_bits {
            Some(WindowBits::MAX) => append(CLIENT_MAX_WINDOW_BITS),
            Some(bits) => append(&format!("{CLIENT_MAX_WINDOW_BITS}={}", bits.get())),
            None => {}
        }
        HeaderValue::from_str(&value).expect("tokens are visible ASCII")
    }

    /// Judges the answer to this offer: `None` where the server declined it.
    ///
    /// # Errors
    /// The first rule that the answer breaks: the client MUST fail the connection (RFC 7692 §5.1).
    pub fn judge(&self, fields: &HeaderMap) -> Result<Option<Parameters>, NegotiationError> {
        let mut answers = 0_usize;
        let mut named = true;
        let mut answer = None;
        each_extension(fields, Author::Server, |name, parameters| {
            answers += 1;
            named &= name == EXTENSION;
            answer = parameters;
        })?;
        if answers == 0 {
            return Ok(None);
        }
        // RFC 6455 §4.1 no. 5: no extension that was not offered.
        if answers > 1 || !named {
            return Err(NegotiationError::NotOffered);
        }
        self.judge_parameters(answer.ok_or(NegotiationError::Parameters)?).map(Some)
    }

    fn judge_parameters(&self, answer: Self) -> Result<Parameters, NegotiationError> {
        // RFC 7692 §7.1.1.1: accepted means that it is in the answer.
        if self.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(NegotiationError::ServerContextTakeover);
        }
        // §7.1.2.1: the same value or a smaller one; none is 15.
        let server = answer.server_max_window_bits.unwrap_or(WindowBits::MAX);
        let offered = self.server_max_window_bits.unwrap_or(WindowBits::MAX);
        if server > offered {
            return Err(NegotiationError::ServerWindow { offered: offered.get(), answered: server.get() });
        }
        // §7.1.2.2: only if it was offered, the same value or a smaller one. Without it the client keeps to
        // what it offered.
        let client = match (self.client_max_window_bits, answer.client_max_window_bits) {
            (None, Some(_)) => return Err(NegotiationError::ClientWindowNotOffered),
            (Some(offered), Some(answered)) if answered > offered => {
                let (offered, answered) = (offered.get(), answered.get());
                return Err(NegotiationError::ClientWindow { offered, answered });
            }
            (offered, answered) => answered.or(offered).unwrap_or(WindowBits::MAX),
        };
        Ok(Parameters {
            server_no_context_takeover: answer.server_no_context_takeover,
            // §7.1.1.2: who offered it keeps to it, whatever the answer.
            client_no_context_takeover: self.client_no_context_takeover || answer.client_no_context_takeover,
            server_max_window_bits: server,
            client_max_window_bits: client,
        })
    }

    /// Adds a parameter; `None` where it is unknown, repeated, or has a value against its rule.
    ///
    /// RFC 7692 §7: a server MUST decline an offer with such a parameter, and a client MUST fail the
    /// connection upon such an answer.
    fn with(mut self, name: &str, value: Option<&str>, author: Author) -> Option<Self> {
        match (name, value) {
            // §7.1.1: no value.
            (SERVER_NO_CONTEXT_TAKEOVER, None) if !self.server_no_context_takeover => {
                self.server_no_context_takeover = true;
            }
            (CLIENT_NO_CONTEXT_TAKEOVER, None) if !self.client_no_context_takeover => {
                self.client_no_context_takeover = true;
            }
            // §7.1.2.1: a value, always.
            (SERVER_MAX_WINDOW_BITS, Some(value)) if self.server_max_window_bits.is_none() => {
                self.server_max_window_bits = Some(WindowBits::parse(value)?);
            }
            // §7.1.2.2: a value, but that an offer may go without.
            (CLIENT_MAX_WINDOW_BITS, value) if self.client_max_window_bits.is_none() => {
                self.client_max_window_bits = Some(match (value, author) {
                    (Some(value), _) => WindowBits::parse(value)?,
                    (None, Author::Client) => WindowBits::MAX,
                    (None, Author::Server) => return None,
                });
            }
            _ => return None,
        }
        Some(self)
    }
}

/// Reads all lines of the field: tells each extension's name, and its parameters if they are this extension's.
fn each_extension(
    fields: &HeaderMap,
    author: Author,
    mut visit: impl FnMut(&str, Option<Offer>),
) -> Result<(), MalformedExtensions> {
    let mut count = 0_usize;
    // RFC 6455 §9.1: several lines are one list.
    for line in fields.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        let mut list = ExtensionList::new(line.as_bytes());
        while let Some(name) = list.next_extension()? {
            let mut offer = Some(Offer::default());
            while let Some((parameter, value)) = list.next_parameter()? {
                offer = offer.and_then(|offer| offer.with(parameter, value.as_deref(), author));
            }
            visit(name, offer);
            count += 1;
        }
    }
    if count == 0 && fields.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err(MalformedExtensions::Empty);
    }
    Ok(())
}
