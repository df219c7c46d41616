//! The subjects' programs: built and installed where they are missing, with their versions.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
};

use crate::{
    server::{peers, programs},
    subjects::{Entry, Program},
};

/// What was found of the subjects' programs.
#[derive(Debug, Default)]
pub struct Found {
    /// Versions by name.
    pub versions: BTreeMap<String, String>,
    /// Why subjects must be left out, by name.
    pub left_out: BTreeMap<&'static str, String>,
}

/// Sees to it that all programs of these subjects are there. `say` hears a line at each step that takes long.
pub fn prepare(entries: &[&'static Entry], say: &mut dyn FnMut(&str)) -> Found {
    let mut found = Found::default();
    let version = |name: &str, arguments: &[&str]| first_line(Command::new(name).args(arguments));
    found.versions.insert("comparison".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let commit = ["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--abbrev=12"];
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    found.versions.insert("profile".to_owned(), profile.to_owned());
    for (name, of) in [
        ("commit", version("git", &commit)),
        ("rustc", version("rustc", &["--version"])),
        ("node", version("node", &["--version"])),
    ] {
        found.versions.extend(of.map(|version| (name.to_owned(), version)));
    }
    found.versions.extend(locked_crates());
    let why = build(entries, say).err();
    let no_node = node(entries, &mut found.versions, say).err();
    for entry in entries {
        let reason = match entry.program {
            Program::Binary(name) => why.clone().filter(|_| !is_there(name)),
            Program::Node(_) => no_node.clone(),
            Program::Own(_) => None,
        };
        found.left_out.extend(reason.map(|reason| (entry.name, reason)));
    }
    found
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned())
}

fn is_there(name: &str) -> bool {
    programs().is_ok_and(|folder| folder.join(name).exists())
}

/// Builds the workspace's programs with Cargo, which does nothing where they are up to date.
fn build(entries: &[&Entry], say: &mut dyn FnMut(&str)) -> Result<(), String> {
    let mut house: Vec<&str> = Vec::new();
    let mut peers: Vec<&str> = Vec::new();
    for entry in entries {
        if let Program::Binary(name) = entry.program {
            let names = if name.starts_with("peer-") { &mut peers } else { &mut house };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    // Each by itself, as people build it: packages built together share the features of all.
    for name in house {
        cargo(&["-p", name], name, say)?;
    }
    for name in peers {
        cargo(&["-p", "comparison", "--bin", name], name, say)?;
    }
    Ok(())
}

fn cargo(arguments: &[&str], name: &str, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    if !is_there(name) {
        say(&format!("building {name}"));
    }
    let folder = programs().map_err(|error| error.to_string())?;
    let profile = if folder.ends_with("release") { &["--release"][..] } else { &[] };
    let mut command = Command::new("cargo");
    command.args(["build", "--quiet"]).args(profile).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    if let Some(target) = folder.parent() {
        command.env("CARGO_TARGET_DIR", target);
    }
    let output = command.output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("cargo build of {name} failed: {}", errors.lines().next().unwrap_or("no reason given")))
}

/// Installs the packages of Node's peers as their lock file says.
fn node(
    entries: &[&Entry],
    versions: &mut BTreeMap<String, String>,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    if !entries.iter().any(|entry| matches!(entry.program, Program::Node(_))) {
        return Ok(());
    }
    if !versions.contains_key("node") {
        return Err("Node is missing".to_owned());
    }
    let folder = peers();
    let read = |path: &str| fs::read_to_string(folder.join(path)).ok();
    // npm leaves a copy of what it installed there.
    let lock = read("package-lock.json").ok_or("package-lock.json of the peers is missing")?;
    let stamp = folder.join("node_modules/.crosstalk-lock.json");
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&lock) {
        say("installing npm packages");
        let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
        let output = Command::new("npm").args(install).current_dir(&folder).output();
        let output = output.map_err(|error| format!("npm cannot be run: {error}"))?;
        if !output.status.success() {
            return Err(format!("npm ci failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        // Without the stamp it is installed again next time.
        let _ = fs::write(&stamp, &lock);
    }
    let manifest: serde_json::Value = read("package.json")
        .and_then(|manifest| serde_json::from_str(&manifest).ok())
        .ok_or("package.json of the peers cannot be read")?;
    let packages = manifest.get("dependencies").and_then(|packages| packages.as_object());
    for (name, version) in packages.into_iter().flatten() {
        versions.insert(format!("npm {name}"), version.as_str().unwrap_or_default().to_owned());
    }
    Ok(())
}

/// Versions of the crates that make subjects what they are, from the lock file of the workspace.
fn locked_crates() -> BTreeMap<String, String> {
    const TELLING: &[&str] =
        &["axum", "fastwebsockets", "h2", "hyper", "rustls", "tokio", "tokio-tungstenite", "tungstenite"];
    let lock = include_str!("../../../Cargo.lock");
    let package = |block: &str| {
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim_matches([' ', '=', '"']).to_owned())
        };
        Some((field("name")?, field("version")?))
    };
    let mut versions: BTreeMap<String, String> = BTreeMap::new();
    for (name, version) in lock.split("[[package]]").filter_map(package) {
        if TELLING.contains(&name.as_str()) {
            // Two versions of a crate may be in use: axum has its own of tungstenite.
            let listed = versions.entry(format!("crate {name}")).or_default();
            *listed = if listed.is_empty() { version } else { format!("{listed}, {version}") };
        }
    }
    versions
}
