//! What a case expects: marks under its lines, and the messages that they must cover.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

/// One error: where its primary span lies, and its message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// Line, from 1.
    pub(crate) line: usize,
    /// First column and the one after the last, from 1.
    pub(crate) columns: (usize, usize),
    /// The whole message.
    pub(crate) message: String,
}

impl Mark {
    /// Whether the message has these fragments in this order.
    pub(crate) fn shows(&self, fragments: &[String]) -> bool {
        let mut rest = self.message.as_str();
        fragments.iter().all(|fragment| match rest.split_once(fragment.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, columns: (first, end), message } = self;
        write!(f, "{line}:{first}..{end}: {message}")
    }
}

/// The marks of a case. A mark belongs to the last line above it that is not a mark itself.
pub(crate) fn marks(case: &Path) -> BTreeSet<Mark> {
    let source = fs::read_to_string(case).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    let mut marks = BTreeSet::new();
    let mut code_line = 0;
    for (number, line) in source.lines().enumerate() {
        match mark(line) {
            Some((columns, message)) => {
                marks.insert(Mark { line: code_line, columns, message: message.to_owned() });
            }
            None => code_line = number + 1,
        }
    }
    marks
}

/// The columns and the message of `//   ^^^^ message`.
fn mark(line: &str) -> Option<((usize, usize), &str)> {
    let comment = line.trim_start().strip_prefix("//")?.trim_start();
    let message = comment.trim_start_matches('^');
    let width = comment.len() - message.len();
    let first = line.find('^')? + 1;
    (width > 0).then(|| ((first, first + width), message.trim()))
}

/// The messages in the source of the macros: string literals of several words, cut at their placeholders.
pub(crate) fn messages(source: &str) -> Vec<Vec<String>> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace("\\\"", "\u{1}").replace("{{", "\u{2}").replace("}}", "\u{3}");
    let literals = code.split('"').skip(1).step_by(2).filter(|literal| literal.split(' ').count() > 3);
    literals.map(fragments).collect()
}

/// The text between placeholders, with escapes undone.
fn fragments(literal: &str) -> Vec<String> {
    let outside = literal.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    let text = outside.map(|part| part.replace('\u{1}', "\"").replace('\u{2}', "{").replace('\u{3}', "}"));
    text.filter(|part| !part.trim().is_empty()).collect()
}
