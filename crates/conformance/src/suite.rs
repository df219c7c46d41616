//! The list of all promises, made into tests.

/// Makes a test of every promise, for the transport with this `TRANSPORT`, this `serve` and this
/// [`Client`](crate::Client).
#[macro_export]
macro_rules! suite {
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

        $crate::promises! { Subject
            delivery: {
                the_first_batch_is_what_is_retained,
                a_message_is_what_was_posted,
                every_follower_gets_every_message_in_one_order_and_the_same_octets,
                an_answered_post_is_in_the_log,
                a_batch_keeps_its_limits_and_is_read_on_from,
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
