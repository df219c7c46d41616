//! What figures are called, for people: a title for each name, and which way of it is better.

/// A figure's name, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in [`crate::record::Case::figures`].
    pub name: &'static str,
    /// What it is: the words of a table's head.
    pub title: &'static str,
    /// Which way is better.
    pub better: Better,
}

/// Which way of a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better: nearly all.
    Less,
    /// More is better: how many clients are served.
    More,
    /// Neither: it says what was done, or how the load was, rather than what a server costs.
    Neither,
}

/// Every figure that has a title, in the order of tables.
pub const CATALOGUE: &[Entry] = &[
    less("delivery_p50_us", "delivery, median"),
    less("delivery_mean_us", "delivery, mean"),
    less("delivery_p90_us", "delivery, 90 %"),
    less("delivery_p99_us", "delivery, 99 %"),
    less("delivery_p999_us", "delivery, 99.9 %"),
    less("delivery_max_us", "delivery, latest"),
    less("answer_p50_us", "post to answer, median"),
    less("answer_p99_us", "post to answer, 99 %"),
    less("first_cold_p50_us", "first message, new connection"),
    less("first_warm_p50_us", "first message, open connection"),
    less("requests_a_message", "requests a message"),
    less("octets_a_message", "on the wire a message"),
    neither("down_payload_octets", "down: payload"),
    less("down_envelope_octets", "down: envelope"),
    less("down_framing_octets", "down: framing"),
    less("down_fields_octets", "down: fields"),
    less("down_tls_octets", "down: TLS"),
    less("down_tcp_ip_octets", "down: TCP and IP"),
    less("up_framing_octets", "up: framing"),
    less("up_fields_octets", "up: fields"),
    less("up_tls_octets", "up: TLS"),
    less("up_tcp_ip_octets", "up: TCP and IP"),
    less("cpu_us_a_delivery", "server CPU a delivery"),
    less("wake_ups_a_delivery", "server wake-ups a delivery"),
    less("resident_octets_a_client", "memory a client, process"),
    less("kernel_octets_a_client", "memory a client, kernel"),
    less("idle_octets_a_client_second", "idle: on the wire a client and second"),
    less("idle_segments_a_client_second", "idle: segments a client and second"),
    less("idle_wake_ups_a_second", "idle: wake-ups a second, all clients"),
    less("idle_cpu_us_a_second", "idle: server CPU a second, all clients"),
    less("detection_p50_us", "from the fault to noticing it"),
    less("reconnecting_p50_us", "from noticing to following"),
    less("first_message_p50_us", "from the fault’s end to a message"),
    less("first_message_max_us", "from the fault’s end to a message, latest"),
    less("slow_resident_peak_octets", "slow reader: process at most"),
    less("slow_kernel_peak_octets", "slow reader: kernel at most"),
    Entry { name: "capacity_clients", title: "clients in time", better: Better::More },
    neither("load_lag_p99_us", "load: late by, 99 %"),
    neither("load_cpu", "load: processor"),
];

const fn less(name: &'static str, title: &'static str) -> Entry {
    Entry { name, title, better: Better::Less }
}

const fn neither(name: &'static str, title: &'static str) -> Entry {
    Entry { name, title, better: Better::Neither }
}

/// What a figure is, by its name; `None` for one that is not known here.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

/// A figure's title, or its name where it has none.
pub fn title(name: &str) -> &str {
    find(name).map_or(name, |entry| entry.title)
}

/// Its place in tables; what is not known comes last.
pub fn order(name: &str) -> usize {
    CATALOGUE.iter().position(|entry| entry.name == name).unwrap_or(CATALOGUE.len())
}
