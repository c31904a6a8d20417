//! One comparison as a row: for the table, and for machines.

use crate::stats::{Ratio, median};
use serde::Serialize;

#[cfg(test)]
mod tests;

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

/// Rows as a table.
pub(crate) fn table(rows: &[Row]) -> String {
    let header = HEADER.map(str::to_owned).to_vec();
    aligned(&[vec![header], rows.iter().map(|row| row.cells().to_vec()).collect()].concat())
}

/// Lines of cells with their columns aligned; a line of one cell is a heading.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let width = |line: &[String], column: usize| line.get(column).map_or(0, |cell| cell.chars().count());
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let counted = || lines.iter().filter(|line| line.len() > 1);
    let widths: Vec<usize> =
        (0..columns).map(|column| counted().map(|line| width(line, column)).max().unwrap_or(0)).collect();
    let padded = |line: &Vec<String>| {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    lines.iter().map(padded).collect()
}

/// Rows as comma-separated values, with the keys that the JSON has.
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut text =
        String::from("suite,point,ours,rival,rival_value,ratio,ci_low,ci_high,runs,goal,holds,unit,limit\n");
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for row in rows {
        let fields = [
            quoted(row.suite),
            quoted(&row.point),
            row.ours.to_string(),
            quoted(&row.rival),
            row.rival_value.to_string(),
            row.ratio.to_string(),
            row.ci_low.to_string(),
            row.ci_high.to_string(),
            row.runs.to_string(),
            number(row.goal),
            row.holds.map_or_else(String::new, |holds| holds.to_string()),
            quoted(row.unit),
            number(row.limit),
        ];
        text += &(fields.join(",") + "\n");
    }
    text
}

/// A text as a field: in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
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

    /// The geometric mean of rows against one rival, round by round, so that it has an interval as every row has. Its
    /// values are means over different things; only their ratio means something.
    pub(crate) fn mean(point: String, rows: &[&Self], goal: Option<f64>) -> Option<Self> {
        let first = rows.first()?;
        let rounds = rows.iter().map(|row| row.pairs.len()).min()?;
        let mean = |round: usize, side: usize| {
            let logs: f64 = rows.iter().map(|row| row.pairs[round][side].ln()).sum();
            (logs / rows.len() as f64).exp()
        };
        let pairs = (0..rounds).map(|round| [mean(round, 0), mean(round, 1)]).collect();
        Self::of(first.suite, point, first.unit, &first.rival, pairs, goal)
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
