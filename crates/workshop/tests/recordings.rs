//! The conversations that `explain` and the walkthrough show are recorded, not typed: from the checks, with the finished
//! program. `conversations` has them as they are told, `recordings` the first of their octets.
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

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};
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

#[test]
fn every_check_has_a_conversation() {
    let repository = Repository::find(None);
    let wanted = std::env::var("WORKSHOP_TRACK").ok();
    let is_wanted = |track: &Track| wanted.as_ref().is_none_or(|name| *name == track.name);
    for track in repository.all().unwrap().into_iter().filter(is_wanted) {
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            record(&repository, &track);
        }
        let told: BTreeMap<String, Vec<String>> = read(&repository, "conversations", &track);
        let octets: BTreeMap<String, Vec<serde_json::Value>> = read(&repository, "recordings", &track);
        for id in track.steps.iter().flat_map(|step| &step.checks) {
            let told = told.get(id).cloned().unwrap_or_default();
            assert!(told.iter().any(|line| line.contains("you <--")), "{id} has no answer: {told:?}");
            assert!(told.iter().all(|line| line.chars().count() <= 76), "{id}: {told:?}");
            let octets = octets.get(id).cloned().unwrap_or_default();
            assert!(
                octets.iter().any(|piece| piece["ours"] == false),
                "{id} has no recorded answer: {octets:?}"
            );
        }
    }
}

fn path(repository: &Repository, folder: &str, track: &Track) -> PathBuf {
    repository.root.join("crates/workshop").join(folder).join(format!("{}.json", track.name))
}

fn read<T: DeserializeOwned>(repository: &Repository, folder: &str, track: &Track) -> T {
    serde_json::from_str(&fs::read_to_string(path(repository, folder, track)).unwrap()).unwrap()
}

fn write(repository: &Repository, folder: &str, track: &Track, value: &impl Serialize) {
    let path = path(repository, folder, track);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
}

/// Runs the checks of a track with the finished program, and keeps what passes.
fn record(repository: &Repository, track: &Track) {
    let built = building::build(track, &repository.root.join(&track.from), false, false).unwrap();
    let Built::Program(program) = built else { panic!("the finished crate does not build") };
    let judge = Judge {
        track,
        program: Program { folder: repository.root.clone(), ..program },
        root: &repository.root,
        browser: Shared::default(),
        seed: 4711,
        stretch: probe::calibrate(),
    };
    let (mut told, mut octets) = (BTreeMap::new(), BTreeMap::new());
    let keep = |ran: &judge::Ran| {
        told.insert(ran.check.id.to_owned(), trace::told(&ran.pieces));
        octets.insert(ran.check.id.to_owned(), trace::recorded(&ran.pieces));
    };
    let result = judge.steps(1..=track.steps.len(), |_, _| {}, keep);
    result.unwrap_or_else(|report| panic!("{}: {}", report.check, report.failure.words()));
    write(repository, "conversations", track, &told);
    write(repository, "recordings", track, &octets);
}
