//! Rules about Cargo.toml files and about third parties: one place for versions, a room for each guest.

use crate::repo::Repo;
use crate::report::Finding;
use crate::source::words;

/// Where each third party may be named; test files may name any.
const GUESTS: &[(&str, &[&str])] = &[
    ("backtrace", &["runtime/src/pool/leak/place"]),
    ("bytemuck", &["runtime/src/tensor/neighbours"]),
    ("candle_core", &["runtime/src/tensor/neighbours"]),
    ("chacha20poly1305", &["tiering/src/store"]),
    ("clap", &["tiering/cli/", "benches/"]),
    ("crc32c", &["tiering/src/store"]),
    ("crossbeam", &["tiering/src/io/threads", "tiering/src/transfer", "tiering/src/engine"]),
    ("cudarc", &["tiering/src/device/cuda"]),
    ("half", &["runtime/src/number", "runtime/src/private", "tiering/cli/", "benches/"]),
    ("indicatif", &["tiering/cli/", "benches/"]),
    ("io_uring", &["tiering/src/io/uring"]),
    (
        "libc",
        &[
            "runtime/src/sys",
            "runtime/src/shm",
            "runtime/preload/",
            "tiering/src/store",
            "tiering/src/origin",
            "tiering/src/io",
            "tiering/src/device",
            "tiering/cli/",
            "tests/support/src/process.rs",
            "benches/",
        ],
    ),
    ("loom", &["runtime/src/sync.rs"]),
    ("lz4_flex", &["tiering/src/store"]),
    ("memmap2", &["tiering/src/origin", "runtime/src/shm", "benches/"]),
    ("metrics", &["tiering/src/observe"]),
    ("ndarray", &["runtime/src/tensor/neighbours", "benches/"]),
    ("num_complex", &["runtime/src/number"]),
    ("plotters", &["benches/"]),
    ("proc_macro2", &["macros/"]),
    ("proptest", &[]),
    ("pulp", &["tiering/cli/"]),
    ("quote", &["macros/"]),
    ("rayon", &["tiering/cli/"]),
    // Our own reader of the format bears its name too.
    ("safetensors", &["runtime/src/tensor/neighbours", "tiering/src/origin/"]),
    (
        "serde",
        &[
            "runtime/src/tensor/serial.rs",
            "tiering/src/origin",
            "tiering/src/policy",
            "tiering/cli/",
            "benches/",
        ],
    ),
    ("serde_json", &["tiering/src/origin", "tiering/cli/", "benches/"]),
    ("syn", &["macros/"]),
    ("tempfile", &["examples/"]),
    ("toml", &["tiering/src/policy", "tiering/cli/"]),
    ("tracing", &["tiering/src/observe"]),
    ("zerocopy", &["runtime/src/number"]),
    ("zeroize", &["tiering/src/store"]),
];

/// One dependency line of a manifest.
pub(crate) struct Entry<'a> {
    /// Header of its table.
    pub(crate) section: &'a str,
    /// Name of the package.
    pub(crate) name: &'a str,
    /// What follows the name.
    pub(crate) value: &'a str,
    /// Line, from 1.
    pub(crate) line: usize,
}

impl Entry<'_> {
    /// Whether the dependency is part of what users build.
    pub(crate) fn shipped(&self) -> bool {
        !self.section.contains("dev-dependencies") && !self.section.starts_with("[workspace")
    }
}

/// The dependency lines of a manifest.
pub(crate) fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut section = "";
    text.lines().enumerate().filter_map(move |(at, line)| {
        if line.starts_with('[') {
            section = line.trim();
        }
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        let entry = section.ends_with("dependencies]") && line.starts_with(|c: char| c.is_ascii_alphabetic());
        entry.then(|| Entry { section, name, value: &line[name.len()..], line: at + 1 })
    })
}

/// Versions stand in the root manifest and nowhere else; every package takes the workspace's lints.
pub(crate) fn versions(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for text in repo.manifests() {
        for entry in entries(&text.text).filter(|entry| !entry.section.starts_with("[workspace")) {
            if !entry.value.contains("workspace = true") {
                let message = format!("`{}` does not take its version from the workspace", entry.name);
                found.push(Finding::new(&text.path, entry.line, message));
            }
        }
        if !text.text.contains("[lints]\nworkspace = true") {
            found.push(Finding::new(&text.path, 1, "does not take the workspace's lints"));
        }
    }
    found
}

/// Each third party stays in its rooms, and each has some.
pub(crate) fn third_parties(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for entry in entries(repo.text("Cargo.toml").unwrap_or_default()) {
        let ident = entry.name.replace('-', "_");
        let known = ident.starts_with("stratal") || GUESTS.iter().any(|(guest, _)| *guest == ident);
        if entry.section == "[workspace.dependencies]" && !known {
            found.push(Finding::new("Cargo.toml", entry.line, format!("`{ident}` has no room")));
        }
    }
    for source in repo.sources.iter().filter(|source| !source.is_test && !excluded(&source.path)) {
        for (at, line) in source.lines.iter().enumerate() {
            for (guest, rooms) in GUESTS {
                if names(&line.code, guest) && !rooms.iter().any(|room| source.path.starts_with(room)) {
                    found.push(Finding::new(&source.path, at + 1, format!("`{guest}` is not at home here")));
                }
            }
        }
    }
    found
}

/// Packages outside the workspace, with dependencies of their own.
fn excluded(path: &str) -> bool {
    path.starts_with("fuzz/") || path.starts_with("benches/rivals/")
}

/// Whether a line of code names the crate `guest`.
fn names(code: &str, guest: &str) -> bool {
    words(code, guest).any(|at| {
        let (before, after) = (&code[..at], &code[at + guest.len()..]);
        let imported = before.trim_start().starts_with("use ") || before.trim() == "extern crate";
        !before.ends_with("::")
            && !before.ends_with('$')
            && (after.starts_with("::") || imported && before.trim() == "use")
    })
}
