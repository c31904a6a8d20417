//! Compiles one case against the library that this test was built with, and reads the errors as JSON.

use super::marks::Mark;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// rustc, and the library that cases use.
pub(crate) struct Compiler {
    rlib: PathBuf,
    dependencies: PathBuf,
    output: PathBuf,
}

impl Compiler {
    /// Asks cargo for the library; it is built already, unless features or profiles differ.
    pub(crate) fn build() -> Self {
        let output = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let target = output.parent().expect("the folder for temporary files lies in the target folder");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "build",
            "--lib",
            "--offline",
            "--message-format=json",
        ]);
        cargo.args(["--package", "stratal", "--target-dir"]).arg(target);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let built = cargo.output().expect("cargo runs");
        assert!(built.status.success(), "cargo build: {}", String::from_utf8_lossy(&built.stderr));
        let rlib =
            lines(&built.stdout).find_map(|message| library(&message)).expect("cargo names the library");
        let dependencies = rlib.parent().expect("a library lies in a folder").join("deps");
        Self { rlib, dependencies, output }
    }

    /// The errors of `case`, those that have a place. Warnings count where the case denies them.
    pub(crate) fn errors(&self, case: &Path) -> BTreeSet<Mark> {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.arg(case).args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=metadata",
            "--error-format=json",
        ]);
        rustc
            .args(["--crate-name", "case", "--out-dir"])
            .arg(self.output.join("ui").join(case.file_stem().unwrap_or_default()));
        rustc.arg("--extern").arg(format!("stratal={}", self.rlib.display()));
        rustc.arg("-L").arg(format!("dependency={}", self.dependencies.display()));
        let compiled = rustc.output().expect("rustc runs");
        let mut errors = BTreeSet::new();
        for mark in lines(&compiled.stderr).filter_map(|message| error(case, &message)) {
            if let Some(first) = errors.replace(mark) {
                let message = format!("{} (told twice)", first.message);
                errors.insert(Mark { message, ..first });
            }
        }
        let stderr = String::from_utf8_lossy(&compiled.stderr);
        assert_eq!(errors.is_empty(), compiled.status.success(), "{}: {stderr}", case.display());
        errors
    }
}

/// The JSON objects of a compiler's output, one per line.
fn lines(output: &[u8]) -> impl Iterator<Item = Value> {
    output.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// The library, if this is cargo's message about it.
fn library(message: &Value) -> Option<PathBuf> {
    let target = &message["target"];
    if target["name"] != "stratal" || target["kind"][0] != "lib" {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|extension| extension == "rlib"))
}

/// The error, if this is one with a place. One that lies outside the case has line 0, which no mark has.
fn error(case: &Path, message: &Value) -> Option<Mark> {
    if message["level"] != "error" {
        return None;
    }
    let span = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
    let number = |key: &str| span[key].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    let here = span["file_name"].as_str().is_some_and(|file| Path::new(file) == case);
    let line = if here { number("line_start") } else { 0 };
    let message = message["message"].as_str().unwrap_or_default().replace('\n', " ");
    Some(Mark { line, columns: (number("column_start"), number("column_end")), message })
}
