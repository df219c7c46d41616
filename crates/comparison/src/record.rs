//! The record of a comparison: all that was set, measured and concluded, as one JSON document.
//!
//! These types are the format; `schema.json` is made from them and from their documentation (`comparison schema`).
//! Times are in seconds or microseconds, sizes in octets; a field's name ends with its unit where it has one.
//!
//! - this file: the whole, the machine, the method, who was measured
//! - [`case`]: a case with its parameters, its runs and what they come to
//! - [`run`]: what one run measured
//! - [`histogram`]: distributions, in buckets that any program can read

use std::{collections::BTreeMap, fs, io, path::Path};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod case;
pub mod histogram;
pub mod run;

pub use case::{Case, Expected, Figure, Parameters, Question};
pub use histogram::{Bucket, Histogram};
pub use run::{Accounting, Cpu, Direction, Idle, Load, Memory, Octets, Recovery, Requests, Run, SlowReader};

/// What [`Record::format`] says. A change that breaks readers counts it up; new optional fields do not.
pub const FORMAT: &str = "crosstalk-comparison/1";

/// A comparison, whole or stopped half-way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Crosstalk comparison record")]
pub struct Record {
    /// Always `crosstalk-comparison/1`.
    pub format: String,
    /// When it began: UTC, RFC 3339, to the second.
    pub begun: String,
    /// How long it took (s).
    pub seconds: f64,
    /// False if it was stopped before all runs were made; what was made is here.
    pub complete: bool,
    /// How much of the plan was asked for.
    pub size: Size,
    /// Names that subjects and cases had to contain, as given by `--only`; empty: all.
    pub only: Vec<String>,
    /// The seed of the order of runs and of all arrivals: the same seed gives the same plan.
    pub seed: u32,
    /// Where it was measured.
    pub machine: Machine,
    /// Versions by name: `comparison`, `commit`, `rustc`, `node`, and each peer's package.
    pub versions: BTreeMap<String, String>,
    /// How it was measured.
    pub method: Method,
    /// Who was measured, those left out included, in the order reports show them.
    pub subjects: Vec<Subject>,
    /// What was measured, in the order of the plan.
    pub cases: Vec<Case>,
    /// The A/A control: a subject against itself under another name. Every `differs` should be false.
    pub control: Vec<Control>,
    /// What makes the comparison fail; empty when all is well.
    pub failures: Vec<Failure>,
    /// What a reader must know beside: what was left out and why, what makes the figures doubtful.
    pub notes: Vec<String>,
}

/// How much of the plan a comparison does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// Within two minutes: a look, not a measurement.
    Quick,
    /// Within fifteen minutes.
    Default,
    /// All rates, audiences and delays, as long as it takes.
    Full,
}

/// Where a comparison was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// Cores that the program may use.
    pub cores: usize,
    /// Main memory (octets).
    pub memory_octets: u64,
    /// The operating system's name and version.
    pub os: String,
    /// The kernel's release.
    pub kernel: String,
    /// The hypervisor as the processor tells it, or `none`.
    pub hypervisor: String,
    /// The frequency governor of core 0, or `unknown`.
    pub governor: String,
    /// Processes that wanted to run, mean over the minute before it began. Above 0.2 a core, timings are doubtful.
    pub load_average: f64,
}

/// How a comparison was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    /// How posts come: open loop, the times they are due drawn beforehand.
    pub arrivals: String,
    /// Which clock, its resolution, and why no two clocks are compared.
    pub clock: String,
    /// How runs were ordered.
    pub order: String,
    /// Which processes there are and what they share.
    pub processes: String,
    /// How intervals were made of repetitions.
    pub interval: String,
    /// How delays were made: `none`, `relay` (above TCP, by this program) or `netem` (below TCP, by the kernel).
    pub delay: Delay,
    /// The client's side: one code for all subjects, what it does and leaves out.
    pub client: String,
    /// Significant decimal digits of the histograms.
    pub histogram_digits: u8,
    /// A run whose load was later than this at its 99th percentile is flagged `limited` (µs).
    pub lag_limit_us: u64,
    /// A run whose load took more than this part of a core is flagged `limited` (0 to 1).
    pub load_cpu_limit: f64,
    /// A figure whose measured value leaves its expectation by more than this part is flagged (0 to 1).
    pub theory_tolerance: f64,
}

/// How delays were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Delay {
    /// No case had one.
    None,
    /// By the project's relay in a process of its own: it holds each octet back, both ways, and the first ones of a
    /// connection for a round trip more, as TCP's handshake would. No packet is lost.
    Relay,
    /// By `tc netem` between two network namespaces.
    Netem,
}

/// Who is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Its name in cases and on the command line, such as `long-polling` or `npm-ws`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is in the comparison.
    pub kind: Kind,
    /// How it is followed.
    pub transport: Transport,
    /// What it is made of, with versions.
    pub made_of: String,
    /// The command that starts it, as a line for a shell at the root of the repository.
    pub command: String,
    /// Why it was left out; absent if it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Every setting that differs between subjects, by name: `tls`, `compression`, `heartbeat`, `nodelay`, `history`,
    /// `envelope`, `pause` …
    pub settings: BTreeMap<String, String>,
}

/// What a subject is in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One of the project's transports.
    House,
    /// A server that people would use instead.
    Peer,
    /// A server that does nothing but send: what the kernel asks for.
    Floor,
    /// A house subject again, under another name: the A/A control.
    Control,
    /// Broken on purpose, for tests of the comparison.
    Broken,
}

/// How a subject is followed, and so which client speaks to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// `GET /messages?after=` with `if-none-match`, answered at once, asked again after a pause.
    Polling,
    /// `GET /messages?after=`, answered when there is news.
    LongPolling,
    /// One HTTP/2 response that does not end.
    Http2Streaming,
    /// RFC 6455.
    Websocket,
    /// Socket.IO (Engine.IO 4) over a WebSocket.
    SocketIoWebsocket,
    /// Socket.IO (Engine.IO 4) over long polling.
    SocketIoPolling,
    /// The course's polling: `GET /poll` answers with all that is kept.
    CoursePolling,
    /// The course's HTTP/2 stream: every message sends all that is kept.
    CourseHttp2,
}

/// One figure of the A/A control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// The case of the subject under its own name.
    pub case: String,
    /// The same case under the other name.
    pub again: String,
    /// The figure's name, as in [`Case::figures`].
    pub figure: String,
    /// True if the two intervals have nothing in common.
    pub differs: bool,
}

/// Something that must never happen, and did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The subject at fault.
    pub subject: String,
    /// The case.
    pub case: String,
    /// The repetition, from 0.
    pub repetition: u32,
    /// What happened, as a sentence with its numbers.
    pub what: String,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not a record, or is one of another format.
    pub fn read(path: &Path) -> io::Result<Self> {
        let invalid = |error: String| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
        };
        let record: Self =
            serde_json::from_slice(&fs::read(path)?).map_err(|error| invalid(error.to_string()))?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(invalid(format!("the format is {:?}, and this program reads {FORMAT:?}", record.format)))
        }
    }

    /// Writes the record, all of it or nothing: beside the old one first, then in its place.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let unfinished = path.with_extension("json.part");
        let mut json = serde_json::to_vec(self)?;
        json.push(b'\n');
        fs::write(&unfinished, json)?;
        fs::rename(&unfinished, path)
    }

    /// The JSON Schema of a record, as `schema.json` has it.
    pub fn schema() -> String {
        let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(Self)).unwrap_or_default();
        schema.push('\n');
        schema
    }
}
