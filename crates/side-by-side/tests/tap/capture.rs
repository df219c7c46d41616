//! What is captured: units tile what was sent, say what they are of, and stand in a capture that others read.

use std::{collections::BTreeMap, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use conformance::{Client, Http2Streaming, Link, LongPolling, OverWebSocket, Polling, next, soon};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use message_store::Draft;
use pcap_parser::{Block, PcapBlockOwned, PcapError, PcapNGReader, traits::PcapReaderIterator};
use server::Transport;
use wire::{
    Tap,
    explain::Side,
    tap::{CapturedUnit, event::Event, limits::MAX_EVENTS},
};

use crate::{
    Tapped,
    counts::converse,
    proxy::{Proxy, To},
};

fn events(tap: &Tap) -> Vec<Event> {
    let (mut events, mut place) = (Vec::new(), 1);
    loop {
        let reading = tap.read(place);
        assert_eq!(reading.missed, 0);
        place = reading.next;
        events.extend(reading.events.iter().map(|event| Event::clone(event)));
        if !reading.has_more {
            return events;
        }
    }
}

fn octets(unit: &CapturedUnit) -> Vec<u8> {
    STANDARD.decode(&unit.octets).expect("base64")
}

/// The units of each connection and side, which tile what it sent from its first octet on.
fn streams(tap: &Tap) -> BTreeMap<(u64, bool), Vec<u8>> {
    let mut streams: BTreeMap<_, Vec<u8>> = BTreeMap::new();
    for event in events(tap) {
        let Some(unit) = tap.unit(event.id) else {
            assert!(matches!(event.kind, "opened" | "closed"), "{event:?} has no unit");
            continue;
        };
        let (octets, stream) =
            (octets(&unit), streams.entry((unit.connection, unit.from == Side::Client)).or_default());
        assert_eq!(unit.start, stream.len() as u64, "{event:?} begins where the one before ends");
        let mut at = 0;
        for span in &unit.spans {
            assert_eq!(span.start, at, "spans of {event:?} tile");
            at = span.end;
        }
        assert_eq!((at, event.octets), (octets.len() as u64, octets.len() as u64), "{event:?}");
        stream.extend(octets);
    }
    streams
}

/// The streams in a capture, by client port and side; their order and numbers are as TCP has them.
fn dissected(capture: &[u8]) -> BTreeMap<(u64, bool), Vec<u8>> {
    let mut streams: BTreeMap<(u64, bool), Vec<u8>> = BTreeMap::new();
    let mut next: BTreeMap<(u64, bool), u32> = BTreeMap::new();
    let mut newest = 0;
    for packet in packets(capture) {
        let (time, packet) = packet;
        assert!(time >= newest, "in the order of time");
        newest = time;
        let sliced = SlicedPacket::from_ethernet(&packet).expect("Ethernet, IP and TCP");
        assert!(matches!(sliced.net, Some(NetSlice::Ipv4(_))));
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP") };
        let is_client = tcp.destination_port() == 80;
        let port = if is_client { tcp.source_port() } else { tcp.destination_port() };
        let connection = u64::from(port) - 10_000;
        if tcp.syn() {
            next.insert((connection, is_client), tcp.sequence_number().wrapping_add(1));
            continue;
        }
        let expected = next.get_mut(&(connection, is_client)).expect("a handshake first");
        assert_eq!(tcp.sequence_number(), *expected, "of connection {connection}");
        *expected += u32::try_from(tcp.payload().len()).expect("a segment") + u32::from(tcp.fin());
        let acknowledged = tcp.acknowledgment_number();
        assert_eq!(acknowledged, next[&(connection, !is_client)], "of connection {connection}");
        streams.entry((connection, is_client)).or_default().extend(tcp.payload());
    }
    streams.retain(|_, octets| !octets.is_empty());
    streams
}

/// Time in nanoseconds since the Unix epoch, and octets.
fn packets(mut capture: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut reader = PcapNGReader::new(1 << 20, &mut capture).expect("a section header");
    let mut packets = Vec::new();
    loop {
        match reader.next() {
            Ok((size, block)) => {
                if let PcapBlockOwned::NG(Block::EnhancedPacket(packet)) = block {
                    let time = (u64::from(packet.ts_high) << 32) | u64::from(packet.ts_low);
                    assert_eq!(packet.origlen, packet.caplen);
                    packets.push((time, packet.data[..packet.caplen as usize].to_vec()));
                }
                reader.consume(size);
            }
            Err(PcapError::Eof) => return packets,
            Err(PcapError::Incomplete(_)) => reader.refill().expect("more of the capture"),
            Err(error) => panic!("{error}"),
        }
    }
}

async fn captured<C: Client>(transport: Transport, secure: bool) {
    let tapped = Tapped::start(transport, if secure { "capture-tls" } else { "capture" }).await;
    let proxy = Proxy::start(if secure { To::Tls(tapped.address) } else { To::Tcp(tapped.address) }).await;
    converse::<C>(&Link::to(proxy.address)).await;
    tapped.quiet().await;
    let streams = streams(&tapped.tap);
    let sum = |is_client| -> u64 {
        streams.iter().filter(|(of, _)| of.1 == is_client).map(|(_, octets)| octets.len() as u64).sum()
    };
    assert_eq!((sum(true), sum(false)), proxy.seen(), "units tile all that was sent");
    let capture = tapped.tap.pcapng().expect("a capture");
    assert_eq!(dissected(&capture), streams, "the capture has the same octets");
    let (time, _) = packets(&capture).pop().expect("a packet");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_nanos();
    assert!(now.abs_diff(u128::from(time)) < 60_000_000_000, "the time of day, in nanoseconds: {time}");
    assert_events(&events(&tapped.tap), transport);
    tapped.stop().await;
}

/// Messages are named where their octets are, answers name their requests, and time goes on.
fn assert_events(events: &[Event], transport: Transport) {
    let said = |from: Side| events.iter().filter(move |event| event.from == Some(from));
    let mut messages: Vec<_> = said(Side::Server).flat_map(|event| event.messages.clone()).collect();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages, [1, 2, 3], "{events:?}");
    let nonces: Vec<_> = said(Side::Client).flat_map(|event| event.nonces.clone()).collect();
    assert_eq!(nonces, ["n-0", "n-1", "n-2"], "{events:?}");
    for event in said(Side::Server).filter(|event| matches!(event.kind, "response" | "content" | "DATA")) {
        if event.stream == Some(0) {
            continue;
        }
        let of = event.of.unwrap_or_else(|| panic!("{event:?} of {} answers nothing", transport.name));
        let request = events.iter().find(|event| event.id == of).expect("a request");
        assert!(matches!(request.kind, "request" | "HEADERS"), "{request:?}");
        assert_eq!((request.from, request.connection), (Some(Side::Client), event.connection));
        assert!(request.at <= event.at, "{request:?} before {event:?}");
    }
    let (opened, closed) = (0..events.len()).fold((0, 0), |(opened, closed), at| match events[at].kind {
        "opened" => (opened + 1, closed),
        "closed" => (opened, closed + 1),
        _ => (opened, closed),
    });
    assert!(opened > 0 && opened == closed, "{events:?}");
}

