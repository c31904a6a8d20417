//! Instructions of a malloc and its free, counted by callgrind: the same on every run, whatever the machine's load.
//!
//! Only what happens inside Rust's two entry points is counted, so the loop has no part in it. The difference between
//! a long and a short run takes off what happens once; refills are spread over the pairs, as they are in life.

use super::Program;
use std::path::Path;
use std::process::Command;
use stratal::{Error, ErrorKind, Result};

#[cfg(test)]
mod tests;

/// The points that count: pairs of 64 bytes, and of 4 KiB.
pub(super) const SMALL: &str = "count64";
pub(super) const PAGE: &str = "count4k";
/// Does not allocate.
const NONE: &str = "count0";

/// Efforts of the short and the long run, and the pairs between them.
const EFFORTS: [&str; 2] = ["0.01", "0.03"];
const PAIRS: f64 = 20_000.0;

/// Whether callgrind is there and the contender runs under it; says so where not.
pub(super) fn countable(program: &Program) -> bool {
    let ran = collected(&program.2, NONE, EFFORTS[0]);
    if let Err(error) = &ran {
        eprintln!("SKIPPED: instructions of {}: {error}", program.0);
    }
    ran.is_ok()
}

/// Instructions of one pair at a point that counts pairs.
pub(super) fn count(program: &Path, point: &str) -> Result<f64> {
    let [short, long] = EFFORTS.map(|effort| collected(program, point, effort));
    Ok((long? - short?) / PAIRS)
}

/// Instructions that a run spends inside the two entry points.
fn collected(program: &Path, point: &str, effort: &str) -> Result<f64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.args(["--toggle-collect=*__rust_alloc", "--toggle-collect=*__rust_dealloc"]);
    command.arg(program).args([point, "1", effort]);
    let output = command.output().map_err(|error| Error::from(error).with("command", "valgrind"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let number = report.lines().find_map(|line| line.split_once("Collected :"));
    let number = number.and_then(|(_, number)| number.trim().parse().ok());
    number.filter(|_| output.status.success()).ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, "does not run under callgrind").with("program", program.display())
    })
}
