//! Rules about words: what code may not say, and what the pages must.

use crate::repo::Repo;
use crate::report::Finding;
use crate::source::{Source, words};

/// Notes that never merge.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("XX", "X"), concat!("HA", "CK")];
/// Calls that leave work undone.
const UNDONE: [&str; 3] = [concat!("todo", "!"), concat!("unimplemented", "!"), concat!("dbg", "!")];
/// Calls that turn a user's mistake into a panic.
const PANICKING: [&str; 2] = [concat!(".unwrap", "()"), concat!(".expect(", "\"\")")];
/// Paths that exist on one machine only.
const PLACES: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Nothing is left undone, in code or in a note.
pub(crate) fn undone(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in &repo.sources {
        for (at, line) in source.lines.iter().enumerate() {
            let note = NOTES.iter().find(|note| words(&line.comment, note).next().is_some());
            let call = UNDONE.iter().find(|call| line.code.contains(*call));
            if let Some(what) = note.or(call) {
                found.push(Finding::new(&source.path, at + 1, format!("says `{what}`")));
            }
        }
    }
    found
}

/// Outside tests a failure is an error with a type, never a panic nor a string.
pub(crate) fn failures(repo: &Repo) -> Vec<Finding> {
    let shipped = |source: &&Source| !source.is_test && !source.path.starts_with("examples/");
    let mut found = Vec::new();
    for source in repo.sources.iter().filter(shipped) {
        for (at, line) in source.lines.iter().enumerate() {
            if let Some(call) = PANICKING.iter().find(|call| line.code.contains(*call)) {
                found.push(Finding::new(&source.path, at + 1, format!("calls `{call}`")));
            }
            if words(&line.code, "Result").next().is_some() && line.code.contains(", String>") {
                found.push(Finding::new(&source.path, at + 1, "an error without a type"));
            }
        }
    }
    found
}

/// No text names a place on somebody's machine.
pub(crate) fn machine_path(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for text in &repo.texts {
        for (at, line) in text.text.lines().enumerate() {
            if let Some(place) = PLACES.iter().find(|place| line.contains(*place)) {
                found.push(Finding::new(&text.path, at + 1, format!("names the machine path `{place}`")));
            }
        }
    }
    found
}

/// The README shows its first program by line 20.
pub(crate) fn readme(repo: &Repo) -> Vec<Finding> {
    let text = repo.text("README.md").unwrap_or_default();
    let first = text.lines().position(|line| line.starts_with("```rust")).map_or(usize::MAX, |at| at + 1);
    if first <= 20 { Vec::new() } else { vec![Finding::new("README.md", 1, "shows no program by line 20")] }
}

/// Every suite of the root package has its row in tests/README.md.
pub(crate) fn suites(repo: &Repo) -> Vec<Finding> {
    let page = repo.text("tests/README.md").unwrap_or_default();
    let manifest = repo.text("Cargo.toml").unwrap_or_default();
    let suites = manifest.split("[[test]]").skip(1).filter_map(|table| table.split('"').nth(1));
    let missing = suites.filter(|suite| !page.contains(&format!("`{suite}`")));
    missing
        .map(|suite| Finding::new("tests/README.md", 1, format!("has no row for suite `{suite}`")))
        .collect()
}
