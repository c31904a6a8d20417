//! What a rule found, and the exceptions that are granted.
//!
//! The list of exceptions may only shrink: an entry that no finding needs is itself a failure, and the list is
//! empty when the house is in order.

use std::fmt;

/// Granted exceptions: rule, path. Each entry says why beside it.
pub(crate) const EXCEPTIONS: &[(&str, &str)] = &[];

/// One place where a rule does not hold.
#[derive(Debug)]
pub(crate) struct Finding {
    /// File, from the root.
    pub(crate) path: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// What is wrong there.
    pub(crate) message: String,
}

impl Finding {
    /// A finding at `path`, `line`.
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Splits findings into those to report and exceptions that nothing needs.
pub(crate) fn settle(
    findings: Vec<(&'static str, Finding)>,
    exceptions: &[(&str, &str)],
) -> (Vec<(&'static str, Finding)>, Vec<String>) {
    let granted = |rule: &str, path: &str| exceptions.iter().any(|(r, p)| *r == rule && *p == path);
    let needed =
        |rule: &str, path: &str| findings.iter().any(|(r, finding)| *r == rule && finding.path == path);
    let stale = exceptions.iter().filter(|(rule, path)| !needed(rule, path));
    let stale =
        stale.map(|(rule, path)| format!("exception `{rule}` for {path} is no longer needed")).collect();
    let open = findings.into_iter().filter(|(rule, finding)| !granted(rule, &finding.path)).collect();
    (open, stale)
}
