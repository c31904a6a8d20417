//! Measurements in processes of their own: where CPU time or peak memory counts, a shared process would blur them.
//!
//! A child prints one JSON array of numbers as its last line, one per metric. Contenders with dependencies of their
//! own are packages in `benches/rivals`, built at first use; the rest is this program started again.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use stratal::{Error, ErrorKind, Result};

/// Argument that turns this program into a child.
pub(crate) const CHILD: &str = "--child";

/// This program as the child `task`.
pub(crate) fn this(task: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(CHILD).args(task);
    Ok(command)
}

/// Runs a child to its end and reads its numbers.
pub(crate) fn measure(command: &mut Command) -> Result<Vec<f64>> {
    numbers(&output(command)?)
}

/// The numbers that a child ended in.
pub(crate) fn numbers(text: &str) -> Result<Vec<f64>> {
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).map_err(|error| {
        Error::new(ErrorKind::Format, "a child did not end in its numbers")
            .with("line", last)
            .caused_by(error)
    })
}

/// Runs a child to its end and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    text(command, output)
}

/// What a child printed that has run to its end.
pub(crate) fn text(command: &Command, output: Output) -> Result<String> {
    if !output.status.success() {
        let message = format!("a child failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        return Err(Error::new(ErrorKind::Io, message).with("command", format!("{command:?}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Builds the program `bin` of the workspace's package `package` and gives its path, beside this one.
pub(crate) fn own(package: &str, bin: &str) -> Result<PathBuf> {
    output(cargo().args(["--package", package, "--bin", bin])).map_err(|error| error.with("program", bin))?;
    Ok(std::env::current_exe()?.with_file_name(bin))
}

/// Builds the shared library of the workspace's package `package` and gives its path.
pub(crate) fn library(package: &str, file: &str) -> Result<PathBuf> {
    output(cargo().args(["--package", package])).map_err(|error| error.with("library", package))?;
    Ok(std::env::current_exe()?.with_file_name(file))
}

/// Builds the contender `name` of suite `alloc`, in full or without the points of real crates, and gives its program.
pub(crate) fn rival(name: &str, full: bool) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals");
    let package = format!("rival-{name}");
    let target = if full { "target" } else { "target/bare" };
    let mut cargo = cargo();
    // Cargo reads its settings where it is started, and one of the rivals needs one.
    cargo.current_dir(&folder).args(["--locked", "--package", &package, "--target-dir", target]);
    cargo.args((!full).then_some("--no-default-features"));
    output(&mut cargo).map_err(|error| error.with("rival", name))?;
    Ok(folder.join(target).join("release").join(package))
}

/// Builds the rival package in `folder` of `benches/rivals`, which has a lock file of its own, and gives its program.
pub(crate) fn program(folder: &str, name: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals").join(folder);
    let target = folder.with_file_name("target");
    let mut cargo = cargo();
    cargo.current_dir(&folder).arg("--locked").arg("--target-dir").arg(&target);
    output(&mut cargo).map_err(|error| error.with("rival", name))?;
    Ok(target.join("release").join(name))
}

/// A release build, run where this package lies.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--quiet"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}
