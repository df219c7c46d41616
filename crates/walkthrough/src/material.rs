//! What directives show, read from the repository: tracks with their regions, checks, mistakes and recordings;
//! diagrams.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use maud::Markup;
use serde::Deserialize;

use crate::{
    code::{self, Language},
    conversation::Piece,
    figures,
    plan::Plans,
};

/// Where tracks are, in the repository.
const TRACKS: &str = "crates/workshop/tracks";

/// A file that cannot be used, and why.
pub(crate) type Unusable = (PathBuf, String);

/// A track of the workshop, as far as pages show it.
#[derive(Debug, Deserialize)]
pub(crate) struct Track {
    pub(crate) name: String,
    #[serde(rename = "crate")]
    from: PathBuf,
    #[serde(default)]
    files: Vec<PathBuf>,
    #[serde(default)]
    with: Vec<PathBuf>,
    #[serde(rename = "step")]
    pub(crate) steps: Vec<Step>,
    #[serde(skip)]
    pub(crate) excerpts: BTreeMap<String, Excerpt>,
    #[serde(skip)]
    checks: BTreeMap<String, Check>,
    #[serde(skip)]
    mistakes: Vec<Mistake>,
    #[serde(skip)]
    recordings: BTreeMap<String, Vec<Piece>>,
}

/// A step of a track.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) minutes: u32,
    pub(crate) read: String,
    pub(crate) task: String,
    pub(crate) checks: Vec<String>,
    #[serde(rename = "region")]
    pub(crate) regions: Vec<Hole>,
}

/// A region that a step names.
#[derive(Debug, Deserialize)]
pub(crate) struct Hole {
    pub(crate) name: String,
}

/// What a check holds a program to.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) rfc: String,
}

/// What people get wrong.
#[derive(Debug, Deserialize)]
pub(crate) struct Mistake {
    pub(crate) what: String,
    pub(crate) caught_by: String,
    pub(crate) says: String,
}

#[derive(Deserialize)]
struct Mistakes {
    mistake: Vec<Mistake>,
}

/// A region as it is in the checkout.
#[derive(Debug)]
pub(crate) struct Excerpt {
    /// From the root of the repository.
    pub(crate) path: String,
    /// The line of its first octet.
    pub(crate) line: usize,
    /// In colours, without the white space that all its lines begin with.
    pub(crate) code: Markup,
}

/// Everything that directives may name.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) root: PathBuf,
    pub(crate) tracks: Vec<Track>,
    /// What is taught within the time that there is.
    pub(crate) plans: Plans,
    /// What was read.
    pub(crate) inputs: Vec<PathBuf>,
}

impl Material {
    /// Reads it from the repository at `root`.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read, or is not as it should be.
    pub(crate) fn read(root: &Path) -> Result<Self, Unusable> {
        let fixed = ["web/walkthrough", "crates/workshop", "README.md"].map(|path| root.join(path));
        let mut material = Self {
            root: root.to_owned(),
            tracks: Vec::new(),
            plans: Plans::read(root)?,
            inputs: fixed.to_vec(),
        };
        for path in listed(&root.join(TRACKS), "toml")? {
            let mut track: Track =
                toml::from_str(&text(&path)?).map_err(|error| (path.clone(), error.to_string()))?;
            material.complete(&mut track)?;
            material.inputs.extend(track.folders().map(|folder| root.join(folder)));
            material.inputs.extend(track.files.iter().map(|file| root.join(file)));
            material.tracks.push(track);
        }
        material.inputs.extend(figures::inputs(root));
        Ok(material)
    }

    fn complete(&self, track: &mut Track) -> Result<(), Unusable> {
        let workshop = self.root.join("crates/workshop");
        let path = workshop.join("mistakes").join(format!("{}.toml", track.name));
        let mistakes: Mistakes = toml::from_str(&text(&path)?).map_err(|error| (path, error.to_string()))?;
        track.mistakes = mistakes.mistake;
        let path = workshop.join("recordings").join(format!("{}.json", track.name));
        track.recordings = serde_json::from_str(&text(&path)?).map_err(|error| (path, error.to_string()))?;
        let path = workshop.join("src/checks").join(format!("{}.rs", track.name.replace('-', "_")));
        track.checks = checks_of(&text(&path)?);
        let mut files = Vec::new();
        for folder in track.folders() {
            files.extend(listed(&self.root.join(folder), "rs")?);
        }
        files.extend(track.files.iter().map(|file| self.root.join(file)));
        for file in files {
            let text = text(&file)?;
            let parsed = regions::parse(&file, &text).map_err(|error| (file.clone(), error.to_string()))?;
            // A crate that several tracks share has regions of the others too.
            let named: Vec<_> = parsed.into_iter().filter(|region| track.names(&region.name)).collect();
            if named.is_empty() {
                continue;
            }
            let path = file.strip_prefix(&self.root).unwrap_or(&file).to_string_lossy().into_owned();
            let tokens = code::tokens(&text, Language::of(&path)).map_err(|error| (file.clone(), error))?;
            for region in named {
                let code = code::excerpt(&tokens, &(region.start..region.end), &region.indent);
                let excerpt = Excerpt { path: path.clone(), line: region.line + 1, code };
                track.excerpts.insert(region.name, excerpt);
            }
        }
        Ok(())
    }

