//! Rules about the outside of a file: its opening, its size, its name, the size of its functions.

use crate::repo::Repo;
use crate::report::Finding;
use crate::source::{Source, words};

const FILE_LINES: usize = 900;
const FUNCTION_LINES: usize = 70;
const SCRIPT_LINES: usize = 40;
/// Names that say nothing about what is inside.
const BANNED: [&str; 12] = [
    "base", "common", "util", "utils", "helper", "helpers", "misc", "manager", "types", "prelude", "v2",
    "stuff",
];

/// A file opens with its module doc, or with the page that is its doc.
pub(crate) fn module_doc(repo: &Repo) -> Vec<Finding> {
    let opens = |source: &&Source| {
        source.lines.first().is_some_and(|line| {
            line.comment.starts_with("//!") || line.code.starts_with("#![doc = include_str!(")
        })
    };
    let bare = repo.sources.iter().filter(|source| !opens(source));
    bare.map(|source| Finding::new(&source.path, 1, "opens without a module doc")).collect()
}

/// A file is at most 900 lines, a script of `.ci` 40.
pub(crate) fn file_length(repo: &Repo) -> Vec<Finding> {
    let limit = |path: &str| match path {
        path if path.ends_with(".rs") => FILE_LINES,
        path if path.starts_with(".ci/") => SCRIPT_LINES,
        _ => usize::MAX,
    };
    let long = |path: &str, text: &str| {
        let lines = text.lines().count();
        (lines > limit(path))
            .then(|| Finding::new(path, lines, format!("{lines} lines, {} allowed", limit(path))))
    };
    repo.texts.iter().filter_map(|text| long(&text.path, &text.text)).collect()
}

/// No file and no folder has a name that says nothing.
pub(crate) fn banned_name(repo: &Repo) -> Vec<Finding> {
    let named =
        |path: &str| path.split('/').any(|part| BANNED.contains(&part.split('.').next().unwrap_or_default()));
    let source = |path: &str| path.ends_with(".rs") || path.ends_with(".py") || path.ends_with(".sh");
    let bad = repo.texts.iter().filter(|text| source(&text.path) && named(&text.path));
    bad.map(|text| Finding::new(&text.path, 1, "has a name that says nothing")).collect()
}

/// A function is at most 70 lines; tests may be longer.
pub(crate) fn function_length(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in repo.sources.iter().filter(|source| !source.is_test) {
        for function in functions(source) {
            if function.lines > FUNCTION_LINES {
                let message =
                    format!("`{}` has {} lines, {FUNCTION_LINES} allowed", function.name, function.lines);
                found.push(Finding::new(&source.path, function.line, message));
            }
        }
    }
    found
}

/// Unit tests live in a sibling file.
pub(crate) fn inline_tests(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in &repo.sources {
        for (at, line) in source.lines.iter().enumerate() {
            let code = line.trimmed();
            if code.ends_with('{') && words(code, "mod").next().is_some() && code.contains("tests") {
                found.push(Finding::new(&source.path, at + 1, "tests inline; put them in `<name>/tests.rs`"));
            }
        }
    }
    found
}

/// One function with a body.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Line of `fn`, from 1.
    pub(crate) line: usize,
    /// Lines from `fn` to the closing brace.
    pub(crate) lines: usize,
}

/// Every function of a file that has a body.
pub(crate) fn functions(source: &Source) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, line) in source.lines.iter().enumerate() {
        for column in words(&line.code, "fn") {
            let rest = line.code[column + 2..].trim_start();
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty()
                && let Some(end) = body_end(source, at, column)
            {
                found.push(Function { name, line: at + 1, lines: end - at + 1 });
            }
        }
    }
    found
}

/// The line that closes the body of the function whose `fn` is at `line`, `column`; none if it has no body.
fn body_end(source: &Source, line: usize, column: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, text) in source.lines.iter().enumerate().skip(line) {
        for c in text.code.chars().skip(if at == line { column } else { 0 }) {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                ';' if braces == 0 && brackets == 0 => return None,
                '{' => braces += 1,
                '}' => {
                    braces = braces.saturating_sub(1);
                    if braces == 0 && brackets == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
    }
    None
}
