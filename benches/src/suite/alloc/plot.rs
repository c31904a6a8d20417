//! The picture of suite `alloc`: geometric means by group, CPU time left, memory right, one mark per allocator on a
//! logarithmic scale where mimalloc 3 is 1, and the goals as bars.

use super::points::GROUPS;
use super::summary::{ANCHOR, METRICS, mean_name};
use super::{OURS, RIVALS};
use crate::row::Row;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::fmt::Display;
use std::path::Path;
use stratal::{Error, ErrorKind, Result};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: i32 = 980;
const ROW: i32 = 34;
/// Where the rows begin, and what stands below them.
const TOP: i32 = 84;
const BOTTOM: i32 = 40;

/// Where a metric is drawn: left edge, width, and the ends of its scale. What lies beyond is drawn at the end.
struct Panel {
    title: &'static str,
    left: i32,
    width: i32,
    scale: (f64, f64),
}

/// One for each of `METRICS`.
const PANELS: [Panel; METRICS.len()] = [
    Panel { title: "CPU time by mimalloc 3's", left: 190, width: 430, scale: (0.25, 8.0) },
    Panel { title: "peak memory by mimalloc 3's", left: 700, width: 230, scale: (0.25, 2.0) },
];
const TICKS: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

const INK: RGBColor = RGBColor(40, 44, 52);
const FAINT: RGBColor = RGBColor(222, 225, 230);
const RED: RGBColor = RGBColor(208, 32, 56);
/// One colour per rival, apart for most eyes.
const COLOURS: [RGBColor; RIVALS.len()] = [
    RGBColor(0, 0, 0),
    RGBColor(120, 124, 130),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];

/// Draws the means to an SVG file.
///
/// # Errors
/// `Missing` without rows against mimalloc 3; `Io` where the file cannot be written.
pub(crate) fn plot(rows: &[Row], path: &Path) -> Result<()> {
    let groups: Vec<&str> = GROUPS.iter().map(|group| group.name).chain(["all"]).collect();
    let groups: Vec<&str> =
        groups.into_iter().filter(|group| value(rows, group, METRICS[0].0, OURS).is_some()).collect();
    if groups.is_empty() {
        return Err(Error::new(ErrorKind::Missing, "a plot needs points under mimalloc3 and stratal"));
    }
    let height = TOP + ROW * groups.len() as i32 + BOTTOM;
    let root = SVGBackend::new(path, (WIDTH as u32, height as u32)).into_drawing_area();
    draw(&root, rows, &groups, height - BOTTOM).map_err(|error| failed(path, error))?;
    root.present().map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: impl Display) -> Error {
    Error::new(ErrorKind::Io, format!("the plot was not written: {error}")).with("file", path.display())
}

type Drawn = std::result::Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw(root: &Area, rows: &[Row], groups: &[&str], bottom: i32) -> Drawn {
    root.fill(&WHITE)?;
    legend(root)?;
    for (panel, (suffix, goal)) in PANELS.iter().zip(METRICS) {
        axis(root, panel, bottom)?;
        for (at, group) in groups.iter().enumerate() {
            let y = TOP + ROW * at as i32 + ROW / 2;
            let of_group = GROUPS.iter().find(|known| known.name == *group).and_then(|known| known.goal);
            let goal = if *group == "all" { goal } else { of_group.filter(|_| suffix.is_empty()) };
            line(root, rows, panel, y, (group, suffix), goal)?;
        }
    }
    for (at, group) in groups.iter().enumerate() {
        let y = TOP + ROW * at as i32 + ROW / 2;
        let name = if *group == "all" { "all points of the goals" } else { group };
        text(root, name, (PANELS[0].left - 16, y), 14, INK, HPos::Right)?;
    }
    Ok(())
}

