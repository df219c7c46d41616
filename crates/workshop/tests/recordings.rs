//! The conversations that `explain` shows are recorded, not typed: from the checks, with the finished program.
//!
//! ```text
//! UPDATE_EXPECT=1 cargo test -p workshop --test recordings
//! WORKSHOP_TRACK=polling UPDATE_EXPECT=1 cargo test -p workshop --test recordings    # this track alone
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share are tests too"
)]

use std::{collections::BTreeMap, fs};

use workshop::{
    browser::Shared,
    building::{self, Built},
    judge::{self, Judge},
    place::Repository,
    probe,
    process::Program,
    trace,
    track::Track,
};

/// Pieces that are kept of a check: more would not be read.
const PIECES: usize = 16;

#[test]
fn every_check_has_a_conversation() {
    let repository = Repository::find(None);
    let wanted = std::env::var("WORKSHOP_TRACK").ok();
    let is_wanted = |track: &Track| wanted.as_ref().is_none_or(|name| *name == track.name);
    for track in repository.all().unwrap().into_iter().filter(is_wanted) {
        let path = repository.root.join(format!("crates/workshop/recordings/{}.json", track.name));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let Built::Program(program) =
                building::build(&track, &repository.root.join(&track.from), false, false).unwrap()
            else {
                panic!("the finished crate does not build");
            };
            let judge = Judge {
                track: &track,
                program: Program { folder: repository.root.clone(), ..program },
                root: &repository.root,
                browser: Shared::default(),
                seed: 4711,
                stretch: probe::calibrate(),
            };
            let mut recorded = BTreeMap::new();
            let keep = |ran: &judge::Ran| {
                let pieces: Vec<_> = ran.pieces.iter().take(PIECES).cloned().collect();
                recorded.insert(ran.check.id.to_owned(), pieces);
            };
            let result = judge.steps(track.steps.len(), |_, _| {}, keep);
            result.unwrap_or_else(|report| panic!("{}: {}", report.check, report.failure.words()));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, serde_json::to_string_pretty(&recorded).unwrap() + "\n").unwrap();
        }
        let recorded: BTreeMap<String, Vec<trace::Piece>> =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for id in track.steps.iter().flat_map(|step| &step.checks) {
            let told = recorded.get(id).map(|pieces| trace::told(pieces)).unwrap_or_default();
            assert!(
                told.iter().any(|line| line.contains("you <--")),
                "{id} has no recorded answer: {told:?}"
            );
        }
    }
}