    fn track(&self, name: &str) -> Result<&Track, String> {
        let names: Vec<_> = self.tracks.iter().map(|track| &*track.name).collect();
        let found = self.tracks.iter().find(|track| track.name == name);
        found.ok_or_else(|| format!("the track must be one of {}, not {name:?}", names.join(", ")))
    }

    /// The region `TRACK/REGION`.
    pub(crate) fn excerpt(&self, argument: &str) -> Result<&Excerpt, String> {
        let (track, region) = parts(argument)?;
        let found = self.track(track)?.excerpts.get(region);
        found.ok_or_else(|| format!("the track {track} must have the region {region:?}"))
    }

    /// The step `TRACK/STEP`, with its number.
    pub(crate) fn step(&self, argument: &str) -> Result<(&Track, usize, &Step), String> {
        let (track, name) = parts(argument)?;
        let track = self.track(track)?;
        let found = (1..).zip(&track.steps).find(|(_, step)| step.name == name);
        let (number, step) =
            found.ok_or_else(|| format!("the track {} must have the step {name:?}", track.name))?;
        if let Some(check) = step.checks.iter().find(|check| !track.checks.contains_key(*check)) {
            return Err(format!(
                "the check {check} of the step {name} must be in the track's list of checks"
            ));
        }
        Ok((track, number, step))
    }

    /// The recorded conversation `TRACK/CHECK`, that of its connection `TRACK/CHECK/CONNECTION`, or of its first.
    pub(crate) fn recording(&self, argument: &str) -> Result<(&Check, Vec<&Piece>), String> {
        let (track, rest) = parts(argument)?;
        let (id, asked) = rest.split_once('/').map_or((rest, None), |(id, asked)| (id, Some(asked)));
        let track = self.track(track)?;
        let check = track.checks.get(id);
        let check = check.ok_or_else(|| format!("the track {} must have the check {id:?}", track.name))?;
        let recorded = track.recordings.get(id).map(Vec::as_slice).unwrap_or_default();
        let first = recorded.first().map_or(1, |piece| piece.connection).to_string();
        let connection = asked.unwrap_or(&first);
        let pieces: Vec<_> =
            recorded.iter().filter(|piece| piece.connection.to_string() == connection).collect();
        if pieces.is_empty() {
            return Err(format!("the check {id} must have a recording of its connection {connection}"));
        }
        Ok((check, pieces))
    }

    /// The file at this path from the root, with its whole path.
    pub(crate) fn file(&self, argument: &str) -> Result<(PathBuf, String), String> {
        let is_within = Path::new(argument).components().all(|part| matches!(part, Component::Normal(_)));
        let path = self.root.join(argument);
        let text = fs::read_to_string(&path).ok().filter(|_| is_within);
        let text = text.ok_or_else(|| format!("the repository must have the file {argument:?}"))?;
        Ok((path, text))
    }

    /// The diagram of this name: SVG.
    pub(crate) fn diagram(&self, name: &str) -> Result<String, String> {
        let is_name =
            name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-');
        let path = self.root.join("web/walkthrough/diagrams").join(format!("{name}.svg"));
        let svg = fs::read_to_string(path).ok().filter(|_| is_name && !name.is_empty());
        let svg = svg.ok_or_else(|| format!("web/walkthrough/diagrams must have {name}.svg"))?;
        if !svg.trim_start().starts_with("<svg ") || !svg.contains("<title>") || svg.contains("<script") {
            return Err(format!("{name}.svg must be an <svg> with a <title> and no script"));
        }
        Ok(svg)
    }
}

impl Track {
    /// The folders whose files have regions of it.
    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        [&self.from].into_iter().chain(&self.with).map(|folder| folder.join("src"))
    }

    /// Whether a step has this region.
    fn names(&self, region: &str) -> bool {
        self.steps.iter().flat_map(|step| &step.regions).any(|hole| hole.name == region)
    }

    /// The checks of a step.
    pub(crate) fn checks_of<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Check> {
        step.checks.iter().filter_map(|id| self.checks.get(id))
    }

    /// What people get wrong in a step.
    pub(crate) fn mistakes_of<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Mistake> {
        self.mistakes.iter().filter(|mistake| step.checks.contains(&mistake.caught_by))
    }
}

/// The checks that a file lists: `RUN "ID", "RULE", "RFC", "REGION";`, one a line, RUN being a path.
fn checks_of(text: &str) -> BTreeMap<String, Check> {
    let is_path = |run: &str| {
        !run.is_empty() && run.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | ':'))
    };
    let check = |line: &str| match line.split('"').collect::<Vec<_>>()[..] {
        [run, id, ", ", rule, ", ", rfc, ", ", _, ";"] if is_path(run.trim()) => {
            Some((id.to_owned(), Check { id: id.into(), rule: rule.into(), rfc: rfc.into() }))
        }
        _ => None,
    };
    text.lines().filter_map(check).collect()
}

fn parts(argument: &str) -> Result<(&str, &str), String> {
    argument.split_once('/').ok_or_else(|| format!("the argument must be TRACK/NAME, not {argument:?}"))
}

pub(crate) fn text(path: &Path) -> Result<String, Unusable> {
    fs::read_to_string(path).map_err(|error| (path.to_owned(), error.to_string()))
}

/// The files below a folder whose names end so, in the order of their paths.
pub(crate) fn listed(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Unusable> {
    let fail = |error: std::io::Error| (folder.to_owned(), error.to_string());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            paths.extend(listed(&path, extension)?);
        } else if path.extension().is_some_and(|ending| ending == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
