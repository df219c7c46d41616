//! Where things stand: the repository, its tracks, the folder of a learner.

use std::path::{Path, PathBuf};

use crate::{
    source::Source,
    track::{Track, TrackError},
};

/// The folder of learners' work, in the repository; Git ignores it.
pub const MY: &str = "my";

/// The tracks of the transports, in the order in which these came to be.
const ORDER: [&str; 5] =
    ["polling", "long-polling", "http2-streaming", "raw-websocket", "tungstenite-websocket"];

/// The repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its root.
    pub root: PathBuf,
    /// Where learners' work goes.
    pub my: PathBuf,
}

impl Repository {
    /// The repository that the working directory is in, or else that this program was built in. `my` is the folder of
    /// the learner's work, if it is not the usual one.
    pub fn find(my: Option<PathBuf>) -> Self {
        Self::find_from(&std::env::current_dir().unwrap_or_default(), my)
    }

    /// Likewise of the repository that `here` is in.
    fn find_from(here: &Path, my: Option<PathBuf>) -> Self {
        let is_root = |folder: &&Path| folder.join("crates/workshop/tracks").is_dir();
        let built_in = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = here.ancestors().find(is_root).map_or_else(built_in, Path::to_owned);
        let root = root.canonicalize().unwrap_or(root);
        let my = my.map_or_else(|| root.join(MY), |my| here.join(my));
        Self { root, my }
    }

    fn tracks(&self) -> PathBuf {
        self.root.join("crates/workshop/tracks")
    }

    /// All tracks, in the order of the transports; others behind them, by name.
    ///
    /// # Errors
    ///
    /// A track file cannot be read.
    pub fn all(&self) -> Result<Vec<Track>, TrackError> {
        let folder = self.tracks();
        let entries = folder.read_dir().map_err(|error| TrackError::Read { path: folder.clone(), error })?;
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let mut tracks = paths.iter().map(|path| Track::read(path)).collect::<Result<Vec<_>, _>>()?;
        tracks.sort_by_key(|track| ORDER.iter().position(|name| *name == track.name).unwrap_or(ORDER.len()));
        Ok(tracks)
    }

    /// A track and its finished source, judged against each other.
    ///
    /// # Errors
    ///
    /// There is no such track, or the two do not fit.
    pub fn track(&self, name: &str) -> Result<(Track, Source), TrackError> {
        let path = self.tracks().join(name).with_extension("toml");
        let track = Track::read(&path)?;
        let source = Source::read(&self.root, &track)?;
        track.judge(&path, &source)?;
        Ok((track, source))
    }

    /// The folder of a learner's track.
    pub fn mine(&self, track: &str) -> PathBuf {
        self.my.join(track)
    }

    /// A path as people are told it: from the root of the repository, if it is in it.
    pub fn told(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use super::*;
    use crate::progress::Progress;

    /// What the walkthrough's pages read (`crates/side-by-side/src/progress.rs`): its tests hold it to the same files.
    #[test]
    fn a_learners_progress_stands_where_the_walkthrough_reads_it() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../side-by-side/tests/checkout")
            .canonicalize()
            .unwrap();
        let folder = example.join(MY).join("raw-websocket");
        let found = Repository::find_from(&folder, None);
        assert_eq!((&found.root, found.mine("raw-websocket")), (&example, folder));

        let root = std::env::temp_dir().join(format!("workshop-place-{}", std::process::id()));
        let repository = Repository { my: root.join(MY), root: root.clone() };
        let progress = Progress {
            step: "encode".to_owned(),
            failed: Some(("not-masked".to_owned(), "a server's frame: FIN, text, not masked".to_owned())),
            passed: BTreeMap::from([
                ("request".to_owned(), 1_763_600_000),
                ("handshake".to_owned(), 1_763_600_600),
            ]),
            begun: 1_763_600_600,
            ..Progress::default()
        };
        progress.write(&repository.mine("raw-websocket")).unwrap();
        let path = Path::new(MY).join("raw-websocket/.workshop/progress.json");
        let (kept, read) = (root.join(&path), example.join(&path));
        let kept = fs::read_to_string(&kept).unwrap();
        fs::remove_dir_all(&root).unwrap();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&read, &kept).unwrap();
        }
        assert_eq!(
            kept,
            fs::read_to_string(read).unwrap(),
            "UPDATE_EXPECT=1 writes it, and ask its reader's tests"
        );
    }
}
