//! permessage-deflate: what holds for any messages, any parameters and any octets.

use bytes::BytesMut;
use proptest::prelude::*;
use raw_websocket::connection::{Connection, Event};
use raw_websocket::deflate::{Parameters, WindowBits};
use raw_websocket::frame::Role;
use raw_websocket::message::MessageLimits;

use super::deflate::{NO_TAKEOVER, TAKEOVER, deflate, end};
use super::{CLIENT, masked, read, text};

fn any_parameters() -> impl Strategy<Value = Parameters> {
    (any::<bool>(), any::<bool>(), 9..=15_u8, 8..=15_u8).prop_map(
        |(server, client, server_bits, client_bits)| Parameters {
            server_no_context_takeover: server,
            client_no_context_takeover: client,
            server_max_window_bits: WindowBits::new(server_bits).unwrap(),
            client_max_window_bits: WindowBits::new(client_bits).unwrap(),
        },
    )
}

/// Frames with and without RSV1, whose payload mostly inflates.
fn any_frames() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        10 => prop::sample::select(vec![0xc1, 0xc2, 0x41, 0x42, 0x81, 0x00, 0x80, 0x89]),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        6 => any::<String>().prop_map(|message| deflate(message.as_bytes())),
        1 => any::<String>().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (0..2000_usize).prop_map(|len| deflate(&vec![b'a'; len])),
    ];
    prop::collection::vec((first, payload).prop_map(|(first, payload)| masked(first, &payload)), 0..8)
        .prop_map(|frames| frames.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// What one end sends, the other receives, whatever was agreed on and whenever memory is given back.
    #[test]
    fn one_end_hears_the_other(
        parameters in any_parameters(),
        messages in prop::collection::vec((".{0,80}", 1..60_usize, any::<bool>()), 0..8),
    ) {
        for (sender, receiver) in [(Role::Server, CLIENT), (CLIENT, Role::Server)] {
            let (mut from, mut to) = (end(sender, parameters), end(receiver, parameters));
            for (message, times, release) in &messages {
                let message = message.repeat(*times);
                let mut output = BytesMut::new();
                from.send_text(&message, &mut output).unwrap();
                from.send_binary(message.as_bytes(), &mut output).unwrap();
                if *release {
                    from.release();
                }
                let expected = vec![text(&message), Event::Binary(message.into())];
                prop_assert_eq!(read(&mut to, output.chunks(7)), (expected, None));
            }
        }
    }

    /// In pieces as in one, breaches included; memory stays within the limits; no octets do harm.
    #[test]
    fn cut_anywhere(octets in any_frames(), takeover: bool, size in 1..40_usize) {
        let limits = MessageLimits { max_message_bytes: 1000, max_fragments: 4, accept_binary: true };
        let parameters = if takeover { TAKEOVER } else { NO_TAKEOVER };
        let connection = || Connection::new(Role::Server, limits).with_deflate(Some(parameters));
        let (mut whole, mut cut) = (connection(), connection());
        let (expected, failure) = read(&mut whole, [octets.as_slice()]);
        let (mut events, mut failed) = (Vec::new(), None);
        for piece in octets.chunks(size) {
            let (heard, error) = read(&mut cut, [piece]);
            events.extend(heard);
            failed = failed.or(error);
            // The message twice, zlib's state and the window.
            prop_assert!(cut.buffered() <= 2 * 1000 + 125 + 48 * 1024 + 32 * 1024);
        }
        prop_assert_eq!((events, failed), (expected, failure));
        prop_assert_eq!(cut.state(), whole.state());
    }
}
