//! Track files: what the steps of a transport are. [README](../README.md) says how to write one.

use std::{
    collections::BTreeMap,
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    checks::{self, Check},
    regions::RegionError,
    source::Source,
};

/// A track: a transport, built step by step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Its name, that of the transport.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The crate whose `src` is the frame, such as `crates/raw-websocket`; also the name of the starter's folder.
    #[serde(rename = "crate")]
    pub from: PathBuf,
    /// Other crates of the repository that the learner writes in, such as `crates/message-store`. Tracks share them: a
    /// region of theirs that no step of this track has stays as it is.
    #[serde(default)]
    pub with: Vec<PathBuf>,
    /// Files outside of the crate that have regions too, such as `web/transports/websocket.js`.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// The command that runs a learner's program instead of cargo, such as `["node", "server.js"]`.
    #[serde(default)]
    pub run: Vec<String>,
    /// Its steps, in their order.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// A step of a track.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name: progress is kept by it.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// Where to read first.
    pub read: String,
    /// What there is to do, in two or three lines.
    pub task: String,
    /// The checks that it must pass, in the order they run.
    pub checks: Vec<String>,
    /// What its first check says of the starter.
    pub starter_says: String,
    /// What the learner writes.
    #[serde(rename = "region")]
    pub regions: Vec<Hole>,
    /// Hints: the first whose `when` the failure has, else the first without.
    #[serde(rename = "hint")]
    pub hints: Vec<Hint>,
}

/// A region that a learner writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hole {
    /// The name of the region.
    pub name: String,
    /// What is to be written, in one line.
    pub todo: String,
    /// What stands there instead until then; without it a `todo!` that says the step, in JavaScript an
    /// `Error`.
    pub stub: Option<String>,
}

/// A hint in three levels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// Words of the failure that it is for.
    pub when: Option<String>,
    /// From a nudge to nearly the answer.
    pub levels: [String; 3],
}

/// Why a track cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrackError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The track file is not as it should be.
    #[error("{}: {error}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// Markers are not as they should be, or not what the track names.
    #[error(transparent)]
    Region(#[from] RegionError),
    /// A rule that the track breaks.
    #[error("{}: {what}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// What must be.
        what: String,
    },
}

impl Track {
    /// Reads a track file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is not as it should be.
    pub fn read(path: &Path) -> Result<Self, TrackError> {
        let text =
            fs::read_to_string(path).map_err(|error| TrackError::Read { path: path.to_owned(), error })?;
        toml::from_str(&text)
            .map_err(|error| TrackError::Syntax { path: path.to_owned(), error: Box::new(error) })
    }

    /// The step of this number, counted from 1.
    pub fn step(&self, number: usize) -> Option<&Step> {
        self.steps.get(number.checked_sub(1)?)
    }

    /// The number of the step that is called so, or has this number.
    pub fn number_of(&self, name: &str) -> Option<usize> {
        let by_name = self.steps.iter().position(|step| step.name == name).map(|at| at + 1);
        by_name.or_else(|| name.parse().ok().filter(|number| self.step(*number).is_some()))
    }

    /// The checks of these steps, in their order, with the numbers of the steps.
    pub fn checks(&self, steps: RangeInclusive<usize>) -> impl Iterator<Item = (usize, &'static Check)> {
        let steps = (1..).zip(&self.steps).filter(move |(number, _)| steps.contains(number));
        let ids = steps.flat_map(|(number, step)| step.checks.iter().map(move |id| (number, id)));
        ids.filter_map(|(number, id)| Some((number, checks::find(&self.name, id)?)))
    }

    /// The step of a region, and what the track says of it.
    pub fn hole(&self, region: &str) -> Option<(usize, &Hole)> {
        (1..).zip(&self.steps).find_map(|(number, step)| {
            step.regions.iter().find(|hole| hole.name == region).map(|hole| (number, hole))
        })
    }

    /// What stands in a region that is not written yet.
    ///
    /// `path` is the file that it is in: the language.
    pub fn stub(&self, number: usize, hole: &Hole, path: &Path) -> String {
        let todo = format!("{}/{number}: {}", self.name, hole.todo);
        match &hole.stub {
            Some(stub) => stub.clone(),
            None if path.extension().is_some_and(|kind| kind == "js") => {
                format!("throw new Error(\"not yet implemented: {todo}\");")
            }
            None => format!("todo!(\"{todo}\")"),
        }
    }

    /// Judges the track against the source: every region of either is in the other, once, and every step is checked.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the file and the line where there is one.
    pub fn judge(&self, path: &Path, source: &Source) -> Result<(), TrackError> {
        let fail = |what| Err(TrackError::Rule { path: path.to_owned(), what });
        let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
        for file in &source.files {
            for region in &file.regions {
                let unknown = |what| RegionError { path: file.path.clone(), line: region.line, what };
                let is_shared = self.with.iter().any(|shared| file.path.starts_with(shared));
                if self.hole(&region.name).is_none() {
                    if is_shared {
                        continue;
                    }
                    return Err(
                        unknown(format!("no step of {} has the region {}", self.name, region.name)).into()
                    );
                }
                if let Some(first) = seen.insert(&region.name, &file.path) {
                    let what = format!("the region {} is in {} already", region.name, first.display());
                    return Err(unknown(what).into());
                }
            }
        }
        let mut named: Vec<&str> = Vec::new();
        for step in &self.steps {
            if step.checks.is_empty() {
                return fail(format!("the regions of the step {} must have a check", step.name));
            }
            for hole in &step.regions {
                if !seen.contains_key(&*hole.name) {
                    return fail(format!("the region {} of the step {} is in no file", hole.name, step.name));
                }
                if named.contains(&&*hole.name) {
                    return fail(format!("the region {} is in two steps", hole.name));
                }
                named.push(&hole.name);
            }
            if let Some(check) = step.checks.iter().find(|id| checks::find(&self.name, id).is_none()) {
                return fail(format!("the check {check} of the step {} is unknown", step.name));
            }
            if !step.hints.iter().any(|hint| hint.when.is_none()) {
                return fail(format!("the step {} must have a hint without `when`", step.name));
            }
        }
        Ok(())
    }
}
