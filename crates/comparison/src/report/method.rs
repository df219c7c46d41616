//! The faults of published comparisons by name, and what this record has against each: its own words and counts.
//!
//! Nothing here is said that the record does not show; where it shows a fault, the answer is that fault.

use std::collections::BTreeMap;

use super::words;
use crate::record::{Kind, Question, Record, Run, Subject};

/// A fault, and the answer of the record.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The fault's name.
    pub fault: &'static str,
    /// The answer, in sentences.
    pub answer: String,
}

/// The answer to each fault.
pub fn answers(record: &Record) -> Vec<Answer> {
    let method = &record.method;
    let answer = |fault, answer: String| Answer { fault, answer };
    vec![
        answer("best of n", best(record)),
        answer("one run", repetitions(record)),
        answer("mean without distribution", distributions(record)),
        answer("closed loop", said(&method.arrivals)),
        answer("slow client", slow_client(record)),
        answer("coarse clock", said(&method.clock)),
        answer("unsynchronised clocks", said(&method.clock)),
        answer("counting only what a browser shows", layers(record)),
        answer("a new connection for each poll", said(&method.client)),
        answer("other JSON, heartbeat, compression or buffers", same_settings(record)),
        answer("policy reported as protocol", policy(record)),
        answer("memory without the kernel’s", kernel_memory(record)),
        answer("debug builds", builds(record)),
        answer("TLS on one side only", tls(record)),
        answer("warm-up counted", warm_up(record)),
        answer("an order that favours one", said(&method.order)),
        answer("server and load in one process", said(&method.processes)),
    ]
}

fn runs(record: &Record) -> impl Iterator<Item = &Run> {
    record.cases.iter().flat_map(|case| &case.runs)
}

/// The record's own words, as a sentence.
fn said(text: &str) -> String {
    let mut letters = text.trim().trim_end_matches('.').chars();
    match letters.next() {
        None => "The record does not say.".to_owned(),
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
    }
}

fn measured(record: &Record) -> impl Iterator<Item = &Subject> {
    record.subjects.iter().filter(|subject| subject.left_out.is_none())
}

fn best(record: &Record) -> String {
    let interval = match record.method.interval.trim().trim_end_matches('.') {
        "" => "of which the record does not say how it was made",
        interval => interval,
    };
    let runs = words::count(runs(record).count(), "run", "runs");
    format!(
        "Each figure is a median with its interval, {interval}. Of {runs} none is left out: all are in the record."
    )
}

