//! Promise: the fast path does not grow unseen. A malloc and its free take as many instructions as the golden file says.

use super::{NONE, PAGE, SMALL, collected, count};
use crate::child;
use crate::suite::alloc::OURS;
use serde_json::Value;
use std::process::Command;

/// The compiler that will build the workload.
fn rustc() -> String {
    let version = Command::new("rustc").arg("--version").output().expect("a compiler");
    String::from_utf8_lossy(&version.stdout).into_owned()
}

#[test]
fn instructions_are_those_of_the_golden_file() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../../golden/instructions.json")).expect("JSON");
    let pinned = golden["rustc"].as_str().expect("a version");
    if !rustc().contains(pinned) {
        return eprintln!("SKIPPED: instructions are pinned for rustc {pinned}, this is {}", rustc().trim());
    }
    if !cfg!(target_arch = "x86_64") {
        return eprintln!("SKIPPED: instructions are pinned for x86-64");
    }
    let program = child::rival(OURS, false).expect("the workload builds");
    if let Err(error) = collected(&program, NONE, "0.01") {
        return eprintln!("SKIPPED: instructions need valgrind: {error}");
    }
    let within = golden["within"].as_f64().expect("a number");
    for point in [SMALL, PAGE] {
        let (is, was) =
            (count(&program, point).expect("it counts"), golden[point].as_f64().expect("a number"));
        assert!(
            (is - was).abs() <= within,
            "{point}: {is} instructions, {was} in benches/golden/instructions.json: if that is meant, write it there"
        );
    }
}
