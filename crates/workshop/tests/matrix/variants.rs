//! Variants of a transport: one workspace, a package of its own name for each, so that no stale program runs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use workshop::{manifest::manifest, process::Program, track::Track};

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