fn repetitions(record: &Record) -> String {
    let counts: Vec<_> = record.cases.iter().map(|case| case.runs.len()).filter(|runs| *runs > 0).collect();
    let (least, most) =
        (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    let once = counts.iter().filter(|runs| **runs == 1).count();
    let single = match once {
        0 => String::new(),
        some => format!(
            " {some} of {} cases were measured once: they have no interval, and say “one run”.",
            counts.len()
        ),
    };
    format!("Cases were measured {least} to {most} times, each with a fresh server and a fresh load.{single}")
}

fn distributions(record: &Record) -> String {
    let deliveries =
        record.cases.iter().filter(|case| case.question == Question::Delivery).flat_map(|case| &case.runs);
    let (with, without): (Vec<_>, Vec<_>) = deliveries.partition(|run| !run.delivery.buckets.is_empty());
    let rest = match without.len() {
        0 => String::new(),
        some => format!(" {some} have none."),
    };
    format!(
        "The delivery times of {} are kept whole, in histograms of {} significant digits, beside this report.{rest}",
        words::count(with.len(), "run", "runs"),
        record.method.histogram_digits
    )
}

fn slow_client(record: &Record) -> String {
    let lag = runs(record).map(|run| run.load.lag.p99_us).max().unwrap_or(0);
    let cpu = runs(record).map(|run| run.load.cpu).fold(0.0, f64::max);
    let relay = runs(record).map(|run| run.load.relay_cpu).fold(0.0, f64::max);
    let limited = runs(record).filter(|run| run.load.limited).count();
    format!(
        "The load measures itself and the relay. Its 99th percentile was at most {} late for its own times, it took at most \
         {} % of a core, and a relay {} %; the limits are {} and {} %, and {} above one of them.",
        words::value(lag as f64, "µs"),
        words::digits(cpu * 100.0),
        words::digits(relay * 100.0),
        words::value(record.method.lag_limit_us as f64, "µs"),
        words::exact(record.method.load_cpu_limit * 100.0),
        words::count(limited, "run was", "runs were"),
    )
}

fn layers(record: &Record) -> String {
    let (counted, not): (Vec<_>, Vec<_>) =
        runs(record).filter(|run| run.octets.messages > 0).partition(|run| run.octets.segments_counted);
    format!(
        "Octets of one client of the audience are counted at its sockets, by layer, both ways. TCP and IP are computed from \
         the kernel’s count of segments in {}, and missing in {}; a segment of loopback may be larger than a network’s.",
        words::count(counted.len(), "run", "runs"),
        not.len()
    )
}

/// Settings by name: who has which value.
pub fn settings(record: &Record) -> BTreeMap<&str, BTreeMap<&str, Vec<&Subject>>> {
    let mut by_name: BTreeMap<&str, BTreeMap<&str, Vec<&Subject>>> = BTreeMap::new();
    for subject in measured(record).filter(|subject| subject.kind != Kind::Control) {
        for (name, value) in &subject.settings {
            by_name.entry(name).or_default().entry(value).or_default().push(subject);
        }
    }
    by_name
}

fn same_settings(record: &Record) -> String {
    let settings = settings(record);
    let all = measured(record).filter(|subject| subject.kind != Kind::Control).count();
    let told =
        ["envelope", "heartbeat", "compression", "buffers", "nodelay", "history"].map(|name| match settings
            .get(name)
        {
            None => format!("{name}: the record does not say"),
            Some(values) => {
                let who: usize = values.values().map(Vec::len).sum();
                let (value, alike) = (values.keys().next().copied().unwrap_or_default(), values.len() == 1);
                match (alike, all - who) {
                    (true, 0) => format!("{name}: alike ({value})"),
                    (true, silent) => format!("{name}: {value}; of {silent} the record does not say"),
                    (false, 0) => format!("{name}: {} kinds, in the table of settings", values.len()),
                    (false, silent) => {
                        format!(
                            "{name}: {} kinds, in the table of settings; of {silent} the record does not say",
                            values.len()
                        )
                    }
                }
            }
        });
    format!("What is not alike is shown. {}.", told.join(". "))
}

fn policy(record: &Record) -> String {
    let mut pauses: Vec<_> = record.cases.iter().filter_map(|case| case.parameters.pause_s).collect();
    pauses.sort_by(f64::total_cmp);
    pauses.dedup();
    let pauses: Vec<_> = pauses.into_iter().map(|pause| format!("{} s", words::exact(pause))).collect();
    let polling = match pauses.len() {
        0 => "No polling client was measured.".to_owned(),
        _ => format!(
            "How late polling is follows from its pause, which is {} here and could be another; theory’s line says what \
             another would give.",
            words::list(&pauses)
        ),
    };
    format!(
        "{polling} Settings that a server chooses stand in the table of settings, not in what is said of a protocol."
    )
}

fn kernel_memory(record: &Record) -> String {
    let with = || runs(record).filter(|run| run.memory.resident_after > 0);
    let structures = with().filter(|run| run.memory.kernel_structures > 0).count();
    let buffers = with().filter(|run| run.memory.kernel_buffers > 0).count();
    format!(
        "Beside the process’s resident memory stands what the kernel holds for its sockets: their buffers, measured after \
         the window, when most are empty (more than nothing in {buffers} of {}), and its own structures, as connections \
         times the sizes that its allocator has (in {structures}; it tells them only to root). Both are of the audience and \
         the posters, and are divided by the audience.",
        words::count(with().count(), "run", "runs"),
    )
}

fn builds(record: &Record) -> String {
    let settings = settings(record);
    let Some(builds) = settings.get("build") else {
        return "The record does not say how the servers were built.".to_owned();
    };
    let each = builds
        .iter()
        .map(|(build, who)| format!("“{build}” for {}", words::count(who.len(), "server", "servers")));
    let load =
        record.versions.get("profile").map_or(String::new(), |profile| format!(" The load: {profile}."));
    format!("{}.{load}", each.collect::<Vec<_>>().join("; "))
}

fn tls(record: &Record) -> String {
    let has = |subject: &Subject, tls| {
        record.cases.iter().any(|case| {
            case.parameters.subject == subject.name && case.parameters.tls == tls && !case.runs.is_empty()
        })
    };
    let names = |wanted: (bool, bool)| {
        let own = measured(record).filter(|subject| subject.kind != Kind::Control);
        let of = own.filter(|subject| (has(subject, false), has(subject, true)) == wanted);
        of.map(|subject| subject.title.clone()).collect::<Vec<_>>()
    };
    let (only_tls, both, none) = (names((false, true)), names((true, true)), names((true, false)));
    let part = |who: &[String], what: &str| {
        if who.is_empty() { String::new() } else { format!("{what}: {}. ", words::list(who)) }
    };
    if both.is_empty() && only_tls.is_empty() {
        return "No server spoke TLS.".to_owned();
    }
    let text = [
        part(&none, "Without TLS"),
        part(&both, "Once without and once with TLS, told apart by name"),
        part(&only_tls, "Only with TLS"),
    ]
    .concat();
    let warning = if only_tls.is_empty() || (none.is_empty() && both.is_empty()) {
        ""
    } else {
        "The figures of those that have only TLS include it, those of the others do not: compare them with care."
    };
    format!("{text}{warning}")
}

fn warm_up(record: &Record) -> String {
    let deliveries = record.cases.iter().filter(|case| case.question == Question::Delivery);
    let times = deliveries.map(|case| case.parameters.warm_up_s).filter(|time| time.is_finite());
    let least = times.fold(f64::INFINITY, f64::min);
    if least.is_finite() {
        format!(
            "At least {} s of each delivery run were thrown away before anything was counted. What is compiled while it runs, as \
             Node’s servers are, may get faster still: the full size warms up for longer.",
            words::exact(least)
        )
    } else {
        "No delivery was measured.".to_owned()
    }
}
