//! The `stratal` command as its users meet it: results on standard output, reasons on standard error, exit codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod doctor;
mod inspect;
mod refusals;
mod run;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a run of the command left behind.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the command with `args`, standard output and error being pipes.
fn stratal(args: &[&str]) -> Ran {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_stratal")).args(args).output().expect("the command was built");
    let text = |bytes| String::from_utf8(bytes).expect("the command writes UTF-8");
    Ran { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// Runs the command and reads the one JSON object it prints.
fn json(args: &[&str]) -> Value {
    let ran = stratal(args);
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

/// Where made models are kept from one test to the next. The tiny one is there: it has one maker at a time, and tests
/// run side by side.
fn cache() -> &'static str {
    static MADE: std::sync::Once = std::sync::Once::new();
    let folder = env!("CARGO_TARGET_TMPDIR");
    let args =
        ["run", "--model", "tiny", "--passes", "1", "--budget", "24MiB", "--cache-dir", folder, "--json"];
    MADE.call_once(|| drop(json(&args)));
    folder
}

/// The made tiny model.
fn tiny() -> PathBuf {
    Path::new(cache()).join("llama-tiny.safetensors")
}

/// A number in a JSON object.
fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("`{key}` is not a number in {object}"))
}

/// Promise: every command explains itself, and a bad command line ends with 2 and a hint.
#[test]
fn help_is_everywhere() {
    for args in
        [&["--help"][..], &["run", "--help"], &["doctor", "--help"], &["inspect", "--help"], &["--version"]]
    {
        let ran = stratal(args);
        assert_eq!(ran.code, Some(0), "{args:?}");
        assert!(ran.out.contains("stratal") && ran.err.is_empty(), "{args:?}");
    }
    for args in [&[][..], &["rum"], &["run", "--passes", "0"], &["run", "--budget", "much"], &["inspect"]] {
        let ran = stratal(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        assert!(
            ran.out.is_empty() && ran.err.contains("Usage") || ran.err.contains("--help"),
            "{args:?}: {}",
            ran.err
        );
    }
}
