//! All of this again, with the kernels on the fake CUDA driver: the whole way of a launch on an NVIDIA device, by CUDA C
//! that NVRTC's double has g++ compile, in a child process that finds these libraries.

use std::path::Path;
use std::process::Command;
use stratal_support::fake_cuda;

/// Runs this program again on the fake driver; gives what it printed.
fn again(cache: &Path) -> String {
    let exe = std::env::current_exe().expect("a path");
    let output = Command::new(&exe)
        .args(["--skip", "fake::", "--skip", "wrapped::", "--nocapture", "--test-threads", "2"])
        .env("LD_LIBRARY_PATH", fake_cuda::driver(&exe))
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
    let cache = tempfile::tempdir().expect("a folder");
    let text = again(cache.path());
    assert!(text.contains("ran on cuda:0"), "{text}");
    let kept = std::fs::read_dir(cache.path()).expect("the cache").count();
    assert!(kept >= 15, "{kept} images are kept");
}
