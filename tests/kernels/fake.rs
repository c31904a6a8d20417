//! All of this again, with the kernels on the fake CUDA driver: the whole way of a launch on an NVIDIA device, by CUDA C
//! that NVRTC's double has g++ compile, in a child process that finds these libraries.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the libraries, built beside this test.
fn libraries() -> PathBuf {
    let exe = std::env::current_exe().expect("a path");
    let built = exe.parent().and_then(Path::parent).expect("target/debug");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--offline", "--package", "stratal-fake-cuda", "--target-dir"]);
    cargo.arg(built.parent().expect("target"));
    if built.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = exe.parent().expect("a folder").join("fake-cuda").join("kernels");
    std::fs::create_dir_all(&folder).expect("a folder");
    for name in ["libcuda.so", "libcuda.so.1", "libnvrtc.so"] {
        let fresh = folder.join(format!("{name}.{}", std::process::id()));
        std::fs::copy(built.join("libstratal_fake_cuda.so"), &fresh).expect("a copy");
        std::fs::rename(&fresh, folder.join(name)).expect("a name");
    }
    folder
}

/// Runs this program again on the fake driver; gives what it printed.
fn again(libraries: &Path, cache: &Path) -> String {
    let output = Command::new(std::env::current_exe().expect("a path"))
        .args(["--skip", "fake::", "--nocapture", "--test-threads", "2"])
        .env("LD_LIBRARY_PATH", libraries)
        .env("STRATAL_KERNELS_ON", "cuda")
        .env("STRATAL_KERNEL_CACHE", cache)
        .output()
        .expect("the program runs");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn every_kernel_of_this_suite_gives_the_same_by_way_of_cuda() {
    if std::env::var_os("STRATAL_KERNELS_ON").is_some() {
        println!("SKIPPED: this is the child already");
        return;
    }
    if Command::new("g++").arg("--version").output().is_err() {
        println!("SKIPPED: kernels do not run on the fake CUDA driver: no g++");
        return;
    }
    let (libraries, cache) = (libraries(), tempfile::tempdir().expect("a folder"));
    let text = again(&libraries, cache.path());
    assert!(text.contains("ran on cuda:0"), "{text}");
    let kept = std::fs::read_dir(cache.path()).expect("the cache").count();
    assert!(kept >= 15, "{kept} images are kept");
}
