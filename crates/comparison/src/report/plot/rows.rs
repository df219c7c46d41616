//! One row a series: points with their intervals, or stacked bars, and the value in words.

use plotters::{
    chart::{ChartBuilder, LabelAreaPosition},
    element::{Circle, PathElement, Rectangle, Text},
    style::{Color, RGBColor, text_anchor::HPos},
};

use super::{
    Area, Error, FINE, Panel, ROW, WIDTH,
    axis::Axis,
    panel,
    style::{self, Look, draw_marker, letters, stroke, text},
    text_width,
};

/// What stands above and below the rows (viewer's units): a margin, the ticks, and what the axis is.
const AROUND: i32 = 58;

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name, written before it.
    pub title: String,
    /// Points on it.
    pub dots: Vec<Dot>,
    /// Parts of a bar, one after the other.
    pub parts: Vec<(f64, RGBColor)>,
    /// The value in words, written behind it.
    pub says: String,
}

/// A point of a row.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    /// The median.
    pub x: f64,
    /// Its interval.
    pub interval: (f64, f64),
    /// What theory expects: a short upright line.
    pub expected: Option<f64>,
    /// True if it leaves its theory: a ring stands round it.
    pub flagged: bool,
    /// True if it is the second of two things on one row.
    pub hollow: bool,
    /// Its hue and marker.
    pub look: Look,
}

/// What a panel of rows shows.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The horizontal axis.
    pub x: Axis,
    /// From the top down.
    pub rows: Vec<Row>,
}

impl Rows {
    /// Draws the panel.
    ///
    /// # Errors
    ///
    /// plotters cannot draw it.
    pub fn draw(&self, plot: &'static str, title: &str, label: &str) -> Result<Panel, Error> {
        let rows = i32::try_from(self.rows.len()).unwrap_or(i32::MAX / 1_000);
        panel(plot, title, label, rows * ROW + AROUND, |on| self.on(on))
    }

    fn on(&self, area: &Area<'_>) -> Result<(), String> {
        let widest =
            |of: fn(&Row) -> &str| self.rows.iter().map(|row| text_width(of(row))).max().unwrap_or_default();
        let before = widest(|row| &row.title) + 8 * FINE;
        let behind = widest(|row| &row.says) + 10 * FINE;
        let mut chart = ChartBuilder::on(area)
            .set_label_area_size(LabelAreaPosition::Bottom, 26 * FINE)
            .margin_top(8 * FINE)
            .margin_left(before)
            .margin_right(behind)
            .margin_bottom(24 * FINE)
            .build_cartesian_2d(
                self.x.clone().fitting(WIDTH * FINE - before - behind),
                Axis::rows(self.rows.len()),
            )
            .map_err(text)?;
        chart
            .configure_mesh()
            .bold_line_style(stroke(style::MESH, 2))
            .axis_style(stroke(style::GREY, 2))
            .label_style(letters(style::INK, HPos::Center))
            .draw()
            .map_err(text)?;
        let place = |x: f64, row: f64| chart.backend_coord(&(self.x.place(x), row));
        let bottom = i32::try_from(self.rows.len()).unwrap_or_default() * ROW + AROUND - 14;
        let title = Text::new(
            self.x.title.clone(),
            (WIDTH * FINE - behind, bottom * FINE),
            letters(style::INK, HPos::Right),
        );
        area.draw(&title).map_err(text)?;
        for (index, row) in self.rows.iter().enumerate() {
            let middle = index as f64 + 0.5;
            let (_, height) = place(0.0, middle);
            let write = |words: &str, x: i32, end: HPos| {
                area.draw(&Text::new(words.to_owned(), (x, height), letters(style::INK, end))).map_err(text)
            };
            write(&row.title, before - 8 * FINE, HPos::Right)?;
            write(&row.says, WIDTH * FINE - behind + 8 * FINE, HPos::Left)?;
            draw_parts(area, row, &|x| place(x, middle).0, height)?;
            for dot in &row.dots {
                draw_dot(area, dot, &|x| (place(x, middle).0, height))?;
            }
        }
        Ok(())
    }
}

/// The bar of a row, a gap of the paper's colour between its parts.
fn draw_parts(area: &Area<'_>, row: &Row, place: &dyn Fn(f64) -> i32, height: i32) -> Result<(), String> {
    let mut from = 0.0;
    for (length, colour) in &row.parts {
        let (left, right) = (place(from), place(from + length));
        from += length;
        if right > left {
            let corners = [(left, height - 8 * FINE), (right, height + 8 * FINE)];
            area.draw(&Rectangle::new(corners, colour.filled())).map_err(text)?;
            let gap = [(right, height - 8 * FINE), (right, height + 8 * FINE)];
            area.draw(&PathElement::new(gap, stroke(style::PAPER, 1))).map_err(text)?;
        }
    }
    Ok(())
}

/// The interval, the marker, theory's mark and the ring of a point.
fn draw_dot(area: &Area<'_>, dot: &Dot, place: &dyn Fn(f64) -> (i32, i32)) -> Result<(), String> {
    let (low, high) = (place(dot.interval.0), place(dot.interval.1));
    let upright = |(x, y): (i32, i32), half: i32| [(x, y - half * FINE), (x, y + half * FINE)];
    if let Some(expected) = dot.expected {
        area.draw(&PathElement::new(upright(place(expected), 10), stroke(style::INK, 3))).map_err(text)?;
    }
    area.draw(&PathElement::new([low, high], stroke(dot.look.colour, 4))).map_err(text)?;
    for end in [low, high] {
        area.draw(&PathElement::new(upright(end, 5), stroke(dot.look.colour, 3))).map_err(text)?;
    }
    draw_marker(area, place(dot.x), dot.look, dot.hollow)?;
    if dot.flagged {
        area.draw(&Circle::new(place(dot.x), 9 * FINE, style::INK.stroke_width(3))).map_err(text)?;
    }
    Ok(())
}
