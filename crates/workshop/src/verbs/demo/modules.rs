//! The learner's modules of the page, for the panel that takes them in place of ours.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{learner::Learner, progress, regions};

/// The modules that the learner has written, by their paths in `web`: something of theirs is in them, and nothing is
/// left that would throw.
fn written(learner: &Learner) -> BTreeMap<PathBuf, String> {
    let of_web = |path: &PathBuf| Some((path.strip_prefix("web").ok()?.to_owned(), learner.file(path).ok()?));
    let modules = learner.track.files.iter().filter_map(of_web);
    let written = modules.filter(|(_, mine)| {
        let holes = mine.regions.iter().filter_map(|region| {
            let (number, hole) = learner.track.hole(&region.name)?;
            let stub = learner.track.stub(number, hole, &mine.path);
            let is_stub = region.content(&mine.text) == regions::indented(&stub, &region.indent);
            Some((is_stub, hole.stub.is_none()))
        });
        let holes: Vec<_> = holes.collect();
        holes.iter().any(|(is_stub, _)| !is_stub) && !holes.contains(&(true, true))
    });
    written.map(|(path, mine)| (path, mine.text)).collect()
}

/// The folder of the modules that the panel takes.
#[derive(Debug)]
pub(super) struct Modules {
    pub(super) folder: PathBuf,
}

impl Modules {
    /// In the learner's folder, as it is now.
    pub(super) fn of(learner: &Learner) -> Self {
        Self { folder: learner.folder.join(progress::OWN).join("page") }
    }

    /// Puts there what the learner has written, and nothing else. Gives the names of the modules.
    ///
    /// # Errors
    ///
    /// They cannot be written.
    pub(super) fn put(&self, learner: &Learner) -> io::Result<Vec<String>> {
        let written = written(learner);
        for path in learner.track.files.iter().filter_map(|path| path.strip_prefix("web").ok()) {
            if !written.contains_key(path) {
                gone(fs::remove_file(self.folder.join(path)))?;
            }
        }
        fs::create_dir_all(&self.folder)?;
        progress::put(&self.folder, &written)?;
        Ok(written.keys().map(|path| Path::new("web").join(path).display().to_string()).collect())
    }
}

/// That it was not there is no error.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
