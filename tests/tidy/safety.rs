//! Rules about `unsafe`: it lives in listed rooms, and each use is proved where it stands.

use crate::repo::Repo;
use crate::report::Finding;
use crate::source::{Source, words};

/// Rooms where `unsafe` may live: paths begin with one of these.
const ROOMS: &[&str] = &[
    "runtime/src/sys",
    "runtime/src/sync",
    "runtime/src/simd",
    "runtime/src/number/truncate",
    "runtime/src/pool",
    "runtime/src/arena",
    "runtime/src/hold/gate/tests",
    "runtime/src/shm",
    "runtime/src/tensor/buffer",
    "runtime/src/tensor/dtype",
    "runtime/src/tensor/view",
    "runtime/src/tensor/managed",
    "runtime/src/tensor/neighbours/bytemuck",
    "runtime/preload/",
    "tiering/src/io",
    "tiering/src/device",
    "tiering/src/transfer/freight",
    "tiering/src/engine/lease",
    "tiering/src/store",
    "tiering/src/origin",
    "tiering/src/launch",
    // Call the allocator and the contracts directly.
    "tests/alloc/",
    "tests/fake-cuda/",
    "tests/support/",
    // Maps a file.
    "tests/tensor/save",
    "benches/",
    "fuzz/",
];

/// What an `unsafe` introduces.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A block or an implementation: needs `SAFETY:` directly above.
    Proof,
    /// A function or a trait: needs a `# Safety` section in its doc.
    Contract,
    /// Only names a type or an attribute.
    Mention,
}

/// `unsafe` lives in the listed rooms only.
pub(crate) fn unsafe_room(repo: &Repo) -> Vec<Finding> {
    let outside = |source: &&Source| !ROOMS.iter().any(|room| source.path.starts_with(room));
    let mut found = Vec::new();
    for source in repo.sources.iter().filter(outside) {
        for (line, what) in uses(source) {
            if what != Use::Mention {
                found.push(Finding::new(
                    &source.path,
                    line + 1,
                    "`unsafe` outside the rooms where it may live",
                ));
            }
        }
    }
    found
}

/// Each block and implementation is proved, each unsafe function and trait states its contract.
pub(crate) fn safety_comment(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in &repo.sources {
        for (line, what) in uses(source) {
            let message = match what {
                Use::Proof if !comment_above(source, line, "SAFETY:") => "no `// SAFETY:` directly above",
                Use::Contract if !has_contract(source, line) => "no `# Safety` section in its doc",
                _ => continue,
            };
            found.push(Finding::new(&source.path, line + 1, message));
        }
    }
    found
}

/// Every `unsafe` of a file, with its line.
fn uses(source: &Source) -> Vec<(usize, Use)> {
    let mut found = Vec::new();
    for (at, line) in source.lines.iter().enumerate() {
        for column in words(&line.code, "unsafe") {
            let next = source.lines.get(at + 1).map_or("", |line| line.trimmed());
            found.push((at, classify(line.code[column + "unsafe".len()..].trim_start(), next)));
        }
    }
    found
}

/// What follows the keyword decides; `next` is the next line, where the keyword ends its own.
fn classify(rest: &str, next: &str) -> Use {
    let rest = if rest.is_empty() { next } else { rest };
    if rest.starts_with('{') || rest.starts_with("impl") {
        return Use::Proof;
    }
    if rest.starts_with("trait") {
        return Use::Contract;
    }
    let Some(at) = words(rest, "fn").next() else { return Use::Mention };
    let named = rest[at + 2..].trim_start().starts_with(|c: char| c.is_alphabetic() || c == '_');
    if named { Use::Contract } else { Use::Mention }
}

/// Whether a comment holding `word` stands above `line`, attributes and the rest of the statement between them.
fn comment_above(source: &Source, line: usize, word: &str) -> bool {
    if source.lines[line].comment.contains(word) {
        return true;
    }
    for above in source.lines[..line].iter().rev() {
        let code = above.trimmed();
        if above.comment.contains(word) {
            return true;
        }
        let statement_goes_on = !code.is_empty() && !code.ends_with([';', '{', '}', ',']);
        let between = code.is_empty() && !above.comment.is_empty();
        if !(between || code.starts_with("#[") || statement_goes_on) {
            return false;
        }
    }
    false
}

/// Whether an unsafe function documents its contract, or implements a trait that does.
fn has_contract(source: &Source, line: usize) -> bool {
    comment_above(source, line, "# Safety")
        || comment_above(source, line, "SAFETY:")
        || in_trait_impl(source, line)
}

/// Whether the item at `line` lies in `impl Trait for Type`; rustfmt's indentation tells.
fn in_trait_impl(source: &Source, line: usize) -> bool {
    let indent = source.lines[line].indent();
    let outer = source.lines[..line].iter().rev().find(|above| {
        let code = above.trimmed();
        above.indent() < indent && !code.is_empty() && words(code, "impl").next().is_some()
    });
    outer.is_some_and(|header| words(header.trimmed(), "for").next().is_some())
}
