//! Promise: each rule catches what it is for, and lets the lawful neighbour pass.

use crate::repo::Repo;
use crate::report::{Finding, settle};
use crate::{RULES, findings};

/// Lines of the findings of `rule` in a tree of one file.
fn caught(rule: &str, path: &str, text: &str) -> Vec<usize> {
    caught_in(rule, &[(path, text)])
}

fn caught_in(rule: &str, files: &[(&str, &str)]) -> Vec<usize> {
    let (_, check) = RULES.iter().find(|(name, _)| *name == rule).expect("a known rule");
    check(&Repo::planted(files)).iter().map(|finding| finding.line).collect()
}

#[test]
fn a_missing_module_doc_is_caught() {
    assert_eq!(caught("module doc", "src/a.rs", "use b;\n"), [1]);
    assert_eq!(caught("module doc", "src/a.rs", "// not a doc\n"), [1]);
    assert!(caught("module doc", "src/a.rs", "//! What it is.\n").is_empty());
}

#[test]
fn long_files_and_functions_are_caught() {
    assert_eq!(caught("file length", "src/a.rs", &"\n".repeat(901)), [901]);
    assert!(caught("file length", "src/a.rs", &"\n".repeat(900)).is_empty());
    let body =
        |lines: usize| format!("struct A;\nfn long(\n    a: u8,\n) {{\n{}}}\n", "    a();\n".repeat(lines));
    assert_eq!(caught("function length", "src/a.rs", &body(67)), [2]);
    assert!(caught("function length", "src/a.rs", &body(66)).is_empty());
    assert!(caught("function length", "tests/a/main.rs", &body(67)).is_empty());
    assert!(caught("function length", "src/a.rs", "trait A { fn b(); }\n").is_empty());
}

#[test]
fn names_that_say_nothing_are_caught() {
    assert_eq!(caught("banned name", "src/utils.rs", "//! .\n"), [1]);
    assert_eq!(caught("banned name", "src/common/pool.rs", "//! .\n"), [1]);
    assert!(caught("banned name", "src/baseline.rs", "//! .\n").is_empty());
}

#[test]
fn inline_tests_are_caught() {
    assert_eq!(caught("inline tests", "src/a.rs", "#[cfg(test)]\nmod tests {\n}\n"), [2]);
    assert!(caught("inline tests", "src/a.rs", "#[cfg(test)]\nmod tests;\n// mod tests {\n").is_empty());
}

#[test]
fn unsafe_outside_its_rooms_is_caught() {
    let text = "// SAFETY: fine.\nunsafe { a() }\n";
    assert_eq!(caught("unsafe room", "tiering/src/plan/a.rs", text), [2]);
    assert!(caught("unsafe room", "runtime/src/pool/a.rs", text).is_empty());
    assert!(
        caught("unsafe room", "tiering/src/plan/a.rs", "#[unsafe(no_mangle)]\nlet a = \"unsafe {\";\n")
            .is_empty()
    );
}

#[test]
fn unproved_unsafe_is_caught() {
    let rule = |text: &str| caught("safety comment", "runtime/src/pool/a.rs", text);
    assert_eq!(rule("fn a() {\n    unsafe { b() }\n}\n"), [2]);
    assert_eq!(rule("// SAFETY: yes.\nlet a = 1;\nlet b = unsafe { c() };\n"), [3]);
    assert_eq!(rule("unsafe impl Send for A {}\n"), [1]);
    assert_eq!(rule("/// Reads.\npub unsafe fn a() {}\n"), [2]);
    assert!(rule("// SAFETY: yes,\n// and why.\n#[allow(x)]\nlet a =\n    unsafe { b() };\n").is_empty());
    assert!(rule("/// # Safety\n/// `a` is valid.\n#[inline]\npub unsafe fn a() {}\n").is_empty());
    assert!(rule("// SAFETY: yes.\nunsafe impl A for B {\n    unsafe fn c() {}\n}\n").is_empty());
    assert!(rule("type A = unsafe extern \"C\" fn(u8);\n").is_empty());
}

#[test]
fn climbing_the_ladder_is_caught() {
    let rule = |path: &str, text: &str| caught("direction", path, text);
    assert_eq!(rule("tiering/src/plan/a.rs", "\nuse crate::residency::table;\n"), [2]);
    assert_eq!(rule("tiering/src/plan/a.rs", "use crate::{error::Result, residency::table};\n"), [1]);
    assert_eq!(rule("tiering/src/plan/a.rs", "use super::super::engine::Engine;\n"), [1]);
    assert_eq!(rule("tiering/src/plan/a.rs", "fn a() -> crate::Engine {}\n"), [1]);
    assert_eq!(rule("tiering/src/policy/mod.rs", "use crate::io::Io;\n"), [1]);
    assert_eq!(rule("tiering/src/io/mod.rs", "use crate::object::ChunkKey;\n"), [1]);
    assert_eq!(rule("tiering/src/novel.rs", "//! .\n"), [1]);
    assert_eq!(rule("runtime/src/sys/linux.rs", "use crate::simd::copy;\n"), [1]);
    assert!(
        rule("tiering/src/engine/mod.rs", "use crate::{io::Io, plan::Route};\nuse super::tier;\n").is_empty()
    );
    assert!(
        rule("tiering/src/plan/a.rs", "use super::b;\n// crate::engine\nuse crate::object::{A, B};\n")
            .is_empty()
    );
}

