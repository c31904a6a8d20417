//! Runs one test of this binary again, as a child process whose end is part of the promise.

use std::process::{Command, Output};

/// Set in the child.
const MARK: &str = "STRATAL_ALLOC_CHILD";

/// Whether this process is the child.
pub(crate) fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs `test` (its path in this binary) alone in a child, with at most `address_kib` KiB of addresses, 0 for any.
pub(crate) fn run_again(test: &str, address_kib: usize) -> Output {
    let exe = std::env::current_exe().expect("a test binary has a path");
    let limit = if address_kib == 0 { "unlimited".to_owned() } else { address_kib.to_string() };
    let script = r#"ulimit -c 0; ulimit -v "$1"; exec "$0" --exact "$2" --nocapture --test-threads=1"#;
    Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(exe)
        .arg(limit)
        .arg(test)
        .env(MARK, "1")
        .output()
        .expect("sh runs")
}

/// Panics with the child's output unless it succeeded.
pub(crate) fn assert_succeeds(test: &str, address_kib: usize) {
    let output = run_again(test, address_kib);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    assert!(said.contains("1 passed"), "the child ran another test: {said}");
}
