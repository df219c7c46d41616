//! Field blocks compared with what others make of them: encoded by h2, decoded by fluke-hpack.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use proptest::{collection::vec, prelude::*};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use wire::explain::{Protocol, Side, Unit};

use super::{Parts, explain, explain_one, frame};

/// Names of fields; few, so that the table is of use.
const NAMES: [&str; 8] =
    ["a", "x-b", "cookie", "user-agent", "etag", "cache-control", "x-long-name-of-a-field", "te2"];

fn fields() -> impl Strategy<Value = HeaderMap> {
    let value = prop_oneof!["[ -~]{0,20}", "[a-c]{1,3}", Just("x".repeat(300))];
    vec((proptest::sample::select(&NAMES[..]), value, any::<bool>()), 0..8).prop_map(|fields| {
        let mut map = HeaderMap::new();
        for (name, value, is_sensitive) in fields {
            let mut value = HeaderValue::from_str(value.trim()).unwrap();
            value.set_sensitive(is_sensitive);
            map.append(HeaderName::from_static(name), value);
        }
        map
    })
}

/// Passes octets on, and stores them.
async fn relay(side: Side, from: DuplexStream, to: DuplexStream, parts: Arc<Mutex<Parts>>) {
    let (mut client_in, mut client_out) = split(from);
    let (mut server_in, mut server_out) = split(to);
    let copy = async |side: Side,
                      input: &mut tokio::io::ReadHalf<DuplexStream>,
                      output: &mut tokio::io::WriteHalf<DuplexStream>| {
        let mut octets = [0; 4096];
        while let Ok(count @ 1..) = input.read(&mut octets).await {
            parts.lock().unwrap().push((side, octets[..count].to_vec()));
            if output.write_all(&octets[..count]).await.is_err() {
                break;
            }
        }
        // The other side learns of the end.
        let _ = output.shutdown().await;
    };
    tokio::join!(
        copy(side, &mut client_in, &mut server_out),
        copy(side.peer(), &mut server_in, &mut client_out)
    );
}

/// A conversation of h2 with itself: requests with these fields, each answered with the fields of the next.
async fn converse(lists: &[HeaderMap]) -> Parts {
    let parts = Arc::new(Mutex::new(Vec::new()));
    let (client_io, relay_client) = duplex(4096);
    let (relay_server, server_io) = duplex(4096);
    let relay = tokio::spawn(relay(Side::Client, relay_client, relay_server, Arc::clone(&parts)));
    let answers: Vec<HeaderMap> = lists.iter().rev().cloned().collect();
    let server = tokio::spawn(async move {
        let mut builder = h2::server::Builder::new();
        let mut connection =
            builder.max_header_list_size(1 << 20).handshake::<_, bytes::Bytes>(server_io).await.unwrap();
        let mut answers = answers.into_iter();
        while let Some(request) = connection.accept().await {
            let Ok((_, mut respond)) = request else { break };
            let mut response = Response::new(());
            *response.headers_mut() = answers.next().unwrap();
            respond.send_response(response, true).unwrap();
        }
    });
    let builder = h2::client::Builder::new().max_header_list_size(1 << 20).clone();
    let (mut client, connection) = builder.handshake::<_, bytes::Bytes>(client_io).await.unwrap();
    let connection = tokio::spawn(connection);
    for list in lists {
        let mut request = Request::get("http://localhost/messages").body(()).unwrap();
        *request.headers_mut() = list.clone();
        client = client.ready().await.unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        response.await.unwrap();
    }
    drop(client);
    let _ = connection.await.unwrap();
    server.await.unwrap();
    relay.await.unwrap();
    Arc::into_inner(parts).unwrap().into_inner().unwrap()
}

/// The fields that the explainer decoded, by block.
fn decoded(units: &[Unit], side: Side) -> Vec<Vec<String>> {
    let mut blocks: Vec<Vec<String>> = Vec::new();
    for unit in units.iter().filter(|unit| unit.side == side) {
        let spans = unit
            .spans
            .iter()
            .filter(|span| span.name.contains("field") && span.rfc.starts_with("RFC 7541 §6"));
        let fields = spans.map(|span| span.value.clone());
        match unit.kind {
            "HEADERS" => blocks.push(fields.collect()),
            "CONTINUATION" => blocks.last_mut().unwrap().extend(fields),
            _ => {}
        }
    }
    blocks
}

