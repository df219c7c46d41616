//! The offers of clients: which a server accepts, declines, or refuses with 400.

use http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use proptest::prelude::*;
use raw_websocket::deflate::{MalformedExtensions, Parameters, Preferences, WindowBits};
use raw_websocket::frame::Role;

use super::bits;

pub(crate) fn fields<'a>(lines: impl IntoIterator<Item = &'a str>) -> HeaderMap {
    let name = SEC_WEBSOCKET_EXTENSIONS;
    lines.into_iter().map(|line| (name.clone(), HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect()
}

/// A server that leaves it all to the client.
const ANY: Preferences = Preferences {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: WindowBits::MAX,
    client_max_window_bits: WindowBits::MAX,
};

/// The answer, as text; `None` where no extension is agreed on.
fn answer(preferences: &Preferences, lines: &[&str]) -> Result<Option<String>, MalformedExtensions> {
    let agreement = preferences.accept(&fields(lines.iter().copied()))?;
    Ok(agreement.map(|agreement| agreement.response.to_str().unwrap().to_owned()))
}

#[test]
fn offers_that_are_accepted() {
    for (lines, expected) in [
        (&["permessage-deflate"][..], ""),
        (&[" \tpermessage-deflate\t "], ""),
        (&["permessage-deflate; client_max_window_bits"], ""),
        (&["permessage-deflate; client_max_window_bits=15"], ""),
        (&["permessage-deflate; client_max_window_bits=8"], "; client_max_window_bits=8"),
        (&["permessage-deflate; client_max_window_bits=10"], "; client_max_window_bits=10"),
        (&["permessage-deflate; client_max_window_bits=\"10\""], "; client_max_window_bits=10"),
        (&["permessage-deflate; client_max_window_bits=\"1\\0\""], "; client_max_window_bits=10"),
        (&["permessage-deflate; server_max_window_bits=15"], "; server_max_window_bits=15"),
        (&["permessage-deflate; server_max_window_bits=9"], "; server_max_window_bits=9"),
        (&["permessage-deflate;server_max_window_bits=\"9\""], "; server_max_window_bits=9"),
        (&["permessage-deflate ; server_max_window_bits = 9"], "; server_max_window_bits=9"),
        (&["permessage-deflate; server_no_context_takeover"], "; server_no_context_takeover"),
        (&["permessage-deflate; client_no_context_takeover"], "; client_no_context_takeover"),
        (
            &["permessage-deflate; client_max_window_bits=12; server_max_window_bits=11; \
               client_no_context_takeover; server_no_context_takeover"],
            "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11; \
             client_max_window_bits=12",
        ),
        // The first that is acceptable: RFC 7692 §5.1.
        (
            &["permessage-deflate; server_max_window_bits=10, permessage-deflate"],
            "; server_max_window_bits=10",
        ),
        (&["permessage-deflate, permessage-deflate; server_max_window_bits=10"], ""),
        (
            &["permessage-deflate; unknown, permessage-deflate; server_no_context_takeover"],
            "; server_no_context_takeover",
        ),
        (&["permessage-deflate; server_max_window_bits=8, permessage-deflate"], ""),
        (&["x-webkit-deflate-frame, permessage-deflate; client_max_window_bits"], ""),
        (&["permessage-bzip2; level=9; q=\"a\"", "permessage-deflate"], ""),
        // Several lines, and empty elements.
        (&["x", ",, permessage-deflate,,"], ""),
        (&["", "permessage-deflate"], ""),
        (
            &[
                "permessage-deflate; client_max_window_bits=16",
                "permessage-deflate; server_max_window_bits=12",
            ],
            "; server_max_window_bits=12",
        ),
    ] {
        let expected = format!("permessage-deflate{expected}");
        assert_eq!(answer(&ANY, lines), Ok(Some(expected)), "{lines:?}");
    }
}

#[test]
fn offers_that_are_declined() {
    for parameters in [
        "server_max_window_bits=8",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=0",
        "server_max_window_bits=09",
        "server_max_window_bits=+9",
        "server_max_window_bits=1e1",
        "server_max_window_bits=265",
        "server_max_window_bits=99999999999999999999",
        "server_max_window_bits",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=010",
        "client_max_window_bits=-9",
        "client_max_window_bits=x",
        "server_no_context_takeover=1",
        "server_no_context_takeover=\"true\"",
        "client_no_context_takeover=0",
        "unknown",
        "unknown=1",
        "Server_No_Context_Takeover",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits; client_max_window_bits=10",
        "client_max_window_bits=10; client_max_window_bits",
        "client_no_context_takeover; unknown; server_max_window_bits=10",
        "server_max_window_bits=16; server_max_window_bits=10",
    ] {
        let line = format!("permessage-deflate; {parameters}");
        assert_eq!(answer(&ANY, &[&line]), Ok(None), "{parameters}");
        // Declined whole: another offer beside it is judged by itself.
        let beside = format!("{line}, permessage-deflate");
        assert_eq!(answer(&ANY, &[&beside]), Ok(Some("permessage-deflate".into())), "{parameters}");
    }
    for lines in
        [&[][..], &["x"], &["permessage-deflate2"], &["PERMESSAGE-DEFLATE"], &["x-webkit-deflate-frame; a=b"]]
    {
        assert_eq!(answer(&ANY, lines), Ok(None), "{lines:?}");
    }
}

#[test]
fn fields_that_are_malformed() {
    use MalformedExtensions::{Empty, QuotedString, Separator, Token};
    for (lines, error) in [
        (&[""][..], Empty),
        (&[" , ,"], Empty),
        (&["", ","], Empty),
        (&["permessage-deflate; =;;;\""], Token { position: 20 }),
        (&["permessage-deflate;"], Token { position: 19 }),
        (&["permessage-deflate; , x"], Token { position: 20 }),
        (&["; a"], Token { position: 0 }),
        (&["=a"], Token { position: 0 }),
        (&["\"permessage-deflate\""], Token { position: 0 }),
        (&["x; a="], Token { position: 5 }),
        (&["x; a=;b"], Token { position: 5 }),
        (&["x; a=, b"], Token { position: 5 }),
        (&["x; ä"], Token { position: 3 }),
        (&["x y"], Separator { position: 2 }),
        (&["x=1"], Separator { position: 1 }),
        (&["x; a b"], Separator { position: 5 }),
        (&["x; a=1=2"], Separator { position: 6 }),
        (&["x; a=\"1\"2"], Separator { position: 8 }),
        (&["x/1"], Separator { position: 1 }),
        (&["x; a=\""], QuotedString { position: 5 }),
        (&["x; a=\"\""], QuotedString { position: 5 }),
        (&["x; a=\"b"], QuotedString { position: 5 }),
        (&["x; a=\"b\\"], QuotedString { position: 5 }),
        (&["x; a=\"b c\""], QuotedString { position: 5 }),
        (&["x; a=\"b,c\""], QuotedString { position: 5 }),
        (&["x; a=\"\\\"\""], QuotedString { position: 5 }),
        // Wherever it stands: RFC 6455 §9.1.
        (&["permessage-deflate", "x;"], Token { position: 2 }),
        (&["permessage-deflate, x y"], Separator { position: 22 }),
    ] {
        assert_eq!(answer(&ANY, lines), Err(error), "{lines:?}");
    }
}

/// 200 offers and a line of 16 KiB are read once.
#[test]
fn many_offers() {
    let many = vec!["permessage-deflate; server_max_window_bits=8"; 200].join(", ");
    assert_eq!(answer(&ANY, &[&many]), Ok(None));
    let parameters = format!("permessage-deflate{}", ";a".repeat(8000));
    assert_eq!(answer(&ANY, &[&parameters]), Ok(None));
    let spaces = format!("b{}x", " ".repeat(32_000));
    assert_eq!(answer(&ANY, &[&spaces]), Err(MalformedExtensions::Separator { position: 32_001 }));
}

#[test]
fn preferences_show_where_the_offer_allows() {
    let preferences = Preferences {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: bits(12),
        client_max_window_bits: bits(10),
    };
    let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    for (offer, expected) in [
        ("", "; server_max_window_bits=12"),
        ("; server_max_window_bits=15", "; server_max_window_bits=12"),
        ("; server_max_window_bits=9", "; server_max_window_bits=9"),
        ("; client_max_window_bits", "; server_max_window_bits=12; client_max_window_bits=10"),
        ("; client_max_window_bits=15", "; server_max_window_bits=12; client_max_window_bits=10"),
        ("; client_max_window_bits=9", "; server_max_window_bits=12; client_max_window_bits=9"),
    ] {
        let line = format!("permessage-deflate{offer}");
        assert_eq!(answer(&preferences, &[&line]), Ok(Some(format!("{both}{expected}"))), "{offer}");
    }
    // A client that cannot be told uses 32 KiB.
    let agreement = preferences.accept(&fields(["permessage-deflate"])).unwrap().unwrap();
    assert_eq!(agreement.parameters.client_max_window_bits, WindowBits::MAX);
    // The chat's: nothing is kept between messages.
    let agreement = Preferences::default().accept(&fields(["permessage-deflate"])).unwrap().unwrap();
    assert_eq!(agreement.response, both);
    // A server that cannot compress with the window it prefers agrees to nothing.
    let smallest = Preferences { server_max_window_bits: WindowBits::MIN, ..ANY };
    assert_eq!(answer(&smallest, &["permessage-deflate"]), Ok(None));
}

#[test]
fn each_side_compresses_by_its_own_parameters() {
    let parameters = Parameters {
        server_no_context_takeover: true,
        client_no_context_takeover: false,
        server_max_window_bits: bits(11),
        client_max_window_bits: bits(12),
    };
    let client = Role::Client { masking_key: || [0; 4] };
    for (compression, context_takeover, window_bits) in [
        (parameters.sent(Role::Server), false, 11),
        (parameters.received(client), false, 11),
        (parameters.sent(client), true, 12),
        (parameters.received(Role::Server), true, 12),
    ] {
        assert_eq!(
            (compression.context_takeover, compression.window_bits.get()),
            (context_takeover, window_bits)
        );
    }
}

proptest! {
    /// Any text of the field's own parts: no panic, and an answer is an offer that gets the same answer.
    #[test]
    fn any_field(parts in prop::collection::vec(prop::sample::select(vec![
        "permessage-deflate", "permessage-deflate;", "x", ";", ",", "=", "=", "\"", "\\", " ", "ä", "9", "=\"1\\0\"", "16",
        "client_max_window_bits", "server_max_window_bits=12", "; server_no_context_takeover",
    ]), 0..8)) {
        if let Ok(Some(answered)) = answer(&ANY, &[&parts.concat()]) {
            prop_assert_eq!(answer(&ANY, &[&answered]), Ok(Some(answered.clone())));
        }
    }
}
