//! Promise: every macro message points at the offending token; read from the compiler's JSON.
//!
//! A case is a file. Under an offending line it marks the columns of the error and says the message:
//!
//! ```text
//! #[params(perfix = "model")]
//! //       ^^^^^^ unknown option `perfix`; did you mean `prefix`?
//! ```
//!
//! Each error of the compiler must have its mark and each mark its error, so a case also promises that nothing
//! else is reported.

mod compiler;
mod marks;

use compiler::Compiler;
use marks::{Mark, marks};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The sources of the cases in `folder` of this test.
fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder's entry").path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    cases.sort();
    assert!(!cases.is_empty(), "no cases in {}", folder.display());
    cases
}

/// Compiles every case on as many threads as there are cores, and gives what `judge` finds wrong.
fn compile_all(
    cases: &[PathBuf],
    judge: impl Fn(&Path, BTreeSet<Mark>) -> Vec<String> + Sync,
) -> Vec<String> {
    let compiler = Compiler::build();
    let queue = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no thread panicked with the queue").next();
                    let Some(case) = next else { break };
                    let found = judge(case, compiler.errors(case));
                    wrong.lock().expect("no thread panicked with the list").extend(found);
                }
            });
        }
    });
    wrong.into_inner().expect("no thread panicked with the list")
}

/// Every misuse is refused at the marked columns with the marked words, and with nothing else.
#[test]
fn misuse_is_refused_where_it_stands() {
    let wrong = compile_all(&cases("fail"), |case, errors| {
        let expected = marks(case);
        assert!(!expected.is_empty(), "{} marks no error", case.display());
        let name = case.file_name().unwrap_or_default().to_string_lossy();
        let missing = expected.difference(&errors).map(|mark| format!("{name}: expected {mark}"));
        let surplus = errors.difference(&expected).map(|mark| format!("{name}: reported {mark}"));
        missing.chain(surplus).collect()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Correct use compiles without a warning, whatever names surround it.
#[test]
fn correct_use_compiles_in_hostile_surroundings() {
    let wrong = compile_all(&cases("pass"), |case, errors| {
        errors.iter().map(|error| format!("{}: {error}", case.display())).collect()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Errors that rustc itself shows at the derive, and that no macro can move: none so far.
const RUSTC_OWNED: [&str; 0] = [];

/// There are cases enough, and no error is shown at the line of a derive. (One in our own crate would have no mark.)
#[test]
fn errors_are_shown_at_tokens() {
    let mut shown = 0;
    for case in cases("fail") {
        let source = fs::read_to_string(&case).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        let lines: Vec<&str> = source.lines().collect();
        for mark in marks(&case) {
            let line = lines[mark.line - 1].trim_start();
            let owned = RUSTC_OWNED.contains(&mark.message.as_str());
            assert!(owned || !line.starts_with("#[derive"), "{}: {mark}", case.display());
            shown += 1;
        }
    }
    println!("{shown} errors shown in {} files", cases("fail").len());
    assert!(shown >= 80, "only {shown} errors are shown");
}

/// Every message of the macros has a case that shows it.
#[test]
fn every_message_has_a_case() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("macros/core/src");
    let read = |file: &str| fs::read_to_string(sources.join(file)).expect("the messages of the macros");
    let source = read("valid.rs") + &read("valid/kernel.rs") + &read("valid/native.rs");
    let shown: Vec<Mark> = cases("fail").iter().flat_map(|case| marks(case)).collect();
    let messages = marks::messages(&source);
    assert!(messages.len() > 15, "only {} messages found", messages.len());
    for message in messages {
        assert!(shown.iter().any(|mark| mark.shows(&message)), "no case shows `{}`", message.join("…"));
    }
}
