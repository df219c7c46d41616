//! npm's `ws`, installed in a folder of its own under `target`.

use std::{fs, path::PathBuf, process::Command};

use crate::{Outcome, child::target_folder};

pub(crate) const PROGRAM: &str = "node";
pub(crate) const SERVER: &str = "ws.mjs";

const FILES: [(&str, &str); 3] = [
    (SERVER, include_str!("peers/ws.mjs")),
    ("package.json", include_str!("peers/package.json")),
    ("package-lock.json", include_str!("peers/package-lock.json")),
];

/// Where it is installed.
pub(crate) fn folder() -> Outcome<PathBuf> {
    Ok(target_folder()?.join("bench").join("ws"))
}

/// Installs it: gives the versions of Node and of `ws`.
///
/// # Errors
/// Node or npm is missing, or the packages cannot be had.
pub(crate) fn install() -> Outcome<[(String, String); 2]> {
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    for (name, content) in FILES {
        fs::write(folder.join(name), content)?;
    }
    let node = Command::new("node").arg("--version").output().map_err(|_| "node is missing")?;
    let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    let npm = Command::new("npm").args(npm).current_dir(&folder).output().map_err(|_| "npm is missing")?;
    if !npm.status.success() {
        return Err(format!("npm ci failed: {}", String::from_utf8_lossy(&npm.stderr)).into());
    }
    let package = fs::read_to_string(folder.join("node_modules/ws/package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&package)?;
    let version = package["version"].as_str().unwrap_or_default().to_owned();
    let node = String::from_utf8_lossy(&node.stdout).trim().trim_start_matches('v').to_owned();
    Ok([("node".to_owned(), node), ("ws".to_owned(), version)])
}
