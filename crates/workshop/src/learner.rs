//! A learner's track: their files, the step under way, and what is theirs in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    failure::Report,
    manifest::{manifest, relative, shared_manifest},
    place::Repository,
    progress::{self, Files, Progress},
    regions, snapshots,
    source::{Source, SourceFile},
    track::{Step, Track, TrackError},
};

/// Why a verb does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A track cannot be used.
    #[error(transparent)]
    Track(#[from] TrackError),
    /// A file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What the learner should do instead.
    #[error("{0}")]
    Told(String),
}

/// A learner's track.
#[derive(Clone, Debug)]
pub struct Learner {
    /// The repository.
    pub repository: Repository,
    /// The track.
    pub track: Track,
    /// Its finished source.
    pub source: Source,
    /// Where the learner's files stand.
    pub folder: PathBuf,
    /// Where the learner stands.
    pub progress: Progress,
}

impl Learner {
    /// The track that was started last.
    ///
    /// # Errors
    ///
    /// None was, or it cannot be used.
    pub fn active(repository: &Repository) -> Result<Self, Trouble> {
        let none =
            || Trouble::Told("no track is under way; begin with `cargo workshop start raw-websocket`".into());
        let name = fs::read_to_string(repository.my.join(".active")).map_err(|_| none())?;
        let folder = repository.mine(name.trim());
        let progress = Progress::read(&folder).ok_or_else(none)?;
        let (track, source) = repository.track(name.trim())?;
        Ok(Self { repository: repository.clone(), track, source, folder, progress })
    }

    /// Writes the starter of this step, and makes the track the active one. What was there is kept in a snapshot.
    ///
    /// # Errors
    ///
    /// There is no such track or step, or it cannot be written.
    pub fn start(repository: &Repository, name: &str, step: usize, why: &str) -> Result<Self, Trouble> {
        let (track, source) = repository.track(name)?;
        let folder = repository.mine(name);
        let begun = track.step(step).ok_or_else(|| Trouble::Told(format!("{name} has no step {step}")))?;
        let mut progress = Progress::read(&folder).unwrap_or_default();
        if folder.exists() {
            snapshots::keep(&folder, &format!("before {why}"), &progress.step)?;
        }
        (progress.step, progress.begun, progress.undone_to) = (begun.name.clone(), progress::now(), None);
        progress.failed = None;
        let learner = Self { repository: repository.clone(), track, source, folder, progress };
        learner.write_frame()?;
        progress::put(
            &learner.folder,
            &learner.source.after(&learner.track, step - 1).into_iter().collect(),
        )?;
        learner.progress.write(&learner.folder)?;
        fs::write(repository.my.join(".active"), name)?;
        let begins = format!("as the step {} begins", learner.progress.step);
        snapshots::keep(&learner.folder, &begins, &learner.progress.step)?;
        Ok(learner)
    }

    /// Manifest, lockfile, and where it is built.
    fn write_frame(&self) -> Result<(), Trouble> {
        let root = &self.repository.root;
        fs::create_dir_all(self.folder.join(".cargo"))?;
        let package = format!("my-{}", self.track.name);
        let text = manifest(root, &self.track, &package, &self.folder, true)?;
        let target = relative(&self.folder, &root.join("target"));
        let mut config = format!("[build]\ntarget-dir = {:?}\n", target.to_string_lossy());
        if !self.track.with.is_empty() {
            config = format!("paths = {:?}\n\n{config}", self.track.with);
        }
        let mut files = Files::from([
            (PathBuf::from("Cargo.toml"), text),
            (Path::new(".cargo").join("config.toml"), config),
        ]);
        for shared in &self.track.with {
            let place = self.folder.join(shared);
            files.insert(shared.join("Cargo.toml"), shared_manifest(root, shared, &place, &self.track.name)?);
        }
        progress::put(&self.folder, &files)?;
        let lock = self.folder.join("Cargo.lock");
        if !lock.exists() {
            fs::copy(root.join("Cargo.lock"), lock)?;
        }
        Ok(())
    }

