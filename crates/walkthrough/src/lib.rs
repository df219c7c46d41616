//! The walkthrough: pages in Markdown whose code, octets, steps and figures come from the repository itself.
//!
//! A directive that does not resolve fails the build of `side-by-side`, whose build script calls [`render`], with the
//! file, the line and the rule. How a page is written stands in `web/walkthrough/README.md`.
//!
//! - `blocks`: a page taken apart: headings, prose, directives, fences
//! - `page`: its sections, their minutes and names
//! - `prose`: Markdown, and what a link may be
//! - `material`: what directives show: tracks, regions, mistakes, recordings, diagrams
//! - `figures`: tables and the calculator of what was measured
//! - `directive`, `conversation`, `code`: how they show it
//! - `plan`, `timetable`: what is taught in half a day, a day and two days, and how a page shows it
//! - `frame`: what stands around each page

mod blocks;
mod code;
mod conversation;
mod directive;
mod figures;
mod frame;
mod material;
mod page;
mod plan;
mod prose;
mod timetable;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use material::Material;
use page::Page;

/// Where the pages are, in the repository.
const PAGES: &str = "web/walkthrough";

/// The walkthrough, to be served.
#[derive(Debug)]
pub struct Walkthrough {
    /// Its pages, the contents first.
    pub pages: Vec<Rendered>,
    /// The files and folders that they were made of.
    pub inputs: Vec<PathBuf>,
    /// The regions that stand in a page, as `TRACK/REGION`, with the page.
    pub regions: BTreeMap<String, String>,
}

/// A page, to be served.
#[derive(Debug)]
pub struct Rendered {
    /// The path that it is served under, such as `/walkthrough/opening`.
    pub path: String,
    /// The whole document.
    pub html: String,
}

/// Why a page cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {rule}", path.display())]
pub struct PageError {
    /// The page, from the root of the repository.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The rule that the line breaks.
    pub rule: String,
}

/// A rule that a line breaks: the line, counted from 1, and the rule.
type Broken = (usize, String);

/// Renders the pages of the repository at `root`.
///
/// # Errors
///
/// The first rule that a page breaks: a directive that does not resolve, a link within that leads nowhere, a region
/// that stands twice; or a file that cannot be read.
pub fn render(root: &Path) -> Result<Walkthrough, PageError> {
    let material = Material::read(root).map_err(|(path, rule)| PageError {
        path: path.to_owned(),
        line: 1,
        rule: rule.clone(),
    })?;
    let mut pages = Vec::new();
    let folder = root.join(PAGES);
    let cannot = |error: &std::io::Error| PageError { path: PAGES.into(), line: 1, rule: error.to_string() };
    let mut names: Vec<_> = fs::read_dir(&folder)
        .and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        })
        .map_err(|error| cannot(&error))?;
    names.retain(|name| name.ends_with(".md") && name != "README.md");
    // The contents come first, whatever they are called.
    names.sort_by_key(|name| (name != "index.md", name.clone()));
    for name in names {
        let text = fs::read_to_string(folder.join(&name)).map_err(|error| cannot(&error))?;
        pages.push((name, text));
    }
    render_pages(&material, &pages)
}

/// Renders pages, each the name of a file and its text.
fn render_pages(material: &Material, texts: &[(String, String)]) -> Result<Walkthrough, PageError> {
    let place = |name: &str| {
        let path = Path::new(PAGES).join(name);
        move |(line, rule): Broken| PageError { path: path.clone(), line, rule }
    };
    let mut pages = Vec::new();
    for (name, text) in texts {
        pages.push(Page::parse(name, text, material).map_err(place(name))?);
    }
    let anchors: BTreeSet<String> = pages.iter().flat_map(Page::anchors).collect();
    let mut rendered = Vec::new();
    let mut regions = BTreeMap::new();
    let mut inputs = material.inputs.clone();
    for (at, page) in pages.iter().enumerate() {
        let shown = page.html(material, &anchors, &pages).map_err(place(&page.file))?;
        for (line, region) in shown.regions {
            if let Some(first) = regions.insert(region.clone(), page.file.clone()) {
                let rule =
                    format!("the region {region} must stand in one page only; it is in {first} already");
                return Err(place(&page.file)((line, rule)));
            }
        }
        inputs.extend(shown.files);
        let html = frame::html(&pages, &material.plans, at, &shown.body);
        rendered.push(Rendered { path: page.path(), html });
    }
    Ok(Walkthrough { pages: rendered, inputs, regions })
}

#[cfg(test)]
mod tests;
