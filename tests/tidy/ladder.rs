//! Rules about direction: which room may use which, inside a crate and between crates.
//!
//! The tables here are the ladders that the crates' docs draw. A room uses rooms of lower rungs and itself; rooms
//! that share a rung never name each other. Test files may look wherever they need.

use crate::manifest;
use crate::repo::Repo;
use crate::report::Finding;
use crate::source::{Source, words};

/// One crate's rooms, lowest rung first.
struct Ladder {
    src: &'static str,
    rungs: &'static [&'static [&'static str]],
    /// Rooms that stand beside the ladder: what they may use, and who may use them.
    beside: &'static [Beside],
}

struct Beside {
    room: &'static str,
    uses: &'static [&'static str],
    used_by: &'static [&'static str],
}

/// Who may use the drivers.
const MOVERS: &[&str] = &["store", "origin", "transfer", "engine", "launch"];

const LADDERS: &[Ladder] = &[
    Ladder {
        src: "runtime/src/",
        rungs: &[
            &["error"],
            &["align", "nearest", "number"],
            &["sync"],
            &["sys", "simd", "hold"],
            &["pool"],
            &["arena", "shm"],
            &["tensor"],
            &["kernel"],
            &["private"],
        ],
        beside: &[],
    },
    Ladder {
        src: "tiering/src/",
        rungs: &[
            &["error"],
            &["observe"],
            &["tier"],
            &["object"],
            &["residency", "plan", "policy"],
            &["store", "origin"],
            &["transfer"],
            &["engine"],
            &["launch"],
            &["private"],
        ],
        beside: &[
            Beside { room: "io", uses: &["error", "observe"], used_by: MOVERS },
            Beside { room: "device", uses: &["error", "observe"], used_by: MOVERS },
        ],
    },
];

/// Which package may depend on which other of this workspace, tests aside.
const PACKAGES: &[(&str, &[&str])] = &[
    ("runtime/Cargo.toml", &[]),
    ("runtime/preload/Cargo.toml", &["stratal-runtime"]),
    ("macros/core/Cargo.toml", &[]),
    ("macros/Cargo.toml", &["stratal-macros-core"]),
    ("tiering/Cargo.toml", &["stratal-runtime"]),
    ("Cargo.toml", &["stratal-macros", "stratal-runtime", "stratal-tiering"]),
    ("tiering/cli/Cargo.toml", &["stratal"]),
    ("tests/fake-cuda/Cargo.toml", &[]),
    ("tests/support/Cargo.toml", &["stratal-runtime", "stratal-tiering"]),
    ("benches/Cargo.toml", &["stratal", "stratal-support"]),
];

/// Words that a pure room cannot have: clocks, files, raw bytes.
const IMPURE: [&str; 6] = ["Instant", "SystemTime", "NonNull", "File", "std::fs", "std::io"];
/// Rooms that decide without bytes.
const PURE: [&str; 2] = ["tiering/src/residency", "tiering/src/plan"];

/// What only `runtime/src/sync.rs` may name in that crate.
const DOOR: [&str; 5] = ["sync::atomic", "thread_local", "std::thread", "core::cell", "std::cell"];

/// Rooms use rooms of lower rungs.
pub(crate) fn direction(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for ladder in LADDERS {
        for source in repo.sources.iter().filter(|source| !source.is_test) {
            let Some(inside) = source.path.strip_prefix(ladder.src) else { continue };
            if inside != "lib.rs" {
                check_source(ladder, source, inside, &mut found);
            }
        }
    }
    found
}

fn check_source(ladder: &Ladder, source: &Source, inside: &str, found: &mut Vec<Finding>) {
    let module: Vec<&str> = inside.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
    let room = module[0];
    if !ladder.knows(room) {
        found.push(Finding::new(&source.path, 1, format!("room `{room}` is not on the ladder")));
        return;
    }
    for (line, target) in mentions(source, &module) {
        let problem = match () {
            () if !ladder.knows(&target) => {
                format!("`{target}` is reached through the crate root, not its room")
            }
            () if !ladder.allows(room, &target) => format!("`{room}` may not use `{target}`"),
            () => continue,
        };
        found.push(Finding::new(&source.path, line, problem));
    }
}

