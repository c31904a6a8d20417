//! The house rules, read from the sources and checked.
//!
//! Each rule is a function from the repository to its findings; `tests` plants a violation of each and shows that
//! it is caught. Exceptions stand in one list (`report`), and one that nothing needs is a failure.

mod ladder;
mod manifest;
mod prose;
mod repo;
mod report;
mod safety;
mod shape;
mod source;
mod tests;

use repo::Repo;
use report::{EXCEPTIONS, Finding, settle};
use std::path::Path;

/// A rule: its name, and what it finds.
type Rule = (&'static str, fn(&Repo) -> Vec<Finding>);

/// Every rule of the house.
const RULES: &[Rule] = &[
    ("module doc", shape::module_doc),
    ("file length", shape::file_length),
    ("function length", shape::function_length),
    ("banned name", shape::banned_name),
    ("inline tests", shape::inline_tests),
    ("unsafe room", safety::unsafe_room),
    ("safety comment", safety::safety_comment),
    ("direction", ladder::direction),
    ("packages", ladder::packages),
    ("purity", ladder::purity),
    ("sync door", ladder::sync_door),
    ("versions", manifest::versions),
    ("third parties", manifest::third_parties),
    ("undone", prose::undone),
    ("failures", prose::failures),
    ("machine path", prose::machine_path),
    ("readme", prose::readme),
    ("suites", prose::suites),
];

fn findings(repo: &Repo) -> Vec<(&'static str, Finding)> {
    RULES.iter().flat_map(|(name, rule)| rule(repo).into_iter().map(|finding| (*name, finding))).collect()
}

/// Promise: the tree keeps every rule of the house, and grants no exception that nothing needs.
#[test]
fn the_house_is_in_order() {
    let repo = Repo::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let functions: usize = repo.sources.iter().map(|source| shape::functions(source).len()).sum();
    println!("{} rules, {} Rust files, {functions} functions", RULES.len(), repo.sources.len());
    assert!(repo.sources.len() > 30, "the tree was not read");
    let (open, stale) = settle(findings(&repo), EXCEPTIONS);
    let lines: Vec<String> =
        open.iter().map(|(rule, finding)| format!("[{rule}] {finding}")).chain(stale).collect();
    assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
}
