//! What only the WebSockets put on the wire (RFC 6455), promised by both: the one by hand and the library's.
//!
//! A transport runs these promises with one line, in its `tests/wire.rs`; the list is what its server does with
//! some of the [`violations`] instead:
//!
//! ```ignore
//! conformance::websocket_wire!(TRANSPORT, serve, env!("CARGO_BIN_EXE_raw-websocket"), &[]);
//! ```
//!
//! - [`handshake`]: which opening handshakes are taken, and how the others are refused
//! - [`frames`]: messages however they are cut into frames, and frames however they are cut into packets
//! - [`violations`]: every rule that a client can break, in one table, and the close code that it gets
//! - [`closing`]: the closing handshake
//! - [`leaving`]: peers that go, are silent or do not read, and what they leave behind

pub mod closing;
pub mod frames;
pub mod handshake;
pub mod leaving;
pub mod violations;

/// Makes a test of every promise on the wire, for the WebSocket with this `TRANSPORT`, this `serve`, this program
/// and these [`Deviation`](crate::websocket_wire::violations::Deviation)s. It also makes the type `Wire`, a
/// [`Subject`](crate::Subject), for tests of the transport's own.
#[macro_export]
macro_rules! websocket_wire {
    ($transport:expr, $serve:path, $program:expr, $deviations:expr) => {
        struct Wire;

        impl $crate::Subject for Wire {
            type Client = $crate::OverWebSocket;

            const TRANSPORT: $crate::names::Transport = $transport;

            fn serve(
                listener: $crate::names::Listener,
                store: $crate::names::MessageStore,
                context: $crate::names::Context,
            ) -> impl ::std::future::Future<Output = ::std::io::Result<()>> + Send + 'static {
                $serve(listener, store, context)
            }
        }

        $crate::wire_promises! { Wire
            handshake: {
                the_key_of_the_rfc_gets_its_accept(),
                a_handshake_may_be_written_in_other_ways(),
                the_subprotocol_is_json_if_it_is_offered(),
                no_extension_is_negotiated_that_was_not_offered_well(),
                a_handshake_that_breaks_a_rule_is_refused_and_told_why(),
                a_refused_handshake_can_be_tried_again_on_the_same_connection(),
                a_field_of_the_client_is_never_a_field_of_the_answer(),
            }
            frames: {
                the_first_message_is_a_batch(),
                frames_behind_the_handshake_in_the_same_packet_are_read(),
                a_frame_header_has_its_shortest_form(),
                two_frames_in_one_packet_are_two_messages(),
                one_frame_in_fifty_packets_is_one_message(),
                a_message_may_come_in_fragments_with_pings_between(),
                a_message_may_have_64_fragments_and_32_kib(),
                every_ping_is_answered_with_its_own_data(),
                a_pong_that_nobody_asked_for_is_ignored(),
            }
            violations: {
                every_violation_gets_its_close_code_and_then_the_end($deviations),
                a_flood_of_control_frames_is_1008(),
                a_burst_of_control_frames_is_taken(),
                the_64th_refused_draft_is_1008(),
            }
            closing: {
                a_close_is_answered_with_its_own_code(),
                nothing_after_a_close_is_read(),
                what_comes_behind_a_violation_is_discarded(),
                a_close_ends_a_message_under_way(),
                a_stop_is_1001(),
            }
            leaving: {
                a_peer_that_is_gone_leaves_nothing_behind(),
                a_silent_peer_is_pinged_and_lives_by_its_answer(),
                a_silent_peer_that_does_not_answer_is_dropped(),
                a_client_that_never_reads_is_dropped_and_holds_up_nobody(),
                pings_that_are_never_read_cost_no_memory($program),
                answers_that_are_never_read_cost_no_memory($program),
            }
        }
    };
}

/// Makes the tests of these promises.
#[doc(hidden)]
#[macro_export]
macro_rules! wire_promises {
    ($subject:ident $($group:ident: { $($promise:ident($($argument:expr)?),)+ })+) => {
        $(
            mod $group {
                $(
                    #[$crate::names::tokio::test(flavor = "multi_thread", worker_threads = 2, crate = "conformance::names::tokio")]
                    async fn $promise() {
                        $crate::websocket_wire::$group::$promise::<super::$subject>($($argument)?).await;
                    }
                )+
            }
        )+
    };
}
