//! The fake CUDA driver, for tests that run a child of themselves with it: the parent stays able to find the real one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Set in the children.
const CHILD: &str = "STRATAL_FAKE_CUDA_CHILD";

/// Whether this process is a child that finds the fake driver. Else it says that the test is skipped.
#[must_use]
pub fn is_child() -> bool {
    let child = std::env::var_os(CHILD).is_some();
    if !child {
        println!("SKIPPED: runs in a child process that finds the fake driver, started by another test");
    }
    child
}

/// Runs an ignored test of this executable in a child that finds the fake driver, and gives what it printed.
///
/// # Panics
/// If the driver cannot be built, or the test fails.
#[must_use]
pub fn child(test: &str) -> String {
    let exe = std::env::current_exe().expect("the path of this executable");
    let mut command = Command::new(&exe);
    command.args([test, "--exact", "--ignored", "--nocapture"]);
    let output = command.env("LD_LIBRARY_PATH", driver(&exe)).env(CHILD, "1").output().expect("a child");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{test}: {text}");
    text
}

/// Tests of one executable that need the driver make it one after another: they share its files.
static MAKING: Mutex<()> = Mutex::new(());

/// A folder beside the executable of a test with the driver and its compiler, built there, under the names that the search
/// tries first and that a system has.
///
/// # Panics
/// If the driver cannot be built.
#[must_use]
pub fn driver(exe: &Path) -> PathBuf {
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let deps = exe.parent().expect("an executable lies in a folder");
    let built = deps.parent().expect("a profile's folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent).expect("the workspace");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["build", "--offline", "--package", "stratal-fake-cuda", "--target-dir"]);
    cargo.arg(built.parent().expect("the target folder"));
    if built.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (library, folder) = (built.join("libstratal_fake_cuda.so"), deps.join("fake-cuda").join("driver"));
    std::fs::create_dir_all(&folder).expect("a folder beside this executable");
    for name in ["libcuda.so", "libcuda.so.1", "libnvrtc.so"] {
        let fresh = folder.join(format!("{name}.{}", std::process::id()));
        std::fs::copy(&library, &fresh).expect("a copy of the driver");
        std::fs::rename(&fresh, folder.join(name)).expect("the driver under its name");
    }
    folder
}
