//! Renders the walkthrough into the program: a page whose directive does not resolve fails the build.

use std::{env, fmt::Write as _, fs, io, path::Path, process::ExitCode};

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes each page into the build's folder, and a table of them that the program includes.
fn embed() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", root.join("web/walkthrough").display());
    let walkthrough = walkthrough::render(&root)?;
    for input in &walkthrough.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    let out = env::var("OUT_DIR")?;
    let mut table = String::from("&[\n");
    for (number, page) in walkthrough.pages.iter().enumerate() {
        let path = Path::new(&out).join(format!("page-{number}.html"));
        fs::write(&path, &page.html)?;
        writeln!(table, "({:?}, include_str!({path:?})),", page.path).map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&out).join("pages.rs"), table)?;
    Ok(())
}
