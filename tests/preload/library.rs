//! The library under test, the programs that test it, and running one under the other.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The folder of the C programs.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/preload/c");

/// `libstratal_malloc.so`, built by cargo as this test was, or the one that `STRATAL_PRELOAD` names.
pub(crate) fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| env::var_os("STRATAL_PRELOAD").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let target = temporary().parent().expect("the folder for temporary files lies in the target folder");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--offline", "--package", "stratal-preload", "--target-dir"]).arg(target);
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    if profile == "release" {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "cargo build: {}", String::from_utf8_lossy(&built.stderr));
    let library = target.join(profile).join("libstratal_malloc.so");
    assert!(library.exists(), "{} is not where cargo puts it", library.display());
    library
}

/// A folder for what tests make.
pub(crate) fn temporary() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Compiles a C or C++ source of the folder `c`; `None`, and a line that says so, if there is no compiler.
///
/// Warnings are off: the programs misuse the functions on purpose. So are the compiler's own ideas of `malloc`.
pub(crate) fn compile(source: &str, flags: &[&str]) -> Option<PathBuf> {
    let (name, compiler, standard) = match source.rsplit_once('.') {
        Some((name, "cpp")) => (name, "g++", "-std=c++17"),
        Some((name, _)) => (name, "gcc", "-std=gnu11"),
        None => panic!("{source} has no ending"),
    };
    if !is_installed(compiler) {
        println!("SKIPPED: no {compiler} to build {source} with");
        return None;
    }
    let folder = temporary().join("preload");
    std::fs::create_dir_all(&folder).expect("a folder in the target folder");
    // Tests run side by side, and some build the same source.
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    let output = folder.join(format!("{name}-{}", BUILT.fetch_add(1, Relaxed)));
    let mut command = Command::new(compiler);
    command.current_dir(SOURCES).args([standard, "-D_GNU_SOURCE", "-O1", "-fno-builtin", "-pthread", "-w"]);
    let compiled =
        command.args(flags).arg(source).arg("-o").arg(&output).output().expect("the compiler runs");
    assert!(compiled.status.success(), "{source}: {}", String::from_utf8_lossy(&compiled.stderr));
    Some(output)
}

/// Whether a program of this name is on the path.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A command under the library, with `ahead` preloaded before it.
pub(crate) fn under(program: impl AsRef<Path>, ahead: &[&Path]) -> Command {
    let mut command = Command::new(program.as_ref());
    let libraries: Vec<_> = ahead.iter().copied().chain([library()]).collect();
    command.env("LD_PRELOAD", env::join_paths(libraries).expect("no colon in the folder of the sources"));
    command
}

/// Runs a command that must succeed, and returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let text = said(&output);
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    if let Some(skipped) = text.lines().find(|line| line.starts_with("SKIPPED:")) {
        println!("{skipped}");
    }
    text
}

/// Both outputs of a program.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
