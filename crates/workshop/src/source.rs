//! The finished source of a track, and what is composed of it: the program after a step, a starter.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    regions::{self, Region},
    track::{Track, TrackError},
};

/// A file with its regions.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Where it stands in a starter, such as `src/frame.rs`.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// Its regions, in its order.
    pub regions: Vec<Region>,
}

impl SourceFile {
    /// # Errors
    ///
    /// Its markers are not as they should be.
    pub fn new(path: PathBuf, text: String) -> Result<Self, TrackError> {
        let regions = regions::parse(&path, &text)?;
        Ok(Self { path, text, regions })
    }

    /// The same file with other content in some regions; the markers stay.
    pub fn with(&self, content: impl Fn(&Region) -> Option<String>) -> String {
        regions::replace(&self.text, &self.regions, content)
    }
}

/// The files of a track, finished.
#[derive(Clone, Debug)]
pub struct Source {
    /// In the order of their paths.
    pub files: Vec<SourceFile>,
}

impl Source {
    /// Reads the files of `track` from the repository at `root`.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or its markers are not as they should be.
    pub fn read(root: &Path, track: &Track) -> Result<Self, TrackError> {
        let mut paths = Vec::new();
        let crate_folder = root.join(&track.from);
        list(&crate_folder.join("src"), &mut paths)?;
        let mut files = BTreeMap::new();
        for path in paths {
            let place = path.strip_prefix(&crate_folder).unwrap_or(&path).to_owned();
            files.insert(place, path);
        }
        for shared in &track.with {
            let mut paths = Vec::new();
            list(&root.join(shared).join("src"), &mut paths)?;
            let placed =
                paths.into_iter().map(|path| (path.strip_prefix(root).unwrap_or(&path).to_owned(), path));
            files.extend(placed);
        }
        files.extend(track.files.iter().map(|place| (place.clone(), root.join(place))));
        let read = |(place, path): (PathBuf, PathBuf)| SourceFile::new(place, read(&path)?);
        Ok(Self { files: files.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// The program after `steps` steps: the finished files with a stub in each region of a later step. It is also
    /// the starter of the step after.
    pub fn after(&self, track: &Track, steps: usize) -> Vec<(PathBuf, String)> {
        let content = |file: &SourceFile, region: &Region| {
            let (number, hole) = track.hole(&region.name)?;
            (number > steps).then(|| regions::indented(&track.stub(number, hole, &file.path), &region.indent))
        };
        let made = |file: &SourceFile| (file.path.clone(), file.with(|region| content(file, region)));
        self.files.iter().map(made).collect()
    }

    /// The file and the region of this name.
    pub fn region(&self, name: &str) -> Option<(&SourceFile, &Region)> {
        let of_file = |file| Self::find(file, name);
        self.files.iter().find_map(of_file)
    }

    fn find<'a>(file: &'a SourceFile, name: &str) -> Option<(&'a SourceFile, &'a Region)> {
        file.regions.iter().find(|region| region.name == name).map(|region| (file, region))
    }
}

pub(crate) fn read(path: &Path) -> Result<String, TrackError> {
    fs::read_to_string(path).map_err(|error| TrackError::Read { path: path.to_owned(), error })
}

/// All files below a folder.
fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), TrackError> {
    let fail = |error| TrackError::Read { path: folder.to_owned(), error };
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            list(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
