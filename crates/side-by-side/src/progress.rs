//! How far the reader of the walkthrough is in the workshop: read from what `cargo workshop` keeps in the checkout.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use axum::{Json, Router, extract::Request, response::IntoResponse, routing::get};
use http::header;
use serde::{Deserialize, Serialize};

use crate::{TRANSPORTS, host_of};

/// What a track's progress may have, at most (octets); a longer file is none.
const MAX_PROGRESS_BYTES: u64 = 256 * 1024;

/// What the workshop keeps of a track.
#[derive(Debug, Deserialize)]
struct Kept {
    step: String,
    failed: Option<(String, String)>,
    passed: BTreeMap<String, u64>,
}

/// What the pages are told of a track.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Track {
    /// The step under way.
    step: String,
    /// Steps that were passed.
    passed: Vec<String>,
    /// The check that failed when they were run last, if one did.
    failed: Option<String>,
}

/// `GET /walkthrough/progress`: each track that was begun. To who came by another name than this machine's own, none: the
/// progress is that of who sits here.
pub(crate) fn routes() -> Router {
    let told = async |request: Request| {
        let is_here = matches!(host_of(&request).as_str(), "localhost" | "127.0.0.1" | "[::1]");
        let tracks = if is_here {
            tokio::task::spawn_blocking(|| read(&checkout())).await.unwrap_or_default()
        } else {
            BTreeMap::new()
        };
        ([(header::CACHE_CONTROL, "no-store")], Json(tracks)).into_response()
    };
    Router::new().route("/walkthrough/progress", get(told))
}

/// The checkout that the working directory is in, or else that this program was built in.
fn checkout() -> PathBuf {
    let built_in = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    checkout_of(&env::current_dir().unwrap_or_default()).unwrap_or_else(built_in)
}

/// The checkout that a folder is in.
fn checkout_of(folder: &Path) -> Option<PathBuf> {
    let is_root = |folder: &&Path| folder.join("crates/workshop/tracks").is_dir();
    folder.ancestors().find(is_root).map(Path::to_owned)
}

/// The tracks that were begun in this checkout. What cannot be read was not begun.
fn read(checkout: &Path) -> BTreeMap<&'static str, Track> {
    let track = |name: &'static str| {
        let path = checkout.join("my").join(name).join(".workshop/progress.json");
        let mut text = String::new();
        fs::File::open(path).ok()?.take(MAX_PROGRESS_BYTES).read_to_string(&mut text).ok()?;
        let Kept { step, failed, passed } = serde_json::from_str(&text).ok()?;
        let passed = passed.into_keys().collect();
        Some((name, Track { step, passed, failed: failed.map(|(check, _)| check) }))
    };
    TRANSPORTS.iter().filter_map(|transport| track(transport.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The workshop's own tests hold what it writes to the same files.
    fn example() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkout")
    }

    #[test]
    fn what_the_workshop_keeps_is_told() {
        let (step, passed) = ("encode".to_owned(), vec!["handshake".to_owned(), "request".to_owned()]);
        let track = Track { step, passed, failed: Some("not-masked".to_owned()) };
        assert_eq!(read(&example()), BTreeMap::from([("raw-websocket", track)]));
    }

    #[test]
    fn a_checkout_is_found_from_any_folder_in_it() {
        assert_eq!(checkout_of(&example().join("my/raw-websocket")), Some(example()));
        assert_eq!(checkout_of(Path::new("/")), None);
    }

    #[test]
    fn what_the_workshop_does_not_keep_is_not_told() {
        let checkout = env::temp_dir().join(format!("crosstalk-progress-{}", std::process::id()));
        let put = |track: &str, text: &str| {
            let folder = checkout.join("my").join(track).join(".workshop");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("progress.json"), text).unwrap();
        };
        put("polling", "half a li");
        put("elsewhere", r#"{"step":"encode","failed":null,"passed":{"request":17}}"#);
        let told = read(&checkout);
        fs::remove_dir_all(&checkout).unwrap();
        assert_eq!(told, BTreeMap::new());
    }
}