#[tokio::test]
async fn polling() {
    captured::<Polling>(polling::TRANSPORT, false).await;
}

#[tokio::test]
async fn long_polling() {
    captured::<LongPolling>(long_polling::TRANSPORT, false).await;
}

#[tokio::test]
async fn http2_in_cleartext() {
    captured::<Http2Streaming>(http2_streaming::TRANSPORT, false).await;
}

#[tokio::test]
async fn http2_in_tls() {
    captured::<Http2Streaming>(http2_streaming::TRANSPORT, true).await;
}

#[tokio::test]
async fn raw_websocket() {
    captured::<OverWebSocket>(raw_websocket::TRANSPORT, false).await;
}

#[tokio::test]
async fn tungstenite() {
    captured::<OverWebSocket>(tungstenite_websocket::TRANSPORT, false).await;
}

/// The oldest goes out, but not that without which nobody reads the rest: handshake, preface, field blocks.
async fn beginning_is_kept<C: Client>(transport: Transport, beginning: &str) {
    let tapped = Tapped::start(transport, "beginning").await;
    let mut client =
        soon("a connection", C::connect(&Link::to(tapped.address), None)).await.expect("it is taken");
    next(&mut client).await;
    let mut got = 0;
    while got < MAX_EVENTS + 100 {
        tapped.store.append(Draft::new("ada", "hello", None).expect("a draft")).await;
        got += next(&mut client).await.messages.len();
    }
    let oldest = tapped.tap.read(1);
    assert!(oldest.missed > 0, "what came first is forgotten");
    let capture = tapped.tap.pcapng().expect("a capture");
    let streams = dissected(&capture);
    let starts = |is_client| String::from_utf8_lossy(&streams[&(1, is_client)]).into_owned();
    assert!(starts(true).starts_with(beginning), "{}", starts(true));
    assert!(capture.len() < 1 << 20, "{} octets", capture.len());
    tapped.stop().await;
}

#[tokio::test]
async fn beginning_of_a_websocket() {
    beginning_is_kept::<OverWebSocket>(raw_websocket::TRANSPORT, "GET /messages HTTP/1.1\r\n").await;
}

#[tokio::test]
async fn beginning_of_http2() {
    beginning_is_kept::<Http2Streaming>(http2_streaming::TRANSPORT, "PRI * HTTP/2.0\r\n").await;
}
