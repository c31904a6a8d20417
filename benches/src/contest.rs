//! One point of a suite: contenders run in interleaved rounds, and the rows that come of it.
//!
//! A round runs every contender once; rounds alternate direction (A B C, C B A, …), so a drift of the machine falls
//! on all alike. Every metric is a cost: lower is better, and a goal is an upper bound of ours / rival.

use crate::row::Row;
use crate::stats::median;
use stratal::{Error, ErrorKind, Result};

#[cfg(test)]
mod tests;

/// One measured cost.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    /// Suffix of the point's name; empty for the point's main metric.
    pub(crate) name: &'static str,
    /// Unit of the values.
    pub(crate) unit: &'static str,
    /// Largest ratio that keeps the promise; none where nothing is promised.
    pub(crate) goal: Option<f64>,
}

/// What was measured: by metric, then contender, then round.
pub(crate) type Values = Vec<Vec<Vec<f64>>>;

/// Runs once and gives one value per metric.
pub(crate) type Runner = Box<dyn FnMut() -> Result<Vec<f64>>>;

/// What a contender is in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The code of this repository.
    Ours,
    /// What it is compared with.
    Rival,
    /// A constant that ours may not exceed.
    Goal,
    /// What the machine allows at best; shown, not compared with.
    Limit,
}

/// One side of the comparison.
pub(crate) struct Contender {
    /// Name in the table.
    pub(crate) name: &'static str,
    /// Its part.
    pub(crate) part: Part,
    /// How it runs.
    pub(crate) run: Runner,
}

/// One point of a suite.
pub(crate) struct Contest {
    /// Suite it belongs to.
    pub(crate) suite: &'static str,
    /// Its name.
    pub(crate) point: String,
    /// What each run measures, in order.
    pub(crate) metrics: Vec<Metric>,
    /// Who takes part; exactly one is ours.
    pub(crate) contenders: Vec<Contender>,
}

impl Contest {
    /// Runs `rounds` rounds, calling `tick` after each run.
    pub(crate) fn measure(&mut self, rounds: usize, mut tick: impl FnMut(&str)) -> Result<Values> {
        let mut values = vec![vec![Vec::new(); self.contenders.len()]; self.metrics.len()];
        for round in 0..rounds {
            for at in order(self.contenders.len(), round) {
                let contender = &mut self.contenders[at];
                let sample = (contender.run)().map_err(|error| error.with("contender", contender.name))?;
                if sample.len() != self.metrics.len() {
                    let message =
                        format!("{} values where {} are measured", sample.len(), self.metrics.len());
                    return Err(Error::new(ErrorKind::Format, message).with("contender", contender.name));
                }
                values.iter_mut().zip(sample).for_each(|(metric, value)| metric[at].push(value));
                tick(contender.name);
            }
        }
        Ok(values)
    }

    /// What was measured as one row per metric and rival.
    pub(crate) fn rows(&self, values: &[Vec<Vec<f64>>]) -> Vec<Row> {
        let find = |part: Part| self.contenders.iter().position(move |contender| contender.part == part);
        let Some(ours) = find(Part::Ours) else { return Vec::new() };
        let mut rows = Vec::new();
        for (metric, values) in self.metrics.iter().zip(values) {
            let limit = find(Part::Limit).and_then(|at| median(&values[at]));
            for (at, rival) in self.contenders.iter().enumerate() {
                let goal = match rival.part {
                    Part::Rival => metric.goal,
                    Part::Goal => Some(1.0),
                    Part::Ours | Part::Limit => continue,
                };
                let row = self.row(metric, goal, &values[ours], rival.name, &values[at]);
                rows.extend(row.map(|row| Row { limit, ..row }));
            }
        }
        rows
    }

    fn row(
        &self,
        metric: &Metric,
        goal: Option<f64>,
        ours: &[f64],
        rival: &str,
        theirs: &[f64],
    ) -> Option<Row> {
        let dot = if metric.name.is_empty() { "" } else { "." };
        let point = format!("{}{dot}{}", self.point, metric.name);
        let pairs = ours.iter().zip(theirs).map(|(&ours, &theirs)| [ours, theirs]).collect();
        Row::of(self.suite, point, metric.unit, rival, pairs, goal)
    }
}

/// The order of a round: forward, then backward.
fn order(n: usize, round: usize) -> Box<dyn Iterator<Item = usize>> {
    if round.is_multiple_of(2) { Box::new(0..n) } else { Box::new((0..n).rev()) }
}
