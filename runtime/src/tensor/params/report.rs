//! The one error of loading: everything that differs between a struct and a source, grouped and named.

use crate::error::{Error, ErrorKind};
use std::fmt;

/// Every tensor that is missing, misshaped, mistyped, claimed twice, misplaced or unused, and every enum without one
/// fitting variant. Nothing was adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    pub(super) origin: String,
    pub(super) missing: Vec<Missing>,
    pub(super) misshaped: Vec<Misfit>,
    pub(super) mistyped: Vec<Misfit>,
    pub(super) claimed_twice: Vec<Misfit>,
    pub(super) misplaced: Vec<Misfit>,
    pub(super) undecided: Vec<Misfit>,
    pub(super) unused: Vec<String>,
}

/// A tensor that a field asks for and the source has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The name the field asks for.
    pub tensor: String,
    /// What was expected under that name.
    pub expected: String,
    /// The most similar name that nothing asked for.
    pub similar: Option<String>,
}

/// A tensor that is there and differs from its declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its name.
    pub tensor: String,
    /// What differs.
    pub detail: String,
}

impl LoadError {
    pub(super) fn of(origin: String) -> Self {
        Self {
            origin,
            missing: vec![],
            misshaped: vec![],
            mistyped: vec![],
            claimed_twice: vec![],
            misplaced: vec![],
            undecided: vec![],
            unused: vec![],
        }
    }

    /// What was loaded from, such as the path of a checkpoint.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Tensors that fields ask for and the source has not.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Tensors whose sizes differ from the declared shape, or from each other where one dimension is meant.
    #[must_use]
    pub fn misshaped(&self) -> &[Misfit] {
        &self.misshaped
    }

    /// Tensors whose dtype differs from the declared one.
    #[must_use]
    pub fn mistyped(&self) -> &[Misfit] {
        &self.mistyped
    }

    /// Tensors that two fields ask for.
    #[must_use]
    pub fn claimed_twice(&self) -> &[Misfit] {
        &self.claimed_twice
    }

    /// Tensors whose field asks for a tier that the source has not.
    #[must_use]
    pub fn misplaced(&self) -> &[Misfit] {
        &self.misplaced
    }

    /// Places of enums of which no variant fits, or several.
    #[must_use]
    pub fn undecided(&self) -> &[Misfit] {
        &self.undecided
    }

    /// Tensors of the source that no field asks for.
    #[must_use]
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// The sorts of problems, and how many there are of each.
    fn sorts(&self) -> [(usize, &'static str); 7] {
        [
            (self.missing.len(), "missing"),
            (self.misshaped.len(), "misshaped"),
            (self.mistyped.len(), "mistyped"),
            (self.claimed_twice.len(), "claimed twice"),
            (self.misplaced.len(), "misplaced"),
            (self.undecided.len(), "undecided"),
            (self.unused.len(), "unused"),
        ]
    }

    /// Number of problems of all sorts.
    #[must_use]
    pub fn num_problems(&self) -> usize {
        self.sorts().iter().map(|(count, _)| count).sum()
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tensor, self.expected)?;
        self.similar.as_ref().map_or(Ok(()), |name| write!(f, "; did you mean `{name}`?"))
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tensor, self.detail)
    }
}

impl fmt::Display for LoadError {
    /// One line that counts, then one line per problem under a heading per sort.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.num_problems();
        write!(f, "{problems} problem{} with {}", if problems == 1 { "" } else { "s" }, self.origin)?;
        group(f, "missing", &self.missing)?;
        group(f, "misshaped", &self.misshaped)?;
        group(f, "mistyped", &self.mistyped)?;
        group(f, "claimed twice", &self.claimed_twice)?;
        group(f, "misplaced", &self.misplaced)?;
        group(f, "undecided", &self.undecided)?;
        group(f, "unused", &self.unused)
    }
}

fn group<P: fmt::Display>(f: &mut fmt::Formatter<'_>, heading: &str, problems: &[P]) -> fmt::Result {
    if problems.is_empty() {
        return Ok(());
    }
    write!(f, "\n{heading} ({}):", problems.len())?;
    problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
}

impl std::error::Error for LoadError {}

impl From<LoadError> for Error {
    fn from(report: LoadError) -> Self {
        let sorts = report.sorts();
        let counts =
            sorts.iter().filter(|(count, _)| *count > 0).map(|(count, sort)| format!("{count} {sort}"));
        Self::new(ErrorKind::Params, counts.collect::<Vec<_>>().join(", ")).caused_by(report)
    }
}
