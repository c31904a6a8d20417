//! Promise: a point is judged by its best rival, and a group by the geometric mean of its points.

use super::summary;
use crate::row::Row;

fn row(point: &str, rival: &str, pairs: [f64; 2]) -> Row {
    Row::of("alloc", point.to_owned(), "ns", rival, vec![pairs; 6], None).expect("six rounds")
}

fn find<'a>(rows: &'a [Row], point: &str, rival: &str) -> &'a Row {
    let found = rows.iter().find(|row| row.point == point && row.rival == rival);
    found.unwrap_or_else(|| panic!("no row `{point}` against `{rival}`"))
}

#[test]
fn a_point_meets_its_best_rival() {
    let rows = [row("med", "mimalloc3", [6.0, 12.0]), row("med", "talc", [6.0, 5.0])];
    let rows = summary(&rows);
    let best = find(&rows, "med", "best: talc");
    assert_eq!((best.ratio, best.goal, best.holds), (1.2, Some(1.10), Some(false)));
}

#[test]
fn means_are_geometric_and_held_against_the_goal() {
    let rows = [row("med", "mimalloc3", [1.0, 2.0]), row("churn/2", "mimalloc3", [1.0, 8.0])];
    let rows = summary(&rows);
    let mean = find(&rows, "geomean of 2: churn, medium, aligned", "mimalloc3");
    assert!((mean.ratio - 0.25).abs() < 1e-12, "{}", mean.ratio);
    assert_eq!((mean.goal, mean.holds), (Some(0.45), Some(true)));
    assert_eq!(find(&rows, "geomean of 2: all", "mimalloc3").goal, Some(0.65));
}

#[test]
fn points_that_came_later_are_in_no_mean_of_all() {
    let rows = summary(&[row("rayon/2", "mimalloc3", [1.0, 2.0])]);
    assert!(rows.iter().all(|row| !row.point.ends_with("all")));
}