    /// The number of the step under way, counted from 1.
    pub fn number(&self) -> usize {
        self.track.number_of(&self.progress.step).unwrap_or(1)
    }

    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.track.steps.iter().all(|step| self.progress.passed.contains_key(&step.name))
    }

    /// The step under way.
    ///
    /// # Errors
    ///
    /// The track has no step.
    pub fn step(&self) -> Result<&Step, Trouble> {
        self.track.step(self.number()).ok_or_else(|| Trouble::Told("the track has no step".into()))
    }

    /// A learner's file with its regions.
    ///
    /// # Errors
    ///
    /// It cannot be read, or its markers are broken.
    pub fn file(&self, path: &Path) -> Result<SourceFile, Trouble> {
        let text = fs::read_to_string(self.folder.join(path)).map_err(|error| {
            Trouble::Told(format!("{}: {error}", self.repository.told(&self.folder.join(path))))
        })?;
        Ok(SourceFile::new(path.to_owned(), text)?)
    }

    /// The content of a region as the learner has it, and as it is in the finished source, with the file.
    ///
    /// # Errors
    ///
    /// The file or the region is gone from the learner's files.
    pub fn region(&self, name: &str) -> Result<(SourceFile, String, String), Trouble> {
        let (finished, region) =
            self.source.region(name).ok_or_else(|| Trouble::Told(format!("there is no region {name}")))?;
        let solution = region.content(&finished.text).to_owned();
        let mine = self.file(&finished.path)?;
        let content = mine
            .regions
            .iter()
            .find(|region| region.name == name)
            .map(|region| region.content(&mine.text).to_owned());
        let content = content.ok_or_else(|| {
            let path = self.repository.told(&self.folder.join(&mine.path));
            Trouble::Told(format!(
                "{path}: the markers of the region {name} are gone; `cargo workshop undo` goes back"
            ))
        })?;
        Ok((mine, content, solution))
    }

    /// Writes this content into regions of the learner's files.
    ///
    /// # Errors
    ///
    /// A region is gone, or a file cannot be written.
    pub fn write_regions(
        &self,
        names: &[String],
        content: impl Fn(&str) -> Option<String>,
    ) -> Result<(), Trouble> {
        for name in names {
            let (mine, _, _) = self.region(name)?;
            let text = mine.with(|region| if region.name == *name { content(name) } else { None });
            progress::put(&self.folder, &Files::from([(mine.path, text)]))?;
        }
        Ok(())
    }

    /// The names of a step's regions.
    pub fn holes(step: &Step) -> Vec<String> {
        step.regions.iter().map(|hole| hole.name.clone()).collect()
    }

    /// Where a region stands in the learner's files, such as `my/raw-websocket/src/frame.rs:41 (fn encode)`.
    pub fn place(&self, region: &str) -> Option<String> {
        let (finished, _) = self.source.region(region)?;
        let path = self.repository.told(&self.folder.join(&finished.path));
        let text = fs::read_to_string(self.folder.join(&finished.path)).ok()?;
        let found = regions::parse(&finished.path, &text).ok()?.into_iter().find(|mine| mine.name == region);
        let Some(found) = found else { return Some(path) };
        let function = regions::function_at(&text, found.line).map(|name| format!(" (fn {name})"));
        Some(format!("{path}:{}{}", found.line + 1, function.unwrap_or_default()))
    }

    /// The report with the place of the learner's code.
    pub fn placed(&self, mut report: Report, region: &str) -> Report {
        let region = report.failure.region.clone().unwrap_or_else(|| region.to_owned());
        let panicked = report.failure.panic.as_ref().and_then(|place| self.place_of_panic(place));
        report.place = panicked.or_else(|| self.place(&region));
        report
    }

    /// Where it panicked, such as `src/frame.rs:41:9`, if that is the learner's own file.
    fn place_of_panic(&self, place: &str) -> Option<String> {
        let (file, line) = place.rsplit_once(':').and_then(|(place, _)| place.rsplit_once(':'))?;
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).ok()?;
        let function = regions::function_at(&text, line.parse().ok()?).map(|name| format!(" (fn {name})"));
        Some(format!("{}:{line}{}", self.repository.told(&path), function.unwrap_or_default()))
    }
}
