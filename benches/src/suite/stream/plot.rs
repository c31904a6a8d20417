//! The picture of suite `stream`: a panel per budget, compute by reading time to the right, wall time by the plan's
//! bound upwards, on logarithmic scales; 1 is the least possible.

use super::layers::{BUDGETS, LAYERS, Order, RATIOS, point};
use crate::row::Row;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::fmt::Display;
use std::path::Path;
use stratal::{Error, ErrorKind, Result};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = std::result::Result<(), DrawingAreaErrorKind<std::io::Error>>;

const WIDTH: i32 = 980;
const HEIGHT: i32 = 360;
const PANEL: i32 = 270;
const LEFT: i32 = 70;
const GAP: i32 = 30;
const TOP: i32 = 78;
const BOTTOM: i32 = HEIGHT - 62;
/// Wall by bound at the bottom and the top of the scale; what lies beyond is drawn at the end.
const SCALE: (f64, f64) = (0.9, 16.0);
const TICKS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];

const INK: RGBColor = RGBColor(40, 44, 52);
const FAINT: RGBColor = RGBColor(222, 225, 230);
const RED: RGBColor = RGBColor(208, 32, 56);
const BLUE: RGBColor = RGBColor(0, 114, 178);

/// Draws the cyclic points to an SVG file.
///
/// # Errors
/// `Missing` without any; `Io` where the file cannot be written.
pub(crate) fn plot(rows: &[Row], path: &Path) -> Result<()> {
    if !BUDGETS.iter().any(|&budget| RATIOS.iter().any(|(_, name)| found(rows, budget, name).is_some())) {
        return Err(Error::new(ErrorKind::Missing, "a plot needs cyclic points of suite stream"));
    }
    let root = SVGBackend::new(path, (WIDTH as u32, HEIGHT as u32)).into_drawing_area();
    draw(&root, rows).map_err(|error| failed(path, error))?;
    root.present().map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: impl Display) -> Error {
    Error::new(ErrorKind::Io, format!("the plot was not written: {error}")).with("file", path.display())
}

/// Wall by bound of ours and of the mapping.
fn found(rows: &[Row], budget: u64, ratio: &str) -> Option<(f64, Option<f64>)> {
    let point = point(Order::Cyclic, budget, ratio);
    let of = |rival: &str| rows.iter().find(|row| row.point == point && row.rival.contains(rival));
    let goal = of("R2")?;
    let bound = goal.limit?;
    Some((goal.ours / bound, of("mmap").map(|row| row.rival_value / bound)))
}

fn draw(root: &Area, rows: &[Row]) -> Drawn {
    root.fill(&WHITE)?;
    let title = "wall time of a pass by the least that its plan allows";
    text(root, title, (LEFT, 24), 16, INK, HPos::Left)?;
    for (at, (name, colour)) in
        [("stratal", RED), ("mmap in a cgroup of the same bytes", BLUE)].into_iter().enumerate()
    {
        let x = LEFT + 430 + 100 * at as i32;
        root.draw(&Circle::new((x, 24), 5, colour.filled()))?;
        text(root, name, (x + 12, 24), 14, colour, HPos::Left)?;
    }
    for (at, &budget) in BUDGETS.iter().enumerate() {
        let left = LEFT + at as i32 * (PANEL + GAP);
        panel(root, left, &format!("{budget} of {LAYERS} layers resident"), at == 0)?;
        let points: Vec<_> = RATIOS.iter().map(|(_, name)| found(rows, budget, name)).collect();
        line(root, left, BLUE, points.iter().map(|found| found.and_then(|(_, mapped)| mapped)))?;
        line(root, left, RED, points.iter().map(|found| found.map(|(ours, _)| ours)))?;
    }
    let middle = LEFT + (3 * PANEL + 2 * GAP) / 2;
    text(root, "compute time by reading time of a layer", (middle, HEIGHT - 18), 14, INK, HPos::Center)
}

/// The frame of a panel.
fn panel(root: &Area, left: i32, title: &str, numbered: bool) -> Drawn {
    text(root, title, (left, TOP - 20), 14, INK, HPos::Left)?;
    for tick in TICKS {
        let y = height(tick);
        let style = if tick == 1.0 { INK.stroke_width(1) } else { FAINT.stroke_width(1) };
        root.draw(&PathElement::new([(left, y), (left + PANEL, y)], style))?;
        if numbered {
            text(root, &format!("{tick} x"), (left - 10, y), 13, INK, HPos::Right)?;
        }
    }
    for (at, (_, name)) in RATIOS.iter().enumerate() {
        text(root, name, (along(left, at), BOTTOM + 16), 13, INK, HPos::Center)?;
    }
    Ok(())
}

/// A contender's points, joined, each with its number.
fn line(root: &Area, left: i32, colour: RGBColor, values: impl Iterator<Item = Option<f64>>) -> Drawn {
    let places: Vec<_> = values
        .enumerate()
        .filter_map(|(at, value)| value.map(|value| ((along(left, at), height(value)), value)))
        .collect();
    root.draw(&PathElement::new(
        places.iter().map(|(place, _)| *place).collect::<Vec<_>>(),
        colour.stroke_width(2),
    ))?;
    for ((x, y), value) in places {
        root.draw(&Circle::new((x, y), 5, colour.filled()))?;
        text(root, &format!("{value:.2}"), (x, y - 13), 12, colour, HPos::Center)?;
    }
    Ok(())
}

fn along(left: i32, at: usize) -> i32 {
    left + 22 + at as i32 * (PANEL - 44) / (RATIOS.len() as i32 - 1)
}

fn height(value: f64) -> i32 {
    let (low, high) = SCALE;
    let share = (value.clamp(low, high) / low).ln() / (high / low).ln();
    BOTTOM - (share * f64::from(BOTTOM - TOP)).round() as i32
}

fn text(root: &Area, text: &str, at: (i32, i32), size: i32, colour: RGBColor, side: HPos) -> Drawn {
    let style = ("sans-serif", size).into_font().color(&colour).pos(Pos::new(side, VPos::Center));
    root.draw(&Text::new(text.to_owned(), at, style))
}