#[test]
fn packages_that_depend_upward_are_caught() {
    let upward = "[dependencies]\nhalf.workspace = true\nstratal-tiering.workspace = true\n";
    assert_eq!(caught("packages", "runtime/Cargo.toml", upward), [3]);
    assert_eq!(caught("packages", "novel/Cargo.toml", ""), [1]);
    let tests =
        "[dependencies]\nstratal-runtime.workspace = true\n[dev-dependencies]\nstratal.workspace = true\n";
    assert!(caught("packages", "tiering/Cargo.toml", tests).is_empty());
}

#[test]
fn a_clock_in_a_room_that_decides_is_caught() {
    assert_eq!(caught("purity", "tiering/src/plan/a.rs", "use std::time::Instant;\n"), [1]);
    assert_eq!(caught("purity", "tiering/src/residency/a.rs", "\nuse std::fs;\n"), [2]);
    assert!(
        caught("purity", "tiering/src/plan/a.rs", "// no Instant here\nuse std::time::Duration;\n")
            .is_empty()
    );
}

#[test]
fn atomics_beside_the_door_are_caught() {
    assert_eq!(caught("sync door", "runtime/src/pool/a.rs", "use std::sync::atomic::AtomicU8;\n"), [1]);
    assert!(caught("sync door", "runtime/src/sync.rs", "use std::sync::atomic::AtomicU8;\n").is_empty());
}

#[test]
fn versions_outside_the_root_are_caught() {
    let lints = "[lints]\nworkspace = true\n[dependencies]\n";
    assert_eq!(caught("versions", "runtime/Cargo.toml", &format!("{lints}libc = \"0.2\"\n")), [4]);
    assert_eq!(caught("versions", "runtime/Cargo.toml", "[dependencies]\n"), [1]);
    assert!(caught("versions", "runtime/Cargo.toml", &format!("{lints}libc.workspace = true\n")).is_empty());
    assert!(caught("versions", "fuzz/Cargo.toml", "[dependencies]\nlibc = \"0.2\"\n").is_empty());
}

#[test]
fn guests_outside_their_rooms_are_caught() {
    let rule = |path: &str, text: &str| caught("third parties", path, text);
    assert_eq!(rule("tiering/src/plan/a.rs", "use libc::c_int;\n"), [1]);
    assert_eq!(rule("src/lib.rs", "pub fn a() { serde_json::to_string(b) }\n"), [1]);
    assert_eq!(rule("Cargo.toml", "[workspace.dependencies]\nnovel = \"1\"\n"), [2]);
    assert!(rule("tiering/src/store/a.rs", "use libc::c_int;\n").is_empty());
    assert!(rule("tiering/src/plan/a.rs", "let half = a / 2; self::half::b();\n").is_empty());
}

#[test]
fn work_left_undone_is_caught() {
    assert_eq!(caught("undone", "src/a.rs", concat!("// TO", "DO later\n")), [1]);
    assert_eq!(caught("undone", "src/a.rs", concat!("fn a() { todo", "!() }\n")), [1]);
    assert!(caught("undone", "src/a.rs", concat!("let a = \"TO", "DO\";\n")).is_empty());
}

#[test]
fn panics_and_errors_without_type_are_caught() {
    let unwrap = concat!("a.unwrap", "();\n");
    assert_eq!(caught("failures", "src/a.rs", unwrap), [1]);
    assert_eq!(caught("failures", "src/a.rs", "fn a() -> Result<(), String> {\n"), [1]);
    let declared = ("src/a.rs", "#[cfg(all(test, unix))]\npub(crate) mod model;\n");
    assert_eq!(caught_in("failures", &[declared, ("src/b/model.rs", unwrap)]), [1]);
    assert!(caught_in("failures", &[declared, ("src/a/model.rs", unwrap)]).is_empty());
    assert!(caught_in("failures", &[declared, ("src/a/model/part.rs", unwrap)]).is_empty());
    assert!(caught("failures", "src/a.rs", "a.unwrap_or_default();\n").is_empty());
}

#[test]
fn machine_paths_are_caught() {
    assert_eq!(caught("machine path", "README.md", concat!("see\n/ho", "me/me\n")), [2]);
    assert!(caught("machine path", "README.md", "see `src/`\n").is_empty());
}

#[test]
fn pages_that_lack_what_they_must_show_are_caught() {
    assert_eq!(caught("readme", "README.md", &format!("{}```rust\n```\n", "\n".repeat(20))), [1]);
    assert!(caught("readme", "README.md", &format!("{}```rust\n```\n", "\n".repeat(19))).is_empty());
    let manifest = ("Cargo.toml", "[[test]]\nname = \"alloc\"\n");
    assert_eq!(caught_in("suites", &[manifest, ("tests/README.md", "`engine`")]), [1]);
    assert!(caught_in("suites", &[manifest, ("tests/README.md", "`alloc`")]).is_empty());
}

#[test]
fn exceptions_excuse_only_what_needs_them() {
    let finding = || vec![("rule", Finding::new("a.rs", 1, "wrong"))];
    let (open, stale) = settle(finding(), &[("rule", "a.rs")]);
    assert!(open.is_empty() && stale.is_empty());
    let (open, stale) = settle(finding(), &[("rule", "b.rs")]);
    assert_eq!((open.len(), stale.len()), (1, 1));
}

#[test]
fn the_lexer_tells_code_from_comment_and_text() {
    let text = "//! .\nlet a = 'x'; let b: &'a str = r#\"unsafe { \"#; /* unsafe {\n unsafe { */ b'\\''; \"\\\"unsafe {\"\n";
    assert!(findings(&Repo::planted(&[("src/a.rs", text)])).iter().all(|(rule, _)| !rule.contains("unsafe")));
    assert_eq!(caught("unsafe room", "src/a.rs", "let a = '{'; unsafe { b() }\n"), [1]);
}
