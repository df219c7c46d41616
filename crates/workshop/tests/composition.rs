//! What is composed of a track: deterministic, and with all solutions the finished crate to the last octet.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share are tests too"
)]

use std::{fs, path::Path};

use workshop::{learner::Learner, place::Repository, snapshots};

fn repository(name: &str) -> Repository {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let my = root.join("target/workshop-tests").join(name);
    let _ = fs::remove_dir_all(&my);
    Repository { root, my }
}

#[test]
fn a_starter_with_all_solutions_is_the_finished_crate() {
    let repository = repository("all-solutions");
    for track in repository.all().unwrap() {
        let learner = Learner::start(&repository, &track.name, 1, "start").unwrap();
        for step in &learner.track.steps {
            let solution = |name: &str| {
                let (file, region) = learner.source.region(name)?;
                Some(region.content(&file.text).to_owned())
            };
            learner.write_regions(&Learner::holes(step), solution).unwrap();
        }
        for file in &learner.source.files {
            let written = fs::read_to_string(learner.folder.join(&file.path)).unwrap();
            assert!(written == file.text, "{} is not as in the finished crate", file.path.display());
        }
    }
}

#[test]
fn the_same_step_is_composed_of_the_same_octets() {
    let repository = repository("twice");
    for track in repository.all().unwrap() {
        let (track, source) = repository.track(&track.name).unwrap();
        for step in 0..=track.steps.len() {
            let again = repository.track(&track.name).unwrap().1.after(&track, step);
            assert!(source.after(&track, step) == again, "after step {step}");
        }
        let finished: Vec<_> =
            source.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        assert!(source.after(&track, track.steps.len()) == finished);
    }
}

#[test]
fn every_region_of_a_shared_crate_is_in_a_step() {
    let repository = repository("shared");
    let tracks = repository.all().unwrap();
    for (track, shared) in tracks.iter().flat_map(|track| track.with.iter().map(move |with| (track, with))) {
        let (_, source) = repository.track(&track.name).unwrap();
        let files = source.files.iter().filter(|file| file.path.starts_with(shared));
        for region in files.flat_map(|file| &file.regions) {
            let is_taught = tracks.iter().any(|track| track.hole(&region.name).is_some());
            assert!(is_taught, "no track has the region {} of {}", region.name, shared.display());
        }
    }
}

#[test]
fn markers_are_under_5_percent_of_the_lines() {
    let repository = repository("markers");
    for track in repository.all().unwrap() {
        let (_, source) = repository.track(&track.name).unwrap();
        let lines: usize = source.files.iter().map(|file| file.text.lines().count()).sum();
        let markers: usize = source.files.iter().map(|file| 2 * file.regions.len()).sum();
        assert!(markers * 20 < lines, "{}: {markers} markers in {lines} lines", track.name);
    }
}

#[test]
fn a_step_has_at_most_40_lines_to_write() {
    let repository = repository("lines");
    for track in repository.all().unwrap() {
        let (track, source) = repository.track(&track.name).unwrap();
        for step in &track.steps {
            let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
            let lines: usize = Learner::holes(step)
                .iter()
                .filter_map(|name| source.region(name))
                .map(|(file, region)| region.content(&file.text).lines().filter(code).count())
                .sum();
            assert!((1..=40).contains(&lines), "{} / {}: {lines} lines", track.name, step.name);
        }
    }
}

#[test]
fn nothing_that_was_written_is_lost() {
    let repository = repository("snapshots");
    let learner = Learner::start(&repository, "raw-websocket", 1, "start").unwrap();
    let path = learner.folder.join("src/mask.rs");
    fs::write(&path, "mine\n").unwrap();
    // A start over it keeps what was there.
    Learner::start(&repository, "raw-websocket", 3, "start").unwrap();
    assert_ne!(fs::read_to_string(&path).unwrap(), "mine\n");
    let history = snapshots::history(&learner.folder);
    let kept = history.iter().find(|snapshot| snapshot.files[Path::new("src/mask.rs")] == "mine\n");
    assert!(kept.is_some_and(|snapshot| snapshot.said == ["before start"]), "no snapshot has it");
}
