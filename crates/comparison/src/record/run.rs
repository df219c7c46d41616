//! What one run measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Histogram;

/// One repetition of a case: a fresh server, a fresh load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The repetition, from 0.
    pub repetition: u32,
    /// Its place among all runs of the comparison, from 0.
    pub order: u32,
    /// When it began, from the comparison's begin (s).
    pub begun_s: f64,
    /// How long the window really was, from its first due post to the last due one's delivery (s).
    pub window_s: f64,
    /// From the time a post was due to each client's having it.
    pub delivery: Histogram,
    /// From the time a post was due to its poster's having the answer: the response over HTTP; over a WebSocket the
    /// message itself, which is the answer there.
    pub answer: Histogram,
    /// From the connection's begin to the first message, over a new connection.
    pub first_cold: Histogram,
    /// The same over a connection that is open already; empty where a transport cannot.
    pub first_warm: Histogram,
    /// What came of each post.
    pub accounting: Accounting,
    /// Requests within the window.
    pub requests: Requests,
    /// Octets of one client of the audience, within the window.
    pub octets: Octets,
    /// Processor time within the window.
    pub cpu: Cpu,
    /// Memory, with the audience connected.
    pub memory: Memory,
    /// The load's own health.
    pub load: Load,
    /// What an audience costs that hears nothing; in idle cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Idle>,
    /// What came after a fault; in cases that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// What a client that does not read cost; in cases that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_reader: Option<SlowReader>,
    /// Clients within the bound, to an eighth; 0 if not even the first that were tried were. `load.limited` says that the
    /// load was the limit, and the server may serve more. In capacity cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity_clients: Option<u32>,
}

/// What came of each post, over the whole run, warm-up included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accounting {
    /// Posts.
    pub posted: u64,
    /// Posts that were refused or not answered.
    pub refused: u64,
    /// First deliveries, all clients together.
    pub delivered: u64,
    /// Deliveries that never came, of posts that were answered. Above 0 the run fails.
    pub lost: u64,
    /// Deliveries that came once more, though the protocol says once. Above 0 the run fails.
    pub doubled: u64,
    /// Deliveries in another order than another client's. Above 0 the run fails.
    pub reordered: u64,
    /// Messages that came again because the protocol sends all that is kept each time.
    pub redelivered: u64,
}

/// Requests within the window, all clients together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requests {
    /// Requests of the audience; a handshake of a WebSocket is one.
    pub follow: u64,
    /// Of those, answered without a message.
    pub empty: u64,
    /// Requests that post.
    pub post: u64,
    /// Messages delivered to the audience within the window; figures a delivery count those that were due in it, which are as
    /// many in each repetition.
    pub delivered: u64,
}

/// Octets of one client of the audience, within the window, by direction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Octets {
    /// Messages that this client got.
    pub messages: u64,
    /// From the server.
    pub down: Direction,
    /// To the server.
    pub up: Direction,
    /// True if TCP and IP are computed from the kernel's count of segments (TCP_INFO); false if it did not tell, and
    /// they are 0.
    pub segments_counted: bool,
}

/// Octets in one direction, by layer. Their sum is what a network would carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Direction {
    /// The messages' texts.
    pub payload: u64,
    /// The JSON around them, with what Engine.IO puts before it; messages that come again count here whole.
    pub envelope: u64,
    /// Frame headers (RFC 6455 §5.2, RFC 9113 §4.1), control frames whole, chunk sizes (RFC 9112 §7.1).
    pub framing: u64,
    /// Request and status lines and header fields, or their compressed block.
    pub fields: u64,
    /// What TLS adds: records and handshake; 0 in cleartext.
    pub tls: u64,
    /// IPv4 and TCP headers of all segments, acknowledgements included: 20, 20 and 12 (timestamps) a segment.
    pub tcp_ip: u64,
    /// Segments.
    pub segments: u64,
}

/// Processor time within the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cpu {
    /// Of the server's threads, by the scheduler's count (µs).
    pub server_us: u64,
    /// Times that the server's threads went to sleep and were woken.
    pub server_wake_ups: u64,
    /// Of the load (µs).
    pub load_us: u64,
    /// Of the relays, where there are some (µs).
    #[serde(default)]
    pub relay_us: u64,
    /// Of all other processes and the kernel's interrupts, in steps of 10 ms (µs): noise.
    pub other_us: u64,
    /// Taken by the hypervisor, in steps of 10 ms (µs): noise.
    pub stolen_us: u64,
}

/// Memory before and with the audience. What the server holds for one client is the difference by the audience.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// The server's resident set before anyone came (octets).
    pub resident_before: u64,
    /// With the audience connected, and after the window (octets).
    pub resident_after: u64,
    /// What the kernel holds in the buffers of the server's sockets after the window (octets), by sock_diag.
    pub kernel_buffers: u64,
    /// Connections to the server after the window.
    pub connections: u64,
    /// What the kernel's own structures for these connections take (octets), by the sizes that its allocator has for them;
    /// 0 if it does not tell, as it tells only root.
    #[serde(default)]
    pub kernel_structures: u64,
}

/// The load's own health. A run that is `limited` measured the load rather than the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// How late the load was for the times it had set itself.
    pub lag: Histogram,
    /// The part of a core that it took (0 to 1).
    pub cpu: f64,
    /// The part of a core that the busiest relay took (0 to 1); 0 without one.
    #[serde(default)]
    pub relay_cpu: f64,
    /// True if any of them is above the method's limit.
    pub limited: bool,
}

/// What an audience costs that hears nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Idle {
    /// Octets a client and second, both directions, TCP and IP included where counted.
    pub octets_a_client_second: f64,
    /// Segments a client and second, both directions.
    pub segments_a_client_second: f64,
    /// Times a second that the server's threads were woken, for the whole audience.
    pub wake_ups_a_second: f64,
    /// Processor time of the server a second, for the whole audience (µs).
    pub cpu_us_a_second: f64,
}

/// What came after a fault. All times are the clients', measured at each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// From the fault's begin to the client's noticing it.
    pub detection: Histogram,
    /// From its noticing, or the fault's end if that was later, to its following again.
    pub reconnecting: Histogram,
    /// From the fault's end to the first message that was posted after it.
    pub first_message: Histogram,
    /// Attempts to connect, all clients together.
    pub attempts: u64,
    /// Clients that never came back. Above 0 the run fails.
    pub stayed_away: u64,
}

/// What a client that does not read cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlowReader {
    /// Octets that were to be delivered to it.
    pub offered: u64,
    /// The server's memory above that before, at most (octets): the log of the newest messages included, which is as
    /// large for all.
    pub resident_peak: u64,
    /// What the kernel held for it, at most (octets).
    pub kernel_peak: u64,
    /// After which time the server dropped it (s); absent if it did not within the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_after_s: Option<f64>,
}
