//! The answers of servers: which a client takes, and which fail the connection.

use http::header::{HeaderMap, SEC_WEBSOCKET_EXTENSIONS};
use proptest::prelude::*;
use raw_websocket::deflate::{
    MalformedExtensions, NegotiationError, Offer, Parameters, Preferences, WindowBits,
};

use super::bits;
use super::offers::fields;

/// What a browser offers.
const BROWSER: Offer = Offer {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: None,
    client_max_window_bits: Some(WindowBits::MAX),
};

/// All that can be asked for.
fn strict() -> Offer {
    Offer {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: Some(bits(10)),
        client_max_window_bits: Some(bits(11)),
    }
}

#[test]
fn offers_as_they_are_sent() {
    assert_eq!(Offer::default().value(), "permessage-deflate");
    assert_eq!(BROWSER.value(), "permessage-deflate; client_max_window_bits");
    assert_eq!(
        strict().value(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=10; client_max_window_bits=11",
    );
}

#[test]
fn answers_that_are_taken() {
    let parameters = |server_no, client_no, server, client| Parameters {
        server_no_context_takeover: server_no,
        client_no_context_takeover: client_no,
        server_max_window_bits: bits(server),
        client_max_window_bits: bits(client),
    };
    let minimal = "; server_no_context_takeover; server_max_window_bits=10";
    let smaller = "; server_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8";
    for (offer, answer, expected) in [
        (Offer::default(), "", parameters(false, false, 15, 15)),
        (Offer::default(), "; server_no_context_takeover", parameters(true, false, 15, 15)),
        (Offer::default(), "; client_no_context_takeover", parameters(false, true, 15, 15)),
        (Offer::default(), "; server_max_window_bits=9", parameters(false, false, 9, 15)),
        (BROWSER, "; client_max_window_bits=9", parameters(false, false, 15, 9)),
        (BROWSER, "; client_max_window_bits=\"15\"", parameters(false, false, 15, 15)),
        (strict(), minimal, parameters(true, true, 10, 11)),
        (strict(), smaller, parameters(true, true, 8, 8)),
    ] {
        let line = format!("permessage-deflate{answer}");
        assert_eq!(offer.judge(&fields([&line[..]])), Ok(Some(expected)), "{answer}");
    }
    assert_eq!(strict().judge(&HeaderMap::new()), Ok(None));
}

#[test]
fn answers_that_fail_the_connection() {
    use NegotiationError::{
        ClientWindow, ClientWindowNotOffered, Malformed, NotOffered, Parameters, ServerContextTakeover,
        ServerWindow,
    };
    for (offer, answer, error) in [
        (BROWSER, "x", NotOffered),
        (BROWSER, "permessage-deflate, x", NotOffered),
        (BROWSER, "permessage-deflate, permessage-deflate", NotOffered),
        (BROWSER, "", Malformed(MalformedExtensions::Empty)),
        (BROWSER, "permessage-deflate;", Malformed(MalformedExtensions::Token { position: 19 })),
        (BROWSER, "permessage-deflate; unknown", Parameters),
        (BROWSER, "permessage-deflate; client_max_window_bits", Parameters),
        (BROWSER, "permessage-deflate; client_max_window_bits=7", Parameters),
        (BROWSER, "permessage-deflate; server_max_window_bits", Parameters),
        (BROWSER, "permessage-deflate; server_max_window_bits=16", Parameters),
        (BROWSER, "permessage-deflate; server_no_context_takeover=1", Parameters),
        (BROWSER, "permessage-deflate; client_no_context_takeover; client_no_context_takeover", Parameters),
        (Offer::default(), "permessage-deflate; client_max_window_bits=15", ClientWindowNotOffered),
        (strict(), "permessage-deflate; server_max_window_bits=10", ServerContextTakeover),
        (
            strict(),
            "permessage-deflate; server_no_context_takeover",
            ServerWindow { offered: 10, answered: 15 },
        ),
        (
            strict(),
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=11",
            ServerWindow { offered: 10, answered: 11 },
        ),
        (
            strict(),
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12",
            ClientWindow { offered: 11, answered: 12 },
        ),
    ] {
        assert_eq!(offer.judge(&fields([answer])), Err(error), "{answer}");
    }
    // Also on a line of its own.
    assert_eq!(BROWSER.judge(&fields(["permessage-deflate", "x"])), Err(NotOffered));
}

fn window() -> impl Strategy<Value = WindowBits> {
    (8..=15_u8).prop_map(bits)
}

proptest! {
    /// Whatever a client offers and a server prefers, both take the same away, or the offer is declined.
    #[test]
    fn both_sides_agree(
        offer in (any::<bool>(), any::<bool>(), prop::option::of(window()), prop::option::of(window())),
        preferences in (any::<bool>(), any::<bool>(), window(), window()),
    ) {
        let offer = Offer {
            server_no_context_takeover: offer.0,
            client_no_context_takeover: offer.1,
            server_max_window_bits: offer.2,
            client_max_window_bits: offer.3,
        };
        let preferences = Preferences {
            server_no_context_takeover: preferences.0,
            client_no_context_takeover: preferences.1,
            server_max_window_bits: preferences.2,
            client_max_window_bits: preferences.3,
        };
        let mut fields = HeaderMap::new();
        fields.insert(SEC_WEBSOCKET_EXTENSIONS, offer.value());
        if let Some(agreement) = preferences.accept(&fields).unwrap() {
            fields.insert(SEC_WEBSOCKET_EXTENSIONS, agreement.response);
            prop_assert_eq!(offer.judge(&fields), Ok(Some(agreement.parameters)));
        } else {
            let smallest = offer.server_max_window_bits.unwrap_or(WindowBits::MAX).min(preferences.server_max_window_bits);
            prop_assert_eq!(smallest, WindowBits::MIN);
        }
    }
}
