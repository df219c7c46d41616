//! Measured points over a parameter, joined, with the interval of each; theory's lines between them.

use plotters::{
    chart::ChartBuilder,
    element::{Circle, PathElement, Text},
    series::LineSeries,
    style::{Color, RGBColor, text_anchor::HPos},
};

use super::{
    Area, Error, FINE, HEIGHT, Panel, TEXT, WIDTH,
    axis::Axis,
    panel,
    style::{self, Look, draw_marker, letters, stroke, text},
    text_width,
};

/// A series as a line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name, written beside its end.
    pub title: String,
    /// Its hue, dash and marker.
    pub look: Look,
    /// What was measured, from left to right.
    pub points: Vec<Point>,
}

/// A measured point.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Where on the horizontal axis.
    pub x: f64,
    /// The median.
    pub y: f64,
    /// Its interval; none where the point is of a distribution.
    pub interval: Option<(f64, f64)>,
    /// True if it leaves its theory: a ring stands round it.
    pub flagged: bool,
    /// True if it has a marker; the points of a distribution are too many.
    pub marked: bool,
}

/// What theory expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Theory {
    /// Whose, for the label.
    pub title: String,
    /// The line.
    pub points: Vec<(f64, f64)>,
}

/// What a panel of lines shows.
#[derive(Clone, Debug)]
pub struct Lines {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The series.
    pub lines: Vec<Line>,
    /// Theory's lines.
    pub theory: Vec<Theory>,
}

/// How wide a line is (drawn units): by this the style sheet knows which to dash.
pub const LINE: u32 = 5;

/// A place in the drawing.
type Place = (i32, i32);

/// What is written beside the end of a line.
struct Label {
    title: String,
    colour: RGBColor,
    /// None of theory.
    look: Option<Look>,
    end: Place,
}

impl Lines {
    /// Draws the panel.
    ///
    /// # Errors
    ///
    /// plotters cannot draw it.
    pub fn draw(&self, plot: &'static str, title: &str, label: &str) -> Result<Panel, Error> {
        panel(plot, title, label, HEIGHT, |on| self.on(on))
    }

    /// Whether points have markers at all: those of distributions are too many.
    fn is_marked(&self) -> bool {
        self.lines.iter().flat_map(|line| &line.points).any(|point| point.marked)
    }

    fn on(&self, area: &Area<'_>) -> Result<(), String> {
        let names =
            self.lines.iter().map(|line| &line.title).chain(self.theory.iter().map(|theory| &theory.title));
        let beside = names.map(|name| text_width(name)).max().unwrap_or_default() + 42 * FINE;
        let ticks = self.y.said().map(|tick| text_width(&tick)).max().unwrap_or_default();
        let mut chart = ChartBuilder::on(area)
            .set_label_area_size(plotters::chart::LabelAreaPosition::Left, ticks + 10 * FINE)
            .set_label_area_size(plotters::chart::LabelAreaPosition::Bottom, 26 * FINE)
            .margin_top(34 * FINE)
            .margin_right(beside)
            .margin_bottom(24 * FINE)
            .build_cartesian_2d(self.x.clone(), self.y.clone())
            .map_err(text)?;
        chart
            .configure_mesh()
            .bold_line_style(stroke(style::MESH, 2))
            .axis_style(stroke(style::GREY, 2))
            .label_style(letters(style::INK, HPos::Center))
            .draw()
            .map_err(text)?;
        for theory in &self.theory {
            let points = theory.points.iter().map(|(x, y)| (self.x.place(*x), self.y.place(*y)));
            chart.draw_series(LineSeries::new(points, stroke(style::QUIET, LINE))).map_err(text)?;
        }
        for line in &self.lines {
            let points = line.points.iter().map(|point| (self.x.place(point.x), self.y.place(point.y)));
            chart.draw_series(LineSeries::new(points, stroke(line.look.colour, LINE))).map_err(text)?;
        }
        let place = |x: f64, y: f64| chart.backend_coord(&(self.x.place(x), self.y.place(y)));
        area.draw(&Text::new(self.y.title.clone(), (0, 14 * FINE), letters(style::INK, HPos::Left)))
            .map_err(text)?;
        // It ends where the axis does, unless it would begin outside.
        let below = ((WIDTH * FINE - beside).max(text_width(&self.x.title)), (HEIGHT - 14) * FINE);
        area.draw(&Text::new(self.x.title.clone(), below, letters(style::INK, HPos::Right))).map_err(text)?;
        for line in &self.lines {
            for point in &line.points {
                draw_point(area, point, line.look, &place)?;
            }
        }
        self.write_labels(area, WIDTH * FINE - beside, &place)
    }

