//! What was measured, kept in a file: a run that is cut into pieces goes on where the last one stopped.
//!
//! A point is kept whole, with all contenders and rounds, because only runs of the same minutes are compared; pieces
//! differ in their points alone. It is taken for known by a run of the same rounds and effort, of the same contenders.
//! The file is replaced as a whole after each point, so a run that is killed loses the point it was at.

use crate::contest::{Contest, Values};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use stratal::{Error, ErrorKind, Result};

#[cfg(test)]
mod tests;

/// How much was measured of every point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// Rounds.
    pub(crate) rounds: usize,
    /// Share of a full run's work.
    pub(crate) effort: f64,
}

/// One point.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    suite: String,
    point: String,
    #[serde(flatten)]
    scope: Scope,
    metrics: Vec<String>,
    contenders: Vec<String>,
    values: Values,
}

/// What a file keeps, or nothing without one.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    path: Option<PathBuf>,
    entries: Vec<Entry>,
}

impl Entry {
    fn of(contest: &Contest, scope: Scope, values: Values) -> Self {
        let metrics = contest.metrics.iter().map(|metric| metric.name.to_owned()).collect();
        let contenders = contest.contenders.iter().map(|contender| contender.name.to_owned()).collect();
        let (suite, point) = (contest.suite.to_owned(), contest.point.clone());
        Self { suite, point, scope, metrics, contenders, values }
    }

    /// Whether it is about the same point.
    fn is_about(&self, contest: &Contest) -> bool {
        self.suite == contest.suite && self.point == contest.point
    }

    /// Whether it is what measuring the point now would give.
    fn answers(&self, contest: &Contest, scope: Scope) -> bool {
        self.is_about(contest)
            && self.scope.rounds == scope.rounds
            // A number read back may be another by its last digit.
            && (self.scope.effort - scope.effort).abs() < 1e-9
            && self.metrics.iter().eq(contest.metrics.iter().map(|metric| metric.name))
            && self.contenders.iter().eq(contest.contenders.iter().map(|contender| contender.name))
            && self.values.len() == self.metrics.len()
            && self.values.iter().all(|values| values.len() == self.contenders.len())
            && self.values.iter().flatten().all(|rounds| rounds.len() == scope.rounds)
    }
}

impl Kept {
    /// What the file keeps; nothing yet if there is none.
    ///
    /// # Errors
    /// `Io` where the file cannot be read, `Format` where it is no such file.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let entries = match std::fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                let no_such = Error::new(ErrorKind::Format, "the file keeps no measurements");
                no_such.with("file", path.display()).caused_by(error)
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::from(error).with("file", path.display())),
        };
        Ok(Self { path: Some(path.to_owned()), entries })
    }

    /// The values of a contest, if they are known.
    pub(crate) fn find(&self, contest: &Contest, scope: Scope) -> Option<&Values> {
        self.entries.iter().find(|entry| entry.answers(contest, scope)).map(|entry| &entry.values)
    }

    /// Keeps the values of a contest, instead of older ones of its point.
    ///
    /// # Errors
    /// `Io` where the file cannot be written.
    pub(crate) fn add(&mut self, contest: &Contest, scope: Scope, values: Values) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        self.entries.retain(|entry| !entry.is_about(contest));
        self.entries.push(Entry::of(contest, scope, values));
        let text = serde_json::to_string(&self.entries)
            .map_err(|error| Error::new(ErrorKind::Format, "values are not JSON").caused_by(error))?;
        let fresh = path.with_extension("new");
        let written = std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, path));
        written.map_err(|error| Error::from(error).with("file", path.display()))
    }
}
