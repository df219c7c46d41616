//! What subjects have set, as pairs of name and value: all that differs between them, and what is alike.

/// A setting's name, and its value.
pub(super) type Setting = (&'static str, &'static str);

/// What all have, unless they say otherwise.
pub(super) const COMMON: &[Setting] = &[
    ("tls", "none"),
    ("compression", "none offered"),
    ("nodelay", "yes"),
    ("history", "the case's parameter"),
    ("build", if cfg!(debug_assertions) { "debug: not for figures" } else { "release" }),
];

/// What the house's servers have in common.
pub(super) const ENVELOPE: Setting = ("envelope", r#"{"messages":[{"id","user","text","time"}],"cursor"}"#);
pub(super) const POST_RATE: Setting = ("post-rate", "unlimited; by default 20 a second");
pub(super) const ONE_BATCH: Setting = ("buffers", "a batch, at most 256 KiB; what is newer waits in the log");
pub(super) const BATCH_AND_ANSWERS: Setting =
    ("buffers", "a batch and 64 KiB of answers, at most 320 KiB; what is newer waits in the log");
pub(super) const WEBSOCKET_PING: Setting = ("heartbeat", "ping after 20 s of silence");

pub(super) const POLLING: &[Setting] =
    &[ENVELOPE, TOKIO, POST_RATE, ONE_BATCH, ("heartbeat", "none: the client asks after each pause")];
pub(super) const LONG_POLLING: &[Setting] =
    &[ENVELOPE, TOKIO, POST_RATE, ONE_BATCH, ("heartbeat", "an answer without a message after 25 s")];
pub(super) const HTTP2_STREAMING: &[Setting] = &[
    ENVELOPE,
    TOKIO,
    POST_RATE,
    (
        "buffers",
        "64 KiB a stream beside a batch; what is newer waits in the log; the client's window is 1 MiB",
    ),
    ("heartbeat", "an empty line after 15 s of silence, PING after 20 s"),
    ("tls", "none, and once more with TLS 1.3"),
];
pub(super) const RAW_WEBSOCKET: &[Setting] = &[
    ENVELOPE,
    TOKIO,
    POST_RATE,
    BATCH_AND_ANSWERS,
    WEBSOCKET_PING,
    ("compression", "none offered; permessage-deflate if it were"),
];
pub(super) const TUNGSTENITE: &[Setting] = &[ENVELOPE, TOKIO, POST_RATE, BATCH_AND_ANSWERS, WEBSOCKET_PING];

pub(super) const NODE: Setting = ("runtime", "Node, one thread");
/// Node has no builds.
pub(super) const PRODUCTION: Setting = ("build", "none: NODE_ENV=production");
/// What Node's servers do with what a client does not take.
pub(super) const NO_BOUND: Setting = ("buffers", "no bound: what a client does not take is kept for it");
/// What the peers in Rust do with it.
pub(super) const BROADCAST: Setting = ("buffers", "4,096 messages for all; who is further behind is dropped");
pub(super) const TOKIO: Setting = ("runtime", "tokio, a thread a core");
pub(super) const BATCH: Setting = ("envelope", r#"{"messages":[{"id","user","text","time"}]}"#);
pub(super) const SOCKET_IO: &[Setting] = &[
    NODE,
    PRODUCTION,
    ("envelope", r#"42["messages",[{"id","user","text","time"}]]"#),
    ("heartbeat", "ping every 25 s"),
    NO_BOUND,
];
/// The name of the setting that says beyond what a subject is not measured.
pub(super) const BOUND: &str = "measured";
pub(super) const COURSE_ENVELOPE: Setting =
    ("envelope", r#"{"msg":[{"user","text","time"}]}, the newest 50 each time"#);
pub(super) const COURSE_POLLING: &[Setting] = &[
    NODE,
    PRODUCTION,
    COURSE_ENVELOPE,
    ("history", "50"),
    ("heartbeat", "none: the client asks after each pause"),
    ("buffers", "one answer"),
    (
        BOUND,
        "above 15 messages a second: it keeps 50 and a client asks after a pause of 1 s, so that a late one would miss some",
    ),
];
pub(super) const COURSE_HTTP2: &[Setting] = &[
    NODE,
    PRODUCTION,
    COURSE_ENVELOPE,
    ("history", "50"),
    ("heartbeat", "none"),
    NO_BOUND,
    (BOUND, "above 2,000 deliveries a second: each is of 50 messages, and the load would be the limit"),
];
