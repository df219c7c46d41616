//! The report: a record as one page that opens offline, with its histograms and a table beside it.
//!
//! - [`summary`]: what it says, in one paragraph
//! - [`notices`]: what must be known before
//! - [`questions`]: the plots, by [`plot`]
//! - [`calculator`]: what it would cost you
//! - [`method`]: the faults of other comparisons, and the answers
//! - [`tables`], [`page`], [`style_sheet`]: how all this stands on the page
//! - [`markdown`]: the table for a README
//! - [`select`], [`words`]: which cases stand beside one another, and how numbers are said

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    figures,
    record::{Histogram, Record},
};

pub mod calculator;
pub mod markdown;
pub mod method;
pub mod notices;
pub mod page;
pub mod plot;
pub mod questions;
pub mod select;
pub mod style_sheet;
pub mod summary;
pub mod tables;
pub mod words;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A plot cannot be drawn.
    #[error(transparent)]
    Plot(#[from] plot::Error),
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The page as text.
///
/// # Errors
///
/// A plot cannot be drawn.
pub fn html(record: &Record) -> Result<String, Error> {
    let view = questions::View::of(record);
    let answers = questions::answers(&view)?;
    Ok(page::page(&view, &answers))
}

/// Writes `report.html`, `record.json`, `histograms.json`, `table.md` and, where there is data for it, `calculator.html`
/// into a folder, which it makes if it must; says where the page is.
///
/// # Errors
///
/// A plot cannot be drawn, a file not be written.
pub fn write(record: &Record, folder: &Path) -> Result<PathBuf, Error> {
    let page = folder.join("report.html");
    let put =
        |path: PathBuf, text: String| fs::write(&path, text).map_err(|source| Error::Write { path, source });
    fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    put(page.clone(), html(record)?)?;
    put(folder.join("histograms.json"), histograms(record))?;
    put(folder.join("table.md"), markdown::table(record))?;
    if let Some(controls) = calculator::controls(&questions::View::of(record)) {
        put(folder.join("calculator.html"), controls.into_string())?;
    }
    let path = folder.join("record.json");
    record.write(&path).map_err(|source| Error::Write { path, source })?;
    Ok(page)
}

/// Writes the report of a record in a file, and says where it is.
///
/// # Errors
///
/// A sentence: the file is no record, or the report cannot be written.
pub fn command(record: &Path, folder: &Path) -> Result<String, String> {
    let mut record = Record::read(record).map_err(|error| error.to_string())?;
    figures::conclude(&mut record.cases, &record.subjects);
    record.control = figures::control(&record.cases, &record.subjects);
    let page = write(&record, folder).map_err(|error| error.to_string())?;
    Ok(format!("{}\n", page.display()))
}

/// The histograms of each case, all its repetitions together: by case, by what was timed, `[[up to µs, count], …]`.
fn histograms(record: &Record) -> String {
    let of = |case: &crate::record::Case| {
        let merged =
            |pick: fn(&crate::record::Run) -> &Histogram| Histogram::merged(case.runs.iter().map(pick));
        let timed = [
            ("delivery", merged(|run| &run.delivery)),
            ("answer", merged(|run| &run.answer)),
            ("first_cold", merged(|run| &run.first_cold)),
            ("first_warm", merged(|run| &run.first_warm)),
        ];
        let timed = timed.into_iter().filter(|(_, of)| of.count > 0).map(|(name, of)| (name, of.buckets));
        (case.id.clone(), timed.collect::<BTreeMap<_, _>>())
    };
    let all: BTreeMap<_, _> = record.cases.iter().map(of).filter(|(_, timed)| !timed.is_empty()).collect();
    serde_json::to_string(&all).unwrap_or_default()
}
