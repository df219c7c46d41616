//! The manifest of a starter: a package and a workspace of its own, with the finished crate's dependencies.

use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use crate::{
    source,
    track::{Track, TrackError},
};

/// What stands before the generated manifest.
const HEAD: &str = "\
# Written by `cargo workshop start`. The package and the workspace are its own, so that nothing of it is mixed up with
# the finished crate; the versions are those of the repository.

";

/// The manifest of a package called `name` in `folder`, which stands in the repository at `root`.
///
/// With `workspace` it is the root of a workspace of its own.
///
/// # Errors
///
/// A manifest of the repository cannot be read.
pub fn manifest(
    root: &Path,
    track: &Track,
    name: &str,
    folder: &Path,
    workspace: bool,
) -> Result<String, TrackError> {
    let of_root = table(&root.join("Cargo.toml"))?;
    let of_crate = table(&root.join(&track.from).join("Cargo.toml"))?;
    let shared = get(&of_root, &["workspace", "dependencies"]).cloned().unwrap_or_default();
    let library = track.name.replace('-', "_");
    let mut manifest = Table::new();
    let package = Table::from_iter([
        ("name".to_owned(), Value::from(name)),
        ("version".to_owned(), "0.0.0".into()),
        ("edition".to_owned(), "2024".into()),
        ("publish".to_owned(), false.into()),
    ]);
    manifest.insert("package".to_owned(), package.into());
    manifest.insert("lib".to_owned(), path_table(&library, "src/lib.rs").into());
    manifest.insert("bin".to_owned(), Value::Array(vec![path_table(name, "src/main.rs").into()]));
    let dependencies = get(&of_crate, &["dependencies"]).cloned().unwrap_or_default();
    let resolved = dependencies
        .iter()
        .map(|(name, wanted)| (name.clone(), resolve(root, folder, shared.get(name), wanted)));
    manifest.insert("dependencies".to_owned(), resolved.collect::<Table>().into());
    manifest.insert("lints".to_owned(), unused_allowed().into());
    if workspace {
        manifest.insert("workspace".to_owned(), Table::new().into());
        if let Some(profile) = of_root.get("profile") {
            manifest.insert("profile".to_owned(), profile.clone());
        }
    }
    Ok(format!("{HEAD}{manifest}"))
}

/// A frame with holes imports and prepares what the holes will use.
fn unused_allowed() -> Table {
    let unused =
        Table::from_iter([("level".to_owned(), Value::from("allow")), ("priority".to_owned(), (-1).into())]);
    let rust = Table::from_iter([
        ("unused".to_owned(), Value::from(unused)),
        ("unused_must_use".to_owned(), "warn".into()),
    ]);
    Table::from_iter([("rust".to_owned(), Value::from(rust))])
}

/// The manifest of a shared crate that the learner writes in, for its copy in `folder`; cargo takes the copy for the
/// crate by `paths` of its configuration, where both have the same dependencies.
///
/// `of` is whose copy it is, and stands in its version: cargo tells packages in a target folder by name, version and the
/// way from the workspace to them, so that the copies of two tracks would be taken for each other.
///
/// # Errors
///
/// A manifest of the repository cannot be read.
pub fn shared_manifest(root: &Path, shared: &Path, folder: &Path, of: &str) -> Result<String, TrackError> {
    let of_root = table(&root.join("Cargo.toml"))?;
    let of_crate = table(&root.join(shared).join("Cargo.toml"))?;
    let versions = get(&of_root, &["workspace", "dependencies"]).cloned().unwrap_or_default();
    let inherited = get(&of_root, &["workspace", "package"]).cloned().unwrap_or_default();
    let mut manifest = Table::new();
    let package = of_crate.get("package").and_then(Value::as_table).cloned().unwrap_or_default();
    let package = package.into_iter().map(|(name, value)| {
        let value = if value.is_table() { inherited.get(&name).cloned().unwrap_or(value) } else { value };
        let value = match value.as_str() {
            Some(version) if name == "version" => format!("{version}+{of}").into(),
            _ => value,
        };
        (name, value)
    });
    manifest.insert("package".to_owned(), package.collect::<Table>().into());
    for kind in ["dependencies", "dev-dependencies"] {
        let dependencies = get(&of_crate, &[kind]).cloned().unwrap_or_default();
        let resolved = dependencies
            .iter()
            .map(|(name, wanted)| (name.clone(), resolve(root, folder, versions.get(name), wanted)));
        manifest.insert(kind.to_owned(), resolved.collect::<Table>().into());
    }
    manifest.insert("lints".to_owned(), unused_allowed().into());
    manifest.insert("workspace".to_owned(), Table::new().into());
    Ok(format!("{HEAD}{manifest}"))
}

fn path_table(name: &str, path: &str) -> Table {
    Table::from_iter([("name".to_owned(), Value::from(name)), ("path".to_owned(), path.into())])
}

fn table(path: &Path) -> Result<Table, TrackError> {
    source::read(path)?
        .parse()
        .map_err(|error| TrackError::Syntax { path: path.to_owned(), error: Box::new(error) })
}

fn get<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Table> {
    keys.iter().try_fold(table, |table, key| table.get(*key)?.as_table())
}

/// What the crate wants of a dependency, with what the workspace says of it; paths as seen from `folder`.
fn resolve(root: &Path, folder: &Path, shared: Option<&Value>, wanted: &Value) -> Value {
    let as_table = |value: &Value| match value {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let mut resolved = shared.map(as_table).unwrap_or_default();
    let features = resolved.remove("features").into_iter().chain(wanted.get("features").cloned());
    let features: Vec<_> = features.filter_map(|list| list.as_array().cloned()).flatten().collect();
    if !features.is_empty() {
        resolved.insert("features".to_owned(), features.into());
    }
    if let Some(path) = resolved.get("path").and_then(Value::as_str) {
        let path = relative(folder, &root.join(path));
        resolved.insert("path".to_owned(), path.to_string_lossy().into_owned().into());
    }
    resolved.into()
}

/// The way from a folder to a path, both absolute.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(common).map(|_| Component::ParentDir);
    up.chain(to.into_iter().skip(common)).collect()
}
