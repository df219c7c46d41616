//! Mistakes that people make: each is put into the finished source, and the named check must catch it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{source::Source, track::TrackError};

/// A file of mistakes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistakes {
    #[serde(rename = "mistake")]
    mistakes: Vec<Mistake>,
}

/// A mistake.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// What is wrong, in a few words.
    pub what: String,
    /// Text within a region of the finished source, there once.
    pub find: String,
    /// What stands there instead.
    pub put: String,
    /// The first check that fails.
    pub caught_by: String,
    /// Words of its failure.
    pub says: String,
    /// An earlier check that fails first when it is lucky: the mistake is a race.
    pub or_by: Option<String>,
    /// Words of that failure.
    pub or_says: Option<String>,
}

impl Mistake {
    /// The words that this check must say, if it may be the first that fails.
    pub fn words_of(&self, check: &str) -> Option<&str> {
        if check == self.caught_by {
            return Some(&self.says);
        }
        self.or_says.as_deref().filter(|_| self.or_by.as_deref() == Some(check))
    }
}

impl Mistake {
    /// The files of `source` with the mistake made.
    ///
    /// # Errors
    ///
    /// `find` is not within one region, once.
    pub fn made(&self, source: &Source) -> Result<Vec<(PathBuf, String)>, String> {
        let find = self.find.trim_matches('\n');
        let mut places = 0;
        let mut files = Vec::new();
        for file in &source.files {
            places += file
                .regions
                .iter()
                .map(|region| region.content(&file.text).matches(find).count())
                .sum::<usize>();
            let made = file
                .with(|region| Some(region.content(&file.text).replace(find, self.put.trim_matches('\n'))));
            files.push((file.path.clone(), made));
        }
        if places == 1 {
            Ok(files)
        } else {
            Err(format!("{}: `find` must match once within a region, not {places} times", self.what))
        }
    }
}

/// Reads a file of mistakes.
///
/// # Errors
///
/// It cannot be read, or is not as it should be.
pub fn read(path: &Path) -> Result<Vec<Mistake>, TrackError> {
    let text = fs::read_to_string(path).map_err(|error| TrackError::Read { path: path.to_owned(), error })?;
    let file: Mistakes = toml::from_str(&text)
        .map_err(|error| TrackError::Syntax { path: path.to_owned(), error: Box::new(error) })?;
    Ok(file.mistakes)
}
