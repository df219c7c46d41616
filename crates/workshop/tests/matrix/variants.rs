//! Variants of a transport: one workspace, a package of its own name for each, so that no stale program runs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use workshop::{manifest::manifest, track::Track};

/// A program to build.
pub(crate) struct Variant {
    name: String,
    files: Vec<(PathBuf, String)>,
}

impl Variant {
    pub(crate) fn new(name: String, files: Vec<(PathBuf, String)>) -> Self {
        Self { name, files }
    }
}

/// Writes a file if its content is another: what did not change is not built again.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Builds all variants and gives their programs, in the same order.
///
/// # Panics
///
/// One does not build, or warns.
pub(crate) fn build(root: &Path, track: &Track, variants: &[Variant]) -> Vec<PathBuf> {
    let folder = root.join("target/workshop").join(&track.name);
    let members: Vec<_> = variants.iter().map(|variant| format!("\"{}\"", variant.name)).collect();
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n[profile.dev]\ndebug = false\nincremental = false\n",
        members.join(", ")
    );
    write(&folder.join("Cargo.toml"), &workspace);
    if !folder.join("Cargo.lock").exists() {
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    }
    for Variant { name, files } in variants {
        let place = folder.join(name);
        write(
            &place.join("Cargo.toml"),
            &manifest(root, track, &package(track, name), &place, false).unwrap(),
        );
        for (path, text) in files {
            write(&place.join(path), text);
        }
    }
    let programs = run(&folder);
    variants.iter().map(|variant| programs[&package(track, &variant.name)].clone()).collect()
}

fn package(track: &Track, name: &str) -> String {
    format!("{}-{name}", track.name)
}

/// Runs cargo: the programs by their names.
fn run(folder: &Path) -> BTreeMap<String, PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--workspace", "--bins", "--keep-going"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTFLAGS")
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let warned = told.lines().any(|line| line.starts_with("warning"));
    assert!(output.status.success() && !warned, "a variant does not build without warnings:\n{told}");
    let mut programs = BTreeMap::new();
    for line in output.stdout.split(|&octet| octet == b'\n').filter(|line| !line.is_empty()) {
        let message: serde_json::Value = serde_json::from_slice(line).unwrap();
        if let (Some(name), Some(program)) =
            (message["target"]["name"].as_str(), message["executable"].as_str())
        {
            programs.insert(name.to_owned(), PathBuf::from(program));
        }
    }
    programs
}
