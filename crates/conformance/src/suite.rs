//! The list of all promises, made into tests.

/// Makes the type `Subject`, which implements [`Subject`](trait@crate::Subject) for the transport with this `TRANSPORT`,
/// this `serve` and this [`Client`](crate::Client); for tests beside the suite.
#[macro_export]
macro_rules! subject {
    ($transport:expr, $serve:path, $client:ty) => {
        struct Subject;

        impl $crate::Subject for Subject {
            type Client = $client;

            const TRANSPORT: $crate::names::Transport = $transport;

            fn serve(
                listener: $crate::names::Listener,
                store: $crate::names::MessageStore,
                context: $crate::names::Context,
            ) -> impl ::std::future::Future<Output = ::std::io::Result<()>> + Send + 'static {
                $serve(listener, store, context)
            }
        }
    };
}

/// Makes a test of every promise, for the transport with this `TRANSPORT`, this `serve` and this
/// [`Client`](crate::Client).
#[macro_export]
macro_rules! suite {
    ($transport:expr, $serve:path, $client:ty) => {
        $crate::subject!($transport, $serve, $client);

        $crate::promises! { Subject
            delivery: {
                the_first_batch_is_what_is_retained,
                a_message_is_what_was_posted,
                every_follower_gets_every_message_in_one_order_and_the_same_octets,
                an_answered_post_is_in_the_log,
                a_batch_keeps_its_limits_and_is_read_on_from,
            }
            resuming: {
                a_follower_resumes_from_its_cursor,
                two_hundred_cuts_lose_nothing_and_repeat_nothing,
                missed_is_told_truly,
                a_foreign_epoch_resets,
                a_cursor_past_the_newest_message_resets,
                a_connection_that_is_reset_harms_nobody,
            }
            nonces: {
                a_repeated_nonce_answers_with_the_first_message_whatever_the_text,
                a_lost_answer_is_asked_for_again,
                a_nonce_belongs_to_its_user,
                without_a_nonce_every_draft_is_new,
                the_nonces_of_the_newest_4096_messages_are_known,
                the_same_draft_from_many_connections_is_one_message,
            }
            slowness: {
                a_slow_reader_holds_up_nobody_and_gets_the_rest,
                a_slow_reader_that_fell_off_the_end_gets_a_true_missed,
            }
            texts: {
                a_text_is_kept_as_it_is,
                a_line_ends_with_a_line_feed,
                a_text_may_have_any_length_up_to_2000_characters,
            }
            drafts: {
                a_draft_that_keeps_the_rules_is_taken,
                a_draft_that_breaks_a_rule_is_refused_with_422,
                what_cannot_be_parsed_is_refused_with_400,
                a_draft_that_is_too_large_is_refused,
                posts_that_come_too_fast_are_refused_with_429,
                content_of_another_type_is_refused,
            }
            requests: {
                a_cursor_that_is_none_is_refused_with_400,
                a_foreign_origin_is_refused_with_403,
                own_and_listed_origins_pass,
                another_host_is_refused_with_421,
                there_is_exactly_one_host,
                another_path_is_refused_with_404,
                another_method_is_refused_with_405,
                head_has_the_fields_of_get,
                every_server_has_the_page_and_tells_that_it_is_ready,
                a_head_that_is_too_large_is_refused_with_431,
                the_first_rule_that_is_broken_answers,
                a_refusal_leaves_the_connection_open,
            }
            stopping: {
                a_stop_ends_every_follower_as_the_protocol_says,
                a_stop_with_nobody_there_is_at_once,
                a_stop_does_not_wait_for_those_who_do_nothing,
                a_stop_lets_what_is_under_way_end,
                a_client_that_comes_too_late_is_not_left_waiting,
            }
            deadlines: {
                a_connection_that_asks_nothing_is_closed,
                a_head_that_does_not_end_is_refused,
                content_that_does_not_end_is_refused,
                a_connection_that_asks_nothing_more_is_closed,
                a_follower_that_is_only_silent_stays,
                a_peer_that_is_gone_is_noticed,
                a_client_that_takes_nothing_is_dropped,
                a_connection_too_many_is_refused,
            }
        }
    };
}

/// Makes the tests of these promises.
#[doc(hidden)]
#[macro_export]
macro_rules! promises {
    ($subject:ident $($group:ident: { $($promise:ident,)+ })+) => {
        $(
            mod $group {
                $(
                    #[$crate::names::tokio::test(flavor = "multi_thread", worker_threads = 2, crate = "conformance::names::tokio")]
                    async fn $promise() {
                        $crate::promises::$group::$promise::<super::$subject>().await;
                    }
                )+
            }
        )+
    };
}
