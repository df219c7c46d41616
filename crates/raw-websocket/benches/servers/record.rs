//! What a run leaves: a Markdown table for who ran it, and a record of everything.

use std::{
    collections::BTreeMap,
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::{
    Outcome,
    cases::{CASES, Extent, Measured, PEERS},
    child::target_folder,
    machine::Machine,
    options::Options,
};

/// What is measured beside our own, as Cargo.lock names it.
const CRATES: [&str; 3] = ["fastwebsockets", "tokio", "tokio-tungstenite"];

#[derive(Serialize)]
pub(crate) struct Record {
    /// Seconds since the Unix epoch.
    time: u64,
    machine: Machine,
    pub(crate) versions: BTreeMap<String, String>,
    rounds: usize,
    seconds: f64,
    idle_connections: usize,
    placement: String,
    /// Servers that could not be measured, and why.
    pub(crate) left_out: BTreeMap<String, String>,
    summary: Vec<Summary>,
    pub(crate) runs: Vec<Run>,
}

/// One measurement.
#[derive(Serialize)]
pub(crate) struct Run {
    pub(crate) round: usize,
    pub(crate) case: &'static str,
    pub(crate) server: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) measured: Option<Measured>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// All rounds of one case and server.
#[derive(Serialize)]
struct Summary {
    case: &'static str,
    server: &'static str,
    base: &'static str,
    rounds: usize,
    /// The median of the figures.
    figure: f64,
    /// Of the ratios to the base, each taken within a round: median, least and most. `None`: there is no base.
    ratio: Option<[f64; 3]>,
    /// The median of what other processes took, in percent of a core.
    other_cpu_percent: f64,
}

impl Record {
    pub(crate) fn begin(options: &Options, extent: Extent) -> Outcome<Self> {
        Ok(Self {
            time: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
            machine: Machine::describe(),
            versions: versions()?,
            rounds: options.rounds,
            seconds: extent.time.as_secs_f64(),
            idle_connections: extent.idle_connections,
            placement: options.pin.describe(),
            left_out: BTreeMap::new(),
            summary: Vec::new(),
            runs: Vec::new(),
        })
    }

    /// Writes the record and prints the table.
    ///
    /// # Errors
    /// A measurement failed.
    pub(crate) fn finish(mut self) -> Outcome<()> {
        for case in &CASES {
            let servers = PEERS.iter().filter_map(|peer| self.summary(case.name, peer.name, case.base));
            self.summary.extend(servers.collect::<Vec<_>>());
        }
        let folder = target_folder()?.join("bench");
        fs::create_dir_all(&folder)?;
        let file = folder.join("servers.json");
        fs::write(&file, serde_json::to_string_pretty(&self)? + "\n")?;
        println!("{}", self.table());
        eprintln!("all of it: {}", file.display());
        let failed = self.runs.iter().filter(|run| run.error.is_some()).count();
        if failed > 0 {
            return Err(format!("{failed} measurements failed").into());
        }
        Ok(())
    }

    fn measured<'a>(&'a self, case: &'a str, server: &'a str) -> impl Iterator<Item = (usize, &'a Measured)> {
        let runs = self.runs.iter().filter(move |run| (run.case, run.server) == (case, server));
        runs.filter_map(|run| Some((run.round, run.measured.as_ref()?)))
    }

    fn summary(&self, case: &'static str, server: &'static str, base: &'static str) -> Option<Summary> {
        let measured = || self.measured(case, server);
        let mut ratios = Vec::new();
        for (round, measured) in measured() {
            let base = self.measured(case, base).find(|(of, _)| *of == round);
            ratios.extend(base.map(|(_, base)| measured.figure / base.figure));
        }
        let least = ratios.iter().copied().reduce(f64::min);
        let most = ratios.iter().copied().reduce(f64::max);
        Some(Summary {
            case,
            server,
            base,
            rounds: measured().count(),
            figure: median(measured().map(|(_, measured)| measured.figure).collect())?,
            ratio: median(ratios).zip(least).zip(most).map(|((median, least), most)| [median, least, most]),
            other_cpu_percent: median(measured().map(|(_, measured)| measured.other_cpu_percent).collect())?,
        })
    }

    /// A row a server, a column a case: the figure, and the ratio to the base.
    fn table(&self) -> String {
        let cases: Vec<_> = CASES
            .iter()
            .map(|case| case.name)
            .filter(|case| self.summary.iter().any(|of| of.case == *case))
            .collect();
        let mut table =
            format!("| server | {} |\n|{}\n", cases.join(" | "), " --- |".repeat(cases.len() + 1));
        for peer in &PEERS {
            let cells: Vec<_> = cases.iter().map(|case| self.cell(case, peer.name)).collect();
            if cells.iter().any(|cell| cell != "–") {
                table += &format!("| {} | {} |\n", peer.name, cells.join(" | "));
            }
        }
        table
            + "\nServer CPU in µs a delivery or a handshake; octets an idle connection. In brackets: times the floor."
    }

    fn cell(&self, case: &str, server: &str) -> String {
        let summary = self.summary.iter().find(|of| (of.case, of.server) == (case, server));
        let Some(summary) = summary else { return "–".to_owned() };
        let figure = summary.figure;
        let figure = if figure < 100.0 { format!("{figure:.2}") } else { format!("{figure:.0}") };
        match summary.ratio {
            Some([median, ..]) if case != "idle" => format!("{figure} ({median:.2})"),
            _ => figure,
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[middle - 1], upper) })
}

/// The versions of the crates that are measured, from Cargo.lock.
fn versions() -> Outcome<BTreeMap<String, String>> {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"))?;
    let mut versions = BTreeMap::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let quoted = |line: &str, name: &str| Some(line.strip_prefix(name)?.trim_matches('"').to_owned());
        if let Some(name) = quoted(line, "name = ")
            && CRATES.contains(&&*name)
            && let Some(version) = lines.next().and_then(|line| quoted(line, "version = "))
        {
            versions.insert(name, version);
        }
    }
    Ok(versions)
}
