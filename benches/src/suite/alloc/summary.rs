//! What the points say together: each against its best rival, and geometric means by group.
//!
//! Means are named so that the table and the plot find them: how many points, the group, the metric.

use super::RIVALS;
use super::points::{GROUPS, Group};
use crate::row::Row;

#[cfg(test)]
mod tests;

/// The rival of the goals: the `mimalloc` crate as it comes.
pub(super) const ANCHOR: &str = RIVALS[0];
/// Suffixes of the metrics, and what is promised over all points of the reference.
pub(super) const METRICS: [(&str, Option<f64>); 2] = [("", Some(0.65)), (".rss", Some(0.60))];
/// Stands in no mean: these points came later than the goals.
const LATER: &str = "runtimes";

/// How the name of a mean begins: so many points follow, then the group and the metric.
const MEAN: &str = "geomean of ";

/// Group and metric of a mean by its name; nothing if it is none.
pub(super) fn mean_name(point: &str) -> Option<(&str, &str)> {
    let (_, group) = point.strip_prefix(MEAN)?.split_once(": ")?;
    let suffix =
        METRICS.map(|(suffix, _)| suffix).into_iter().rev().find(|suffix| group.ends_with(suffix))?;
    Some((&group[..group.len() - suffix.len()], suffix))
}

/// Rows against the best rival of each point, and means by group against every rival.
pub(crate) fn summary(rows: &[Row]) -> Vec<Row> {
    let mut derived = Vec::new();
    for group in GROUPS {
        for (_, _, point) in group.points() {
            for (suffix, _) in METRICS {
                let goal = suffix.is_empty().then_some(group.point_goal);
                derived.extend(against_best(rows, &format!("{point}{suffix}"), goal));
            }
        }
    }
    for (suffix, goal) in METRICS {
        for group in GROUPS {
            let goal = group.goal.filter(|_| suffix.is_empty());
            derived.extend(means(rows, group.name, suffix, goal, &names(std::slice::from_ref(group))));
        }
        let counted: Vec<String> =
            GROUPS.iter().filter(|group| group.name != LATER).flat_map(Group::points).map(|p| p.2).collect();
        derived.extend(means(rows, "all", suffix, goal, &counted));
    }
    derived
}

fn names(groups: &[Group]) -> Vec<String> {
    groups.iter().flat_map(Group::points).map(|(_, _, name)| name).collect()
}

/// The point against whoever was best at it.
fn against_best(rows: &[Row], point: &str, goal: Option<f64>) -> Option<Row> {
    let rivals = rows.iter().filter(|row| row.point == point);
    let best = rivals.min_by(|a, b| a.rival_value.total_cmp(&b.rival_value))?;
    Row::of(
        best.suite,
        point.to_owned(),
        best.unit,
        &format!("best: {}", best.rival),
        best.pairs.clone(),
        goal,
    )
}

/// One row per rival: the geometric mean over the points that were measured.
fn means(rows: &[Row], group: &str, suffix: &str, goal: Option<f64>, points: &[String]) -> Vec<Row> {
    let mean = |rival: &&str| {
        let measured: Vec<&Row> = points
            .iter()
            .filter_map(|point| {
                rows.iter().find(|row| row.rival == **rival && row.point == format!("{point}{suffix}"))
            })
            .collect();
        let name = format!("{MEAN}{}: {group}{suffix}", measured.len());
        Row::mean(name, &measured, goal.filter(|_| *rival == ANCHOR))
    };
    RIVALS.iter().filter_map(mean).collect()
}
