//! Each figure, in the order in which tables show them.

use super::{Better, Definition, layer, quotient, time};
use crate::record::Direction;

/// A definition of which less is better.
const fn less(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    of: fn(&crate::record::Parameters, &crate::record::Run) -> Option<f64>,
) -> Definition {
    Definition { name, title, unit, better: Better::Less, of }
}

/// Every figure there is.
pub const CATALOGUE: &[Definition] = &[
    less("delivery_mean_us", "delivery, mean", "µs", |_, run| time(&run.delivery, |of| of.mean_us)),
    less("delivery_p50_us", "delivery, median", "µs", |_, run| time(&run.delivery, |of| of.p50_us as f64)),
    less("delivery_p90_us", "delivery, 90 %", "µs", |_, run| time(&run.delivery, |of| of.p90_us as f64)),
    less("delivery_p99_us", "delivery, 99 %", "µs", |_, run| time(&run.delivery, |of| of.p99_us as f64)),
    less("delivery_p999_us", "delivery, 99.9 %", "µs", |_, run| time(&run.delivery, |of| of.p999_us as f64)),
    less("delivery_max_us", "delivery, latest", "µs", |_, run| time(&run.delivery, |of| of.max_us as f64)),
    less("answer_p50_us", "post to answer, median", "µs", |_, run| time(&run.answer, |of| of.p50_us as f64)),
    less("answer_p99_us", "post to answer, 99 %", "µs", |_, run| time(&run.answer, |of| of.p99_us as f64)),
    less("first_cold_p50_us", "first message, new connection", "µs", |_, run| {
        time(&run.first_cold, |of| of.p50_us as f64)
    }),
    less("first_warm_p50_us", "first message, open connection", "µs", |_, run| {
        time(&run.first_warm, |of| of.p50_us as f64)
    }),
    less("requests_a_delivery", "requests a delivery", "requests", |_, run| {
        quotient(run.requests.follow as f64, run.requests.delivered)
    }),
    less("octets_a_message", "octets a message, all layers", "octets", |_, run| {
        run.octets.segments_counted.then(|| layer(&run.octets, Direction::sum))?
    }),
    Definition {
        name: "octets_payload_a_message",
        title: "of these, payload",
        unit: "octets",
        better: Better::Neither,
        of: |_, run| layer(&run.octets, |of| of.payload),
    },
    less("octets_envelope_a_message", "of these, envelope", "octets", |_, run| {
        layer(&run.octets, |of| of.envelope)
    }),
    less("octets_framing_a_message", "of these, framing", "octets", |_, run| {
        layer(&run.octets, |of| of.framing)
    }),
    less("octets_fields_a_message", "of these, fields", "octets", |_, run| {
        layer(&run.octets, |of| of.fields)
    }),
    less("octets_tls_a_message", "of these, TLS", "octets", |_, run| layer(&run.octets, |of| of.tls)),
    less("octets_tcp_ip_a_message", "of these, TCP and IP", "octets", |_, run| {
        run.octets.segments_counted.then(|| layer(&run.octets, |of| of.tcp_ip))?
    }),
    less("cpu_us_a_delivery", "server CPU a delivery", "µs", |_, run| {
        quotient(run.cpu.server_us as f64, run.requests.delivered)
    }),
    less("wake_ups_a_delivery", "server wake-ups a delivery", "wake-ups", |_, run| {
        quotient(run.cpu.server_wake_ups as f64, run.requests.delivered)
    }),
    less("memory_process_a_client", "memory a client, process", "octets", |of, run| {
        let (before, after) = (run.memory.resident_before, run.memory.resident_after);
        (after > 0).then(|| quotient(after as f64 - before as f64, u64::from(of.audience)))?
    }),
    less("memory_kernel_a_client", "memory a client, kernel's buffers", "octets", |of, run| {
        let measured = run.memory.resident_after > 0;
        measured.then(|| quotient(run.memory.kernel_buffers as f64, u64::from(of.audience)))?
    }),
    less("idle_octets_a_client_second", "idle: octets a client and second", "octets", |_, run| {
        run.idle.as_ref().map(|of| of.octets_a_client_second)
    }),
    less("idle_segments_a_client_second", "idle: segments a client and second", "segments", |_, run| {
        run.idle.as_ref().map(|of| of.segments_a_client_second)
    }),
    less("idle_wake_ups_a_second", "idle: wake-ups a second, all clients", "wake-ups", |_, run| {
        run.idle.as_ref().map(|of| of.wake_ups_a_second)
    }),
    less("idle_cpu_us_a_second", "idle: server CPU a second, all clients", "µs", |_, run| {
        run.idle.as_ref().map(|of| of.cpu_us_a_second)
    }),
    less("recovery_detection_p50_us", "from fault to noticing, median", "µs", |_, run| {
        run.recovery.as_ref().and_then(|of| time(&of.detection, |of| of.p50_us as f64))
    }),
    less("recovery_reconnecting_p50_us", "from noticing to following, median", "µs", |_, run| {
        run.recovery.as_ref().and_then(|of| time(&of.reconnecting, |of| of.p50_us as f64))
    }),
    less(
        "recovery_first_message_p50_us",
        "from the fault's end to the first message, median",
        "µs",
        |_, run| run.recovery.as_ref().and_then(|of| time(&of.first_message, |of| of.p50_us as f64)),
    ),
    less("recovery_attempts_a_client", "attempts to connect a client", "attempts", |of, run| {
        run.recovery.as_ref().and_then(|it| quotient(it.attempts as f64, u64::from(of.audience)))
    }),
    less("slow_resident_peak", "slow reader: the process's memory at most", "octets", |_, run| {
        run.slow_reader.as_ref().map(|of| of.resident_peak as f64)
    }),
    less("slow_kernel_peak", "slow reader: the kernel's memory at most", "octets", |_, run| {
        run.slow_reader.as_ref().map(|of| of.kernel_peak as f64)
    }),
    less("slow_dropped_after_s", "slow reader: dropped after", "s", |_, run| {
        run.slow_reader.as_ref().and_then(|of| of.dropped_after_s)
    }),
    Definition {
        name: "capacity_clients",
        title: "clients within the bound",
        unit: "clients",
        better: Better::More,
        of: |_, run| run.capacity_clients.map(f64::from),
    },
];

impl Direction {
    /// All layers together: what a network would carry.
    pub fn sum(&self) -> u64 {
        self.payload + self.envelope + self.framing + self.fields + self.tls + self.tcp_ip
    }
}
