//! One comparison as a row: for the table, and for machines.

use crate::stats::{Ratio, median};
use serde::Serialize;

/// One comparison with one rival. Every value is a cost in `unit`: lower is better.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// Suite.
    pub(crate) suite: &'static str,
    /// What was measured.
    pub(crate) point: String,
    /// Our median.
    pub(crate) ours: f64,
    /// Name of the rival.
    pub(crate) rival: String,
    /// The rival's median.
    pub(crate) rival_value: f64,
    /// Median of ours / rival, pair by pair.
    pub(crate) ratio: f64,
    /// Lower end of the ratio's 95 % interval.
    pub(crate) ci_low: f64,
    /// Upper end of it.
    pub(crate) ci_high: f64,
    /// Pairs.
    pub(crate) runs: usize,
    /// Largest ratio that keeps the promise.
    pub(crate) goal: Option<f64>,
    /// Whether it is kept; null where the interval straddles the goal, or there are too few pairs to say.
    pub(crate) holds: Option<bool>,
    /// Unit of `ours`, `rival_value` and `limit`.
    pub(crate) unit: &'static str,
    /// What the machine allows at best, in the same run.
    pub(crate) limit: Option<f64>,
    /// Our value and the rival's, round by round.
    #[serde(skip)]
    pub(crate) pairs: Vec<[f64; 2]>,
}

const HEADER: [&str; 9] =
    ["suite", "point", "ours", "rival", "rival value", "ratio", "95 % interval", "goal", "holds"];

/// Rows as a table with aligned columns.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut cells = vec![HEADER.map(str::to_owned)];
    cells.extend(rows.iter().map(Row::cells));
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADER.len()).map(width).collect();
    let line = |row: &[String; 9]| {
        let padded: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    cells.iter().map(line).collect()
}

impl Row {
    /// Compares round by round; nothing without rounds.
    pub(crate) fn of(
        suite: &'static str,
        point: String,
        unit: &'static str,
        rival: &str,
        pairs: Vec<[f64; 2]>,
        goal: Option<f64>,
    ) -> Option<Self> {
        let (ours, theirs): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&[ours, theirs]| (ours, theirs)).unzip();
        let ratio = Ratio::of(&ours, &theirs)?;
        Some(Self {
            suite,
            point,
            ours: median(&ours)?,
            rival: rival.to_owned(),
            rival_value: median(&theirs)?,
            ratio: ratio.median,
            ci_low: ratio.low,
            ci_high: ratio.high,
            runs: pairs.len(),
            goal,
            holds: goal.and_then(|goal| ratio.holds(goal)),
            unit,
            limit: None,
            pairs,
        })
    }

    fn cells(&self) -> [String; 9] {
        let limit = self.limit.map_or(String::new(), |limit| format!(" (limit {limit:.3})"));
        [
            self.suite.to_owned(),
            self.point.clone(),
            format!("{:.3} {}{limit}", self.ours, self.unit),
            self.rival.clone(),
            format!("{:.3}", self.rival_value),
            format!("{:.3}", self.ratio),
            format!("{:.3} .. {:.3}, {} runs", self.ci_low, self.ci_high, self.runs),
            self.goal.map_or_else(|| "-".to_owned(), |goal| format!("<= {goal:.2}")),
            self.holds.map_or("open", |holds| if holds { "yes" } else { "no" }).to_owned(),
        ]
    }
}
