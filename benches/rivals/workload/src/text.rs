//! Texts that the points work on: words, keys, records, and the sources of this repository.

use std::fmt::Write;
use std::path::Path;

const WORDS: [&str; 16] = [
    "a",
    "is",
    "map",
    "node",
    "queue",
    "tensor",
    "payload",
    "argument",
    "allocator",
    "checkpoint",
    "prefetching",
    "interleaving",
    "serialization",
    "fragmentation",
    "representations",
    "internationalization",
];

/// A word for a roll.
pub(crate) fn word(roll: usize) -> &'static str {
    WORDS[roll % WORDS.len()]
}

/// A key of a map: 12 to 40 bytes.
pub(crate) fn key(number: usize) -> String {
    format!("{}/{:08x}", word(number), number.wrapping_mul(0x9e37_79b1))
}

/// So many records as JSON: strings, numbers, lists and objects.
pub(crate) fn records(count: usize) -> String {
    let mut text = String::from("[");
    for at in 0..count {
        let (name, other) = (key(at), key(at * 31));
        let comma = if at == 0 { "" } else { "," };
        let written = write!(
            text,
            r#"{comma}{{"id":{at},"name":"{name}","score":{}.5,"tags":["{}","{}","Red Apple"],"#,
            at % 97,
            word(at),
            word(at / 7),
        );
        written.expect("strings grow");
        let written = write!(
            text,
            r#""home":{{"street":"{other}","address":"10.0.{}.{}","open":{}}},"note":null}}"#,
            at % 256,
            at % 13,
            at.is_multiple_of(3),
        );
        written.expect("strings grow");
    }
    text.push(']');
    text
}

/// Sources of four crates of this repository, in order of their paths.
pub(crate) fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut found = Vec::new();
    for folder in ["runtime/src", "macros/core/src", "tiering/src", "tiering/cli/src"] {
        collect(&root.join(folder), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).expect("run beside the repository it was built in");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(std::fs::read_to_string(path).expect("a text"));
        }
    }
}
