//! Plots: drawn by `plotters` as SVG, text as text, with colours that the page's style sheet sets for light and dark.
//!
//! - this file: the plot as the page shows it
//! - [`style`]: hue, dash and marker of each series
//! - [`axis`]: where ticks stand, and what they say
//! - [`lines`]: measured points over a parameter, with intervals, and theory's line
//! - [`rows`]: one row a series, as points with intervals or as stacked bars

use maud::{PreEscaped, html};
use plotters::{
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea},
    prelude::SVGBackend,
};

pub mod axis;
pub mod lines;
pub mod rows;
pub mod style;

/// Drawn units a unit of the viewer: plotters puts everything on whole units, and half a pixel is fine enough.
pub const FINE: i32 = 2;
/// The width of a panel (viewer's units); on a phone it shrinks by a quarter, and its text can still be read.
pub const WIDTH: i32 = 460;

/// What a plot answers, and its panels.
#[derive(Clone, Debug)]
pub struct Plot {
    /// A name for links, unique in a report.
    pub id: &'static str,
    /// The question that it answers, as its title.
    pub question: &'static str,
    /// What was held still, which interval is shown, how to read it.
    pub caption: String,
    /// The drawings.
    pub panels: Vec<Panel>,
    /// The same as a table.
    pub table: Table,
}

/// One drawing.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What this one shows of the whole; empty if it is the only one.
    pub title: String,
    /// `<svg …>`.
    pub svg: String,
}

/// A table of texts.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows; their first cell names them.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What it says; a dash where nothing was measured.
    pub text: String,
    /// The case that it comes from.
    pub case: Option<String>,
    /// True if it leaves its theory.
    pub flagged: bool,
}

impl Cell {
    /// Only a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Nothing was measured.
    pub fn none() -> Self {
        Self::text("–")
    }
}

/// A drawing that failed: plotters has no way to fail while it writes to a string, so this says which rule it broke.
#[derive(Debug, thiserror::Error)]
#[error("plotters cannot draw {plot}: {reason}")]
pub struct Error {
    /// The plot's id.
    pub plot: &'static str,
    /// What plotters said.
    pub reason: String,
}

/// The height of a panel of lines (viewer's units).
pub const HEIGHT: i32 = 340;
/// The height of a row (viewer's units).
pub const ROW: i32 = 26;
/// The size of text (viewer's units).
pub const TEXT: i32 = 14;

/// An area that is drawn on.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws a panel of this height (viewer's units), and makes of plotters' SVG one that a page can hold: of no fixed size,
/// and with a name for those who do not see it.
pub(super) fn panel(
    plot: &'static str,
    title: &str,
    label: &str,
    height: i32,
    draw: impl FnOnce(&Area<'_>) -> Result<(), String>,
) -> Result<Panel, Error> {
    let error = |reason: String| Error { plot, reason };
    let (width, height) = (WIDTH * FINE, height * FINE);
    let size = (width.unsigned_abs(), height.unsigned_abs());
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&area).map_err(error)?;
        area.present().map_err(|failed| error(failed.to_string()))?;
    }
    let drawing = svg.split_once('>').and_then(|(_, rest)| rest.trim_end().strip_suffix("</svg>"));
    let drawing = drawing.ok_or_else(|| error("it is no SVG".to_owned()))?;
    let drawing = drawing.replace(">\n", ">").replace("\n<", "<").replace(" opacity=\"1\"", "");
    let view = format!("0 0 {width} {height}");
    let svg = html! { svg viewBox=(view) role="img" aria-label=(label) { (PreEscaped(drawing)) } };
    Ok(Panel { title: title.to_owned(), svg: svg.into_string() })
}

/// How wide a text will be, about (drawn units): the browser chooses the font.
pub(super) fn text_width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100) * TEXT * FINE * 58 / 100
}
