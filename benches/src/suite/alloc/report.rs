//! The table of suite `alloc`: a line per point, a column per allocator, as ratios to mimalloc 3; then the figures.

use super::points::GROUPS;
use super::summary::{ANCHOR, METRICS, mean_name};
use super::{OURS, RIVALS};
use crate::row::{Row, aligned};

/// Everything that was measured, for people.
pub(crate) fn report(rows: &[Row]) -> String {
    let rivals: Vec<&str> =
        RIVALS.into_iter().filter(|rival| rows.iter().any(|row| row.rival == *rival)).collect();
    let titles = ["CPU time per operation", "peak resident memory"];
    let tables =
        titles.into_iter().zip(METRICS).map(|(title, (suffix, _))| matrix(rows, &rivals, title, suffix));
    tables.chain([figures(rows, &rivals)]).collect::<Vec<_>>().join("\n")
}

/// One metric of every point.
fn matrix(rows: &[Row], rivals: &[&str], title: &str, suffix: &str) -> String {
    let Some(base) = rivals.iter().find(|rival| **rival == ANCHOR).or(rivals.first()) else {
        return String::new();
    };
    let mut header = vec!["point".to_owned(), (*base).to_owned(), OURS.to_owned()];
    header.extend(rivals.iter().filter(|rival| *rival != base).map(|rival| (*rival).to_owned()));
    header.extend(["ours / best", "best rival", "goal", "holds"].map(str::to_owned));
    let mut lines = vec![vec![format!("{title}: {base}'s in its unit, the others' as ratios to it")], header];
    for group in GROUPS {
        let points = group.points().map(|(_, _, name)| name);
        let found: Vec<Vec<String>> =
            points.filter_map(|name| line(rows, &format!("{name}{suffix}"), &name, base, rivals)).collect();
        if !found.is_empty() {
            lines.push(vec![format!("-- {}", group.name)]);
            lines.extend(found);
            lines.extend(mean(rows, group.name, suffix, base, rivals));
        }
    }
    lines.push(vec!["-- all points of the goals".to_owned()]);
    lines.extend(mean(rows, "all", suffix, base, rivals));
    aligned(&lines)
}

/// A point: what the base costs, and everybody else by it.
fn line(rows: &[Row], point: &str, shown: &str, base: &str, rivals: &[&str]) -> Option<Vec<String>> {
    let anchor = find(rows, point, base)?;
    let mut cells = vec![shown.to_owned(), format!("{:.1} {}", anchor.rival_value, anchor.unit)];
    cells.extend(ratios(rows, point, anchor, base, rivals));
    if let Some(best) = rows.iter().find(|row| row.point == point && row.rival.starts_with("best: ")) {
        cells.push(format!("{:.2}", best.ratio));
        cells.push(best.rival.trim_start_matches("best: ").to_owned());
        cells.extend(verdict(best));
    }
    Some(cells)
}

/// A mean over points.
fn mean(rows: &[Row], group: &str, suffix: &str, base: &str, rivals: &[&str]) -> Option<Vec<String>> {
    let named = |row: &&Row| mean_name(&row.point) == Some((group, suffix)) && row.rival == base;
    let anchor = rows.iter().find(named)?;
    let mut cells = vec!["geometric mean".to_owned(), String::new()];
    cells.extend(ratios(rows, &anchor.point, anchor, base, rivals));
    cells.extend([String::new(), String::new()]);
    cells.extend(verdict(anchor));
    Some(cells)
}

/// Ours by the base, then every other rival by it.
fn ratios(rows: &[Row], point: &str, anchor: &Row, base: &str, rivals: &[&str]) -> Vec<String> {
    let mut cells = vec![format!("{:.2}", anchor.ratio)];
    for rival in rivals.iter().filter(|rival| **rival != base) {
        let ratio = find(rows, point, rival).map(|row| row.rival_value / anchor.rival_value);
        cells.push(ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")));
    }
    cells
}

fn verdict(row: &Row) -> [String; 2] {
    let goal = row.goal.map_or_else(String::new, |goal| format!("<= {goal:.2}"));
    let holds = match (row.goal, row.holds) {
        (None, _) => "",
        (_, None) => "open",
        (_, Some(true)) => "yes",
        (_, Some(false)) => "no",
    };
    [goal, holds.to_owned()]
}

/// The figures with bounds of their own, in their units.
fn figures(rows: &[Row], rivals: &[&str]) -> String {
    let mut header = vec!["figure".to_owned(), "goal".to_owned(), OURS.to_owned()];
    header.extend(rivals.iter().map(|rival| (*rival).to_owned()));
    header.extend(["holds", "unit"].map(str::to_owned));
    let mut lines = vec![header];
    for row in rows.iter().filter(|row| row.rival == super::figures::GOAL) {
        let mut cells =
            vec![row.point.clone(), format!("<= {:.2}", row.rival_value), format!("{:.2}", row.ours)];
        let value = |rival: &&str| find(rows, &row.point, rival).map(|row| format!("{:.2}", row.rival_value));
        cells.extend(rivals.iter().map(|rival| value(rival).unwrap_or_else(|| "-".to_owned())));
        cells.extend([verdict(row)[1].clone(), row.unit.to_owned()]);
        lines.push(cells);
    }
    if lines.len() > 1 { aligned(&lines) } else { String::new() }
}

fn find<'a>(rows: &'a [Row], point: &str, rival: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row.point == point && row.rival == rival)
}
