//! Variants of a transport: one workspace, a package of its own name for each, so that no stale program runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use workshop::{
    manifest::{manifest, shared_manifest},
    process::Program,
    track::Track,
};

/// A program to build, and its page.
pub(crate) struct Variant {
    name: String,
    files: Vec<(PathBuf, String)>,
}

/// A variant that was built.
pub(crate) struct Built {
    pub(crate) program: Program,
    /// What the program was built of, or what the page is made of: the same number for the same files.
    server: usize,
    page: usize,
}

impl Built {
    /// What a check of the server, or of the page, looks at.
    pub(crate) fn side(&self, in_page: bool) -> usize {
        if in_page { self.page } else { self.server }
    }
}

impl Variant {
    pub(crate) fn new(name: String, files: Vec<(PathBuf, String)>) -> Self {
        Self { name, files }
    }

    /// What it has in crates that tracks share, where that is not as in the repository.
    fn shared(&self, root: &Path, track: &Track) -> Files {
        let files: Files = self.files.iter().filter(|(path, _)| is_shared(track, path)).cloned().collect();
        let is_finished = files
            .iter()
            .all(|(path, text)| fs::read_to_string(root.join(path)).is_ok_and(|finished| finished == *text));
        if is_finished { Files::new() } else { files }
    }
}

type Files = BTreeMap<PathBuf, String>;

/// Whether a file is of a crate that tracks share.
fn is_shared(track: &Track, path: &Path) -> bool {
    track.with.iter().any(|shared| path.starts_with(shared))
}

/// Writes a file if its content is another: what did not change is not built again.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Builds all variants and gives them, in the same order. What differs only in the page is built once.
///
/// # Panics
///
/// One does not build, or warns.
pub(crate) fn build(root: &Path, track: &Track, variants: &[Variant]) -> Vec<Built> {
    let folder = root.join("target/workshop").join(&track.name);
    let (servers, pages) = (sides(variants, false), sides(variants, true));
    let built = |at: usize| servers.iter().position(|&side| side == servers[at]).unwrap() == at;
    let names: Vec<_> = variants.iter().map(|variant| &*variant.name).collect();
    let members: Vec<_> =
        (0..names.len()).filter(|&at| built(at)).map(|at| format!("\"{}\"", names[at])).collect();
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n[profile.dev]\ndebug = false\nincremental = false\nstrip = true\n",
        members.join(", ")
    );
    write(&folder.join("Cargo.toml"), &workspace);
    if !folder.join("Cargo.lock").exists() {
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    }
    // Those with the same shared crates are built together.
    let mut groups: BTreeMap<Files, Vec<&str>> = BTreeMap::new();
    for (at, variant) in variants.iter().enumerate() {
        let place = folder.join(&variant.name);
        let text = manifest(root, track, &package(track, &variant.name), &place, false).unwrap();
        write(&place.join("Cargo.toml"), &text);
        variant
            .files
            .iter()
            .filter(|(path, _)| !is_shared(track, path))
            .for_each(|(path, text)| write(&place.join(path), text));
        if built(at) {
            groups.entry(variant.shared(root, track)).or_default().push(&variant.name);
        }
    }
    let mut programs = BTreeMap::new();
    for (shared, group) in groups {
        let place = folder.join(group[0]);
        shared.iter().for_each(|(path, text)| write(&place.join(path), text));
        let copies: Vec<_> =
            track.with.iter().filter(|_| !shared.is_empty()).map(|shared| place.join(shared)).collect();
        for (shared, copy) in track.with.iter().zip(&copies) {
            let text = shared_manifest(root, shared, copy, &package(track, group[0])).unwrap();
            write(&copy.join("Cargo.toml"), &text);
        }
        let packages = group.iter().map(|name| package(track, name)).collect();
        programs.extend(run(root, &folder, &packages, &copies));
    }
    let made = |at: usize| {
        let (server, page) = (servers[at], pages[at]);
        let program = &programs[&package(track, names[server])];
        Built { program: Program::at(program, &folder.join(names[at])), server, page }
    };
    (0..names.len()).map(made).collect()
}

/// For each variant the first that has the same files: those of the page, or all others.
fn sides(variants: &[Variant], in_page: bool) -> Vec<usize> {
    let of = |variant: &Variant| -> Vec<(PathBuf, String)> {
        variant.files.iter().filter(|(path, _)| path.starts_with("web") == in_page).cloned().collect()
    };
    let files: Vec<_> = variants.iter().map(of).collect();
    files.iter().map(|side| files.iter().position(|other| other == side).unwrap()).collect()
}

fn package(track: &Track, name: &str) -> String {
    format!("{}-{name}", track.name)
}

/// Runs cargo for these packages, with these copies of shared crates: the programs by their names. All tracks have one
/// target folder, so that libraries are built once.
fn run(
    root: &Path,
    folder: &Path,
    packages: &BTreeSet<String>,
    copies: &[PathBuf],
) -> BTreeMap<String, PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--offline", "--bins", "--keep-going"]);
    command.args(["--message-format", "json-render-diagnostics"]);
    packages.iter().for_each(|package| _ = command.args(["--package", package]));
    if !copies.is_empty() {
        command.arg("--config").arg(format!("paths = {copies:?}"));
    }
    let output = command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", root.join("target/workshop/target"))
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