fn expected(pseudo: &[&str], list: &HeaderMap) -> Vec<String> {
    let mut fields: Vec<String> = pseudo.iter().map(ToString::to_string).collect();
    fields.extend(list.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
    // h2 sends pseudo-fields in an order of its own.
    fields.sort();
    fields
}

fn assert_same_fields(lists: &[HeaderMap]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let parts = runtime.block_on(converse(lists));
    let units = explain(Protocol::Http2, &parts);
    assert!(units.iter().all(|unit| !matches!(unit.kind, "incomplete" | "not understood")), "{units:?}");
    let sorted = |side| {
        let mut blocks = decoded(&units, side);
        blocks.iter_mut().for_each(|block| block.sort());
        blocks
    };
    let asked = [":method: GET", ":scheme: http", ":path: /messages", ":authority: localhost"];
    let requests: Vec<_> = lists.iter().map(|list| expected(&asked, list)).collect();
    assert_eq!(sorted(Side::Client), requests);
    let answers: Vec<_> = lists.iter().rev().map(|list| expected(&[":status: 200"], list)).collect();
    assert_eq!(sorted(Side::Server), answers);
}

/// A field list that needs CONTINUATION frames.
#[test]
fn a_field_block_over_several_frames() {
    let mut list = HeaderMap::new();
    for index in 0..400 {
        list.append("x-b", HeaderValue::from_str(&format!("{index}{}", "~!^".repeat(30))).unwrap());
    }
    assert_same_fields(&[list.clone(), list]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn fields_are_those_that_h2_sent(lists in vec(fields(), 1..8)) {
        assert_same_fields(&lists);
    }
}

/// A representation of any kind, without Huffman.
fn representation() -> impl Strategy<Value = Vec<u8>> {
    let string = vec(any::<u8>(), 0..20)
        .prop_map(|octets| [&[u8::try_from(octets.len()).unwrap()], &*octets].concat());
    let literal = (proptest::sample::select(vec![0x00_u8, 0x10, 0x40]), 0_u8..15, string.clone(), string);
    prop_oneof![
        (0x81_u8..=0xc4).prop_map(|first| vec![first]),
        literal.prop_map(|(pattern, index, name, value)| {
            let name = if index == 0 { name } else { Vec::new() };
            [&[pattern | index], &*name, &*value].concat()
        }),
    ]
}

/// Names and values of a field block.
type List = Vec<(Vec<u8>, Vec<u8>)>;

/// Field blocks of one connection, each as far as fluke-hpack decodes it: `None` for one that it refuses.
fn by_fluke(blocks: &[Vec<u8>]) -> Vec<Option<List>> {
    let mut decoder = fluke_hpack::Decoder::new();
    blocks.iter().map(|block| decoder.decode(block).ok()).collect()
}

/// The same by the explainer.
fn by_us(blocks: &[Vec<u8>]) -> Vec<Option<Vec<String>>> {
    let headers = blocks.iter().zip((1..).step_by(2)).map(|(block, stream)| frame(1, 4, stream, block));
    let octets = [vec![frame(4, 0, 0, &[])], headers.collect()].concat().concat();
    let units = explain_one(Protocol::Http2, Side::Server, octets);
    let headers: Vec<&Unit> = units.iter().filter(|unit| unit.kind == "HEADERS").collect();
    let is_bad = |unit: &Unit| {
        unit.spans.iter().any(|span| matches!(&*span.name, "not understood" | "field block fragment"))
    };
    let fields = decoded(&units, Side::Server);
    headers.iter().zip(fields).map(|(unit, fields)| (!is_bad(unit)).then_some(fields)).collect()
}

fn shown(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<String> {
    let text = |octets: &[u8]| match std::str::from_utf8(octets) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => octets
            .iter()
            .map(|octet| match octet {
                b'\t' | b' '..=b'~' => char::from(*octet).to_string(),
                _ => format!("\\x{octet:02x}"),
            })
            .collect(),
    };
    fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect()
}

/// Blocks up to the first that is refused are the same: behind it, the tables are not known.
fn assert_as_fluke(blocks: &[Vec<u8>]) {
    for (ours, theirs) in by_us(blocks).iter().zip(by_fluke(blocks)) {
        assert_eq!(ours.as_deref(), theirs.as_deref().map(shown).as_deref(), "{blocks:02x?}");
        if ours.is_none() {
            break;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn representations_are_as_fluke_decodes_them(blocks in vec(vec(representation(), 0..12), 1..12)) {
        assert_as_fluke(&blocks.iter().map(|block| block.concat()).collect::<Vec<_>>());
    }
}