/// Names of the marks, in one line.
fn legend(root: &Area) -> Drawn {
    let mut x = 20;
    diamond(root, x, 22)?;
    text(root, OURS, (x + 12, 22), 15, RED, HPos::Left)?;
    x += 96;
    bar(root, x, 22)?;
    text(root, "goal", (x + 10, 22), 14, INK, HPos::Left)?;
    x += 70;
    for (rival, colour) in RIVALS.into_iter().zip(COLOURS) {
        dot(root, x, 22, colour)?;
        text(root, rival, (x + 10, 22), 14, INK, HPos::Left)?;
        x += 36 + 8 * rival.len() as i32;
    }
    Ok(())
}

/// The frame of a panel: its title, and a line per tick.
fn axis(root: &Area, panel: &Panel, bottom: i32) -> Drawn {
    text(root, panel.title, (panel.left, 52), 15, INK, HPos::Left)?;
    for tick in TICKS.into_iter().filter(|tick| *tick <= panel.scale.1) {
        let x = panel.along(tick);
        let style = if tick == 1.0 { INK.stroke_width(1) } else { FAINT.stroke_width(1) };
        root.draw(&PathElement::new([(x, TOP - 8), (x, bottom)], style))?;
        text(root, &format!("{tick}"), (x, bottom + 12), 12, INK, HPos::Center)?;
    }
    let (x, y) = (panel.left, bottom + 28);
    text(root, "better", (x + 14, y), 12, INK, HPos::Left)?;
    root.draw(&Polygon::new([(x, y), (x + 9, y - 4), (x + 9, y + 4)], INK.filled()))
}

/// One group in one panel.
fn line(
    root: &Area,
    rows: &[Row],
    panel: &Panel,
    y: i32,
    (group, suffix): (&str, &str),
    goal: Option<f64>,
) -> Drawn {
    let right = panel.left + panel.width;
    root.draw(&PathElement::new([(panel.left, y), (right, y)], FAINT.stroke_width(1)))?;
    if let Some(goal) = goal {
        bar(root, panel.along(goal), y)?;
    }
    for (rival, colour) in RIVALS.into_iter().zip(COLOURS).rev() {
        if let Some(value) = value(rows, group, suffix, rival) {
            dot(root, panel.along(value), y, colour)?;
        }
    }
    if let Some(value) = value(rows, group, suffix, OURS) {
        diamond(root, panel.along(value), y)?;
        text(root, &format!("{value:.2}"), (right + 10, y), 13, RED, HPos::Left)?;
    }
    Ok(())
}

/// A contender's mean by mimalloc 3's.
fn value(rows: &[Row], group: &str, suffix: &str, contender: &str) -> Option<f64> {
    let mean = |rival: &str| {
        rows.iter().find(|row| row.rival == rival && mean_name(&row.point) == Some((group, suffix)))
    };
    let anchor = mean(ANCHOR)?;
    match contender {
        OURS => Some(anchor.ratio),
        ANCHOR => Some(1.0),
        rival => Some(mean(rival)?.rival_value / anchor.rival_value),
    }
}

impl Panel {
    /// Where a ratio lies.
    fn along(&self, ratio: f64) -> i32 {
        let (low, high) = self.scale;
        let share = (ratio.clamp(low, high) / low).ln() / (high / low).ln();
        self.left + (share * f64::from(self.width)).round() as i32
    }
}

fn dot(root: &Area, x: i32, y: i32, colour: RGBColor) -> Drawn {
    root.draw(&Circle::new((x, y), 5, colour.mix(0.85).filled()))
}

fn diamond(root: &Area, x: i32, y: i32) -> Drawn {
    root.draw(&Polygon::new([(x - 8, y), (x, y - 8), (x + 8, y), (x, y + 8)], RED.filled()))
}

fn bar(root: &Area, x: i32, y: i32) -> Drawn {
    root.draw(&Rectangle::new([(x - 1, y - 12), (x + 1, y + 12)], RED.filled()))
}

fn text(root: &Area, text: &str, at: (i32, i32), size: i32, colour: RGBColor, side: HPos) -> Drawn {
    let style = ("sans-serif", size).into_font().color(&colour).pos(Pos::new(side, VPos::Center));
    root.draw(&Text::new(text.to_owned(), at, style))
}
