//! What was measured, as pages show it: the tables that are woven into the README, and the comparison's calculator.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::material::{Material, Unusable, listed, text};

/// Where the records of the comparison are, in the repository, each with its calculator.
const RECORDS: &str = "crates/comparison/records";

/// A record, as far as it tells which is newest.
#[derive(Deserialize)]
struct Begun {
    begun: String,
}

/// The folder that was read, if there is one. Where there is none yet, the first record changes the README, too.
pub(crate) fn inputs(root: &Path) -> Option<PathBuf> {
    Some(root.join(RECORDS)).filter(|folder| folder.is_dir())
}

impl Material {
    /// The table between the marks of `scripts/weave` in the README.
    pub(crate) fn table(&self, name: &str) -> Result<String, String> {
        let readme = fs::read_to_string(self.root.join("README.md")).map_err(|error| error.to_string())?;
        let block = readme.split_once(&format!("<!-- weave: {name} -->\n"));
        let block = block.and_then(|(_, rest)| rest.split_once("<!-- end -->"));
        block
            .map(|(table, _)| table.to_owned())
            .ok_or_else(|| format!("README.md must have the woven block {name:?}"))
    }

    /// The calculator of the newest record, as the comparison made it: what stands beside the record. `None` where no
    /// record is kept.
    pub(crate) fn calculator(&self) -> Result<Option<String>, String> {
        let Some(folder) = inputs(&self.root) else { return Ok(None) };
        let cannot = |(path, rule): Unusable| format!("{} must be read: {rule}", path.display());
        let mut newest = None;
        for path in listed(&folder, "html").map_err(cannot)? {
            let record: Begun = serde_json::from_str(&text(&path.with_extension("json")).map_err(cannot)?)
                .map_err(|error| format!("beside {} must stand its record: {error}", path.display()))?;
            newest = newest.max(Some((record.begun, path)));
        }
        newest.map(|(_, path)| text(&path).map_err(cannot)).transpose()
    }
}