impl Ladder {
    fn rung(&self, room: &str) -> Option<usize> {
        self.rungs.iter().position(|rung| rung.contains(&room))
    }

    fn beside(&self, room: &str) -> Option<&Beside> {
        self.beside.iter().find(|beside| beside.room == room)
    }

    fn knows(&self, room: &str) -> bool {
        self.rung(room).is_some() || self.beside(room).is_some()
    }

    fn allows(&self, room: &str, target: &str) -> bool {
        if room == target {
            return true;
        }
        if let Some(beside) = self.beside(room) {
            return beside.uses.contains(&target);
        }
        if let Some(beside) = self.beside(target) {
            return beside.used_by.contains(&room);
        }
        self.rung(target) < self.rung(room)
    }
}

/// Every room that a file names by `crate::` or by climbing out with `super::`, with the line.
fn mentions(source: &Source, module: &[&str]) -> Vec<(usize, String)> {
    let code: String = source.lines.iter().flat_map(|line| [line.code.as_str(), "\n"]).collect();
    let line_of = |at: usize| code[..at].matches('\n').count() + 1;
    let mut found = Vec::new();
    for at in words(&code, "crate") {
        let rest = &code[at + "crate".len()..];
        if let Some(path) = rest.strip_prefix("::") {
            found.extend(heads(path).into_iter().map(|head| (line_of(at), head)));
        }
    }
    for at in words(&code, "super") {
        let continued = code[..at].ends_with("super::");
        let climbs = code[at..].split("::").take_while(|part| *part == "super").count();
        if !continued && climbs == module.len() {
            let path = &code[at + climbs * "super::".len()..];
            found.extend(heads(path).into_iter().map(|head| (line_of(at), head)));
        }
    }
    found
}

/// The first names of a path: one, or those of a `{..}` group.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(name(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.retain(|head| !head.is_empty());
    found
}

/// Packages depend one way.
pub(crate) fn packages(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for text in repo.manifests() {
        let Some((_, allowed)) = PACKAGES.iter().find(|(path, _)| *path == text.path) else {
            found.push(Finding::new(&text.path, 1, "package is not in the table of directions"));
            continue;
        };
        for entry in manifest::entries(&text.text).filter(|entry| entry.shipped()) {
            if entry.name.starts_with("stratal") && !allowed.contains(&entry.name) {
                let message = format!("may not depend on `{}`", entry.name);
                found.push(Finding::new(&text.path, entry.line, message));
            }
        }
    }
    found
}

/// Rooms that decide see no bytes, no files, no clock.
pub(crate) fn purity(repo: &Repo) -> Vec<Finding> {
    let pure = |source: &&Source| !source.is_test && PURE.iter().any(|room| source.path.starts_with(room));
    naming(repo.sources.iter().filter(pure), &IMPURE, "a room that decides may not name")
}

/// Atomics, cells, threads and thread-locals of the runtime come through its one door.
pub(crate) fn sync_door(repo: &Repo) -> Vec<Finding> {
    let behind = |source: &&Source| {
        source.path.starts_with("runtime/src/")
            && !source.path.starts_with("runtime/src/sync")
            && !source.is_test
    };
    naming(repo.sources.iter().filter(behind), &DOOR, "only sync.rs may name")
}

fn naming<'a>(sources: impl Iterator<Item = &'a Source>, names: &[&str], message: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        for (at, line) in source.lines.iter().enumerate() {
            for name in names.iter().filter(|name| words(&line.code, name).next().is_some()) {
                found.push(Finding::new(&source.path, at + 1, format!("{message} `{name}`")));
            }
        }
    }
    found
}
