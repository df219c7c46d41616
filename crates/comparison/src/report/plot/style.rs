//! Hue, dash and marker of each series: the hue is that of the transport, dash and marker tell who.
//!
//! A colour is written into the SVG as it is, but for its last two bits, which name the dash: the style sheet
//! (`report.css`) dashes lines by them, for plotters cannot. Inks are named by their colour too, so that the style sheet can
//! turn them for a dark page. Without the style sheet, the drawing is one for light paper.

use plotters::{
    element::{Circle, Polygon},
    style::{
        Color, IntoFont, RGBColor, ShapeStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{Area, FINE, TEXT};
use crate::{
    record::{Kind, Subject, Transport},
    report::select::Series,
};

/// Text and axes.
pub const INK: RGBColor = RGBColor(0x1a, 0x1c, 0x1e);
/// Text that stands back.
pub const QUIET: RGBColor = RGBColor(0x59, 0x5c, 0x5f);
/// What lies under a drawing: the hole of a marker.
pub const PAPER: RGBColor = RGBColor(0xfe, 0xfe, 0xfe);
/// The mesh.
pub const MESH: RGBColor = RGBColor(0xe4, 0xe4, 0xdf);
/// The floor, and what is no transport.
pub const GREY: RGBColor = RGBColor(0x83, 0x83, 0x7c);
/// The layers of a stacked bar, from the message outwards.
pub const LAYERS: [RGBColor; 6] = [
    RGBColor(0x17, 0x34, 0x54),
    RGBColor(0x2f, 0x6d, 0xa8),
    RGBColor(0x8f, 0xc1, 0xe8),
    RGBColor(0x6b, 0x5a, 0x8e),
    RGBColor(0xb8, 0xa6, 0xd6),
    RGBColor(0xb4, 0xb4, 0xac),
];

/// How a series looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its hue, the dash in the last bits of blue.
    pub colour: RGBColor,
    /// The shape of its points, from 0.
    pub marker: usize,
}

impl Look {
    /// Its dash as SVG writes it, in drawn units; none for a whole line.
    pub fn dash(&self) -> Option<&'static str> {
        match self.colour.2 & 3 {
            1 => Some("14 8"),
            2 => Some("4 6"),
            3 => Some("20 6 4 6"),
            _ => None,
        }
    }
}

/// The look of each series, in order: within a hue, dashes and markers differ.
pub fn looks(all: &[Series<'_>]) -> Vec<Look> {
    let mut seen: Vec<RGBColor> = vec![];
    let mut of = |series: &Series<'_>| {
        let RGBColor(red, green, blue) = hue(series.subject);
        let before = seen.iter().filter(|other| **other == RGBColor(red, green, blue)).count();
        if series.subject.kind != Kind::Control {
            seen.push(RGBColor(red, green, blue));
        }
        let dash = u8::try_from(before % 4).unwrap_or_default();
        Look {
            colour: RGBColor(red, green, blue & !3 | dash),
            marker: seen.len().saturating_sub(1) % MARKERS,
        }
    };
    all.iter().map(&mut of).collect()
}

/// The hue of a subject, as everywhere in the project.
fn hue(subject: &Subject) -> RGBColor {
    if matches!(subject.kind, Kind::Floor | Kind::Broken) {
        return GREY;
    }
    match subject.transport {
        Transport::Polling | Transport::CoursePolling => RGBColor(0xe6, 0x9f, 0x00),
        Transport::LongPolling => RGBColor(0x56, 0xb4, 0xe9),
        Transport::Http2Streaming | Transport::CourseHttp2 => RGBColor(0x00, 0x9e, 0x73),
        Transport::Websocket if subject.name.contains("tungstenite") => RGBColor(0xcc, 0x79, 0xa7),
        Transport::Websocket => RGBColor(0xd5, 0x5e, 0x00),
        Transport::SocketIoWebsocket | Transport::SocketIoPolling => RGBColor(0x8a, 0x6d, 0x3b),
    }
}

/// How many shapes of points there are.
const MARKERS: usize = 8;

/// Draws the point of a series at a place (drawn units); a hollow one has a hole of the paper's colour.
pub(super) fn draw_marker(on: &Area<'_>, at: (i32, i32), look: Look, hollow: bool) -> Result<(), String> {
    let corners: &[(i32, i32)] = match look.marker {
        1 => &[(-8, -8), (8, -8), (8, 8), (-8, 8)],
        2 => &[(0, -11), (10, 8), (-10, 8)],
        3 => &[(0, 11), (10, -8), (-10, -8)],
        4 => &[(0, -12), (11, 0), (0, 12), (-11, 0)],
        5 => &PLUS,
        6 => &CROSS,
        7 => &[(0, -13), (4, -4), (13, 0), (4, 4), (0, 13), (-4, 4), (-13, 0), (-4, -4)],
        _ => &[],
    };
    if corners.is_empty() {
        on.draw(&Circle::new(at, 9, look.colour.filled())).map_err(text)?;
    } else {
        let points: Vec<_> = corners.iter().map(|(x, y)| (at.0 + x, at.1 + y)).collect();
        on.draw(&Polygon::new(points, look.colour.filled())).map_err(text)?;
    }
    if hollow {
        on.draw(&Circle::new(at, 4, PAPER.filled())).map_err(text)?;
    }
    Ok(())
}

/// An upright cross.
const PLUS: [(i32, i32); 12] = [
    (-3, -11),
    (3, -11),
    (3, -3),
    (11, -3),
    (11, 3),
    (3, 3),
    (3, 11),
    (-3, 11),
    (-3, 3),
    (-11, 3),
    (-11, -3),
    (-3, -3),
];

/// One that lies.
const CROSS: [(i32, i32); 12] = [
    (-10, -6),
    (-6, -10),
    (0, -4),
    (6, -10),
    (10, -6),
    (4, 0),
    (10, 6),
    (6, 10),
    (0, 4),
    (-6, 10),
    (-10, 6),
    (-4, 0),
];

/// What plotters says of a drawing that failed.
pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The style of a text: this colour, this end of it at its place, in the middle of its height.
pub(super) fn letters<'a>(colour: RGBColor, end: HPos) -> TextStyle<'a> {
    // plotters divides the size by 1.24.
    let font = ("sans-serif", f64::from(TEXT * FINE) * 1.24).into_font().color(&colour);
    font.pos(Pos::new(end, VPos::Center))
}

/// A line of this colour, so many half pixels wide.
pub fn stroke(colour: RGBColor, width: u32) -> ShapeStyle {
    colour.stroke_width(width)
}

/// A colour as CSS and SVG write it.
pub fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