    /// Writes each line's name beside its end, none over another, with a thread to the line where it had to move.
    fn write_labels(
        &self,
        area: &Area<'_>,
        edge: i32,
        place: &dyn Fn(f64, f64) -> Place,
    ) -> Result<(), String> {
        let measured = self.lines.iter().filter_map(|line| {
            let last = line.points.last()?;
            let look = Some(line.look);
            Some(Label {
                title: line.title.clone(),
                colour: line.look.colour,
                look,
                end: place(last.x, last.y),
            })
        });
        let expected = self.theory.iter().filter_map(|theory| {
            let (x, y) = theory.points.last()?;
            Some(Label { title: theory.title.clone(), colour: style::QUIET, look: None, end: place(*x, *y) })
        });
        let mut labels: Vec<_> = measured.chain(expected).collect();
        labels.sort_by_key(|label| label.end.1);
        let wanted: Vec<_> = labels.iter().map(|label| label.end.1).collect();
        let heights = spread(&wanted, (TEXT + 2) * FINE, 34 * FINE, (HEIGHT - 50) * FINE);
        for (label, height) in labels.iter().zip(heights) {
            let thread = [
                (label.end.0 + 6 * FINE, label.end.1),
                (edge + 4 * FINE, label.end.1),
                (edge + 12 * FINE, height),
            ];
            area.draw(&PathElement::new(thread, stroke(style::GREY, 1))).map_err(text)?;
            let sample = [(edge + 14 * FINE, height), (edge + 36 * FINE, height)];
            area.draw(&PathElement::new(sample, stroke(label.colour, LINE))).map_err(text)?;
            if let Some(look) = label.look.filter(|_| self.is_marked()) {
                draw_marker(area, (edge + 25 * FINE, height), look, false)?;
            }
            let ink = if label.look.is_some() { style::INK } else { style::QUIET };
            let written =
                Text::new(label.title.clone(), (edge + 40 * FINE, height), letters(ink, HPos::Left));
            area.draw(&written).map_err(text)?;
        }
        Ok(())
    }
}

/// The interval, the marker, and the ring of a point.
fn draw_point(
    area: &Area<'_>,
    point: &Point,
    look: Look,
    place: &dyn Fn(f64, f64) -> Place,
) -> Result<(), String> {
    let at = place(point.x, point.y);
    if let Some((low, high)) = point.interval {
        let (bottom, top) = (place(point.x, low), place(point.x, high));
        let cap =
            |(x, y): Place| PathElement::new([(x - 4 * FINE, y), (x + 4 * FINE, y)], stroke(look.colour, 3));
        area.draw(&PathElement::new([bottom, top], stroke(look.colour, 3))).map_err(text)?;
        area.draw(&cap(bottom)).map_err(text)?;
        area.draw(&cap(top)).map_err(text)?;
    }
    if point.marked {
        draw_marker(area, at, look, false)?;
    }
    if point.flagged {
        area.draw(&Circle::new(at, 9 * FINE, style::INK.stroke_width(3))).map_err(text)?;
    }
    Ok(())
}

/// Heights as near to those wanted (in ascending order) as lets them stand `apart` between `top` and `bottom`.
fn spread(wanted: &[i32], apart: i32, top: i32, bottom: i32) -> Vec<i32> {
    let mut heights = vec![];
    let mut least = top;
    for height in wanted {
        let height = (*height).max(least);
        heights.push(height);
        least = height + apart;
    }
    let mut most = bottom;
    for height in heights.iter_mut().rev() {
        *height = (*height).min(most);
        most = *height - apart;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn labels_keep_their_distance_and_stay_inside() {
        assert_eq!(spread(&[100, 100, 100], 20, 0, 200), [100, 120, 140]);
        assert_eq!(spread(&[190, 195, 200], 20, 0, 200), [160, 180, 200]);
        assert_eq!(spread(&[10, 150], 20, 0, 200), [10, 150]);
    }
}
