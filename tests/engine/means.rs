//! Promise: what a real system refuses or breaks is a typed error or costs speed; no byte is wrong and nothing hangs.
//!
//! Real means where this machine allows them: a seccomp filter, resource limits, a small mounted file system, signals.
//! Those that it does not allow are skipped, and said. Each runs in a child process of its own, which is this test
//! program started again for one test.

use crate::spill::{MIB, check, vectors, write};
use crate::world::{checkpoint, directory, engine, load, policy, value};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use stratal::{Engine, ErrorKind};
use stratal_support::process::{self, Limit};

/// Set in children.
const TASK: &str = "STRATAL_TEST_TASK";

/// Runs `task` of this module in a child; what `prepare` refuses it holds there alone.
fn in_a_child(task: &str, dir: &Path, prepare: fn(&mut Command)) -> Output {
    let mut child = command(task, dir);
    prepare(&mut child);
    child.output().unwrap()
}

fn command(task: &str, dir: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "means::the_task_of_a_child", "--nocapture", "--test-threads=1"]);
    child.env(TASK, task).env("STRATAL_TEST_DIR", dir);
    child
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Dispatches in a child; does nothing in the suite itself.
#[test]
fn the_task_of_a_child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let dir = std::path::PathBuf::from(std::env::var_os("STRATAL_TEST_DIR").unwrap());
    match task.as_str() {
        "refused" | "unlocked" => stream_and_spill(&dir),
        "limited" => spill_past_a_limit(&dir),
        "stopped" => be_stopped(&dir),
        other => panic!("no task {other}"),
    }
    println!("the child of `{task}` is done");
}

/// Weights stream in and states spill, whatever moves the bytes; says by what.
fn stream_and_spill(dir: &Path) {
    let path = checkpoint(dir, &[1 << 20; 5]);
    let engine = engine(dir, "8 MiB");
    let weights = load(&engine, &path, 5);
    let states = vectors(&engine, 6, 2 * MIB);
    states.iter().enumerate().for_each(|(i, state)| write(state, i, 0).unwrap());
    for (i, tensor) in weights.iter().enumerate() {
        assert!(tensor.read().unwrap().iter().enumerate().all(|(at, found)| *found == value(i, at)));
    }
    states.iter().enumerate().for_each(|(i, state)| check(state, i, 0));
    println!("driver {}; {}", engine.io_backend(), engine.report());
}

/// The kernel refuses io_uring: threads move the bytes, and the engine says so once.
#[test]
fn a_refused_ring_is_replaced_by_threads() {
    let dir = directory();
    let output = in_a_child("refused", dir.path(), process::without_io_uring);
    let said = said(&output);
    assert!(output.status.success() && said.contains("driver threads") && said.contains("is done"), "{said}");
}

/// An ordinary user may lock next to no memory: buffers go unregistered, or threads stand in, and all bytes are right.
#[test]
fn memory_that_may_not_be_locked_costs_speed_only() {
    let dir = directory();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let output = in_a_child("unlocked", dir.path(), |child| {
        process::limited(child, Limit::Locked, 64 << 10);
        process::ordinary(child);
    });
    let said = said(&output);
    if !output.status.success() && said.contains("Permission denied") {
        return eprintln!(
            "SKIPPED: an ordinary user may not reach the test's folder: {}",
            dir.path().display()
        );
    }
    assert!(output.status.success() && said.contains("is done"), "{said}");
    let noticed = said.contains("unregistered") || said.contains("driver threads");
    assert!(noticed, "64 KiB of locked memory are no hindrance here: {said}");
}

/// The process may make no large files: a spill past that is a typed error and no signal; what fits is kept.
fn spill_past_a_limit(dir: &Path) {
    let engine = Engine::builder().policy(policy(dir, "4 MiB", "20 s").unwrap()).build().unwrap();
    let mut states = vectors(&engine, 12, 2 * MIB);
    let written: Vec<_> = states.iter().enumerate().map(|(i, state)| write(state, i, 0)).collect();
    let refused = written.iter().position(Result::is_err).expect("the limit is met");
    let error = written[refused].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    // What is dirty cannot go down to make room: one of those is given up.
    states.truncate(refused - 1);
    states.iter().enumerate().for_each(|(i, state)| check(state, i, 0));
    println!("refused at {refused}: {error}");
}

#[test]
fn a_limit_on_file_sizes_is_no_signal() {
    let dir = directory();
    let output = in_a_child("limited", dir.path(), |child| process::limited(child, Limit::FileSize, 8 << 20));
    let said = said(&output);
    assert!(output.status.success() && said.contains("refused at") && said.contains("is done"), "{said}");
}

/// Streams until told to end; prints a line when it has begun.
fn be_stopped(dir: &Path) {
    let path = checkpoint(dir, &[1 << 20; 6]);
    let engine = Engine::builder().policy(policy(dir, "8 MiB", "30 s").unwrap()).build().unwrap();
    let weights = load(&engine, &path, 6);
    println!("begun");
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(1500) {
        for (i, tensor) in weights.iter().enumerate() {
            let lease = tensor.read().unwrap();
            assert!(
                lease.iter().step_by(1021).zip((0..).step_by(1021)).all(|(found, at)| *found == value(i, at))
            );
        }
    }
}

/// A process that is stopped in the middle of its transfers goes on as if nothing had been.
#[test]
fn a_stopped_process_goes_on() {
    use std::io::{BufRead, BufReader, Read};
    let dir = directory();
    let mut child = command("stopped", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("begun") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child ended before it began");
    }
    for _ in 0..4 {
        for (stopped, pause_ms) in [(true, 150), (false, 60)] {
            process::stop(&child, stopped).unwrap();
            std::thread::sleep(Duration::from_millis(pause_ms));
        }
    }
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success() && rest.contains("is done"), "{rest}");
}

/// A checkpoint that is cut short while it streams: what is gone is a typed error naming tensor and file, what is
/// left comes whole.
#[test]
fn a_checkpoint_cut_short_in_use_is_noticed() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20; 6]);
    let engine = engine(dir.path(), "8 MiB");
    let weights = load(&engine, &path, 6);
    assert_eq!(weights[5].read().unwrap()[7], value(5, 7));
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    for (i, tensor) in weights.iter().enumerate().take(2) {
        assert!(tensor.read().unwrap().iter().enumerate().all(|(at, found)| *found == value(i, at)));
    }
    let error = weights[4].read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    assert_eq!(error.fact("tensor"), Some("t.4"));
    assert_eq!(error.fact("file"), path.to_str());
}

/// A mounted file system of its own, gone with the value.
struct Mount(std::path::PathBuf);

impl Mount {
    /// An ext4 file system of `mib` MiB in a file; `None` where this user may not mount.
    fn ext4(dir: &Path, mib: u64) -> Option<Self> {
        let (image, place) = (dir.join("image"), dir.join("mount"));
        std::fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
        std::fs::create_dir(&place).unwrap();
        let made = run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image));
        let mounted = made && run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&place));
        if !mounted {
            eprintln!("SKIPPED: no small file system can be made and mounted here");
        }
        mounted.then_some(Self(place))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run(Command::new("umount").arg("-l").arg(&self.0));
    }
}

fn run(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Takes space that an engine which has just ended gives back when its worker does.
fn fill_when_free(path: &Path, bytes: usize) {
    let since = Instant::now();
    while let Err(error) = std::fs::write(path, vec![1; bytes]) {
        assert!(since.elapsed().as_secs() < 10, "no space came back: {error}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A real file system that is full at the k-th write, for one k after another: refused before its bytes move, named,
/// and nothing that was written before is lost; with room again, all goes on.
#[test]
fn a_full_file_system_loses_nothing() {
    let dir = directory();
    let Some(mount) = Mount::ext4(dir.path(), 40) else { return };
    for held_mib in [12, 16, 20, 24] {
        let ballast = mount.0.join("ballast");
        fill_when_free(&ballast, held_mib * MIB);
        let policy = policy(&mount.0, "4 MiB", "20 s").unwrap();
        let engine = Engine::builder().policy(policy).build().unwrap();
        let states = vectors(&engine, 24, 2 * MIB);
        let written: Vec<_> = states.iter().enumerate().map(|(i, state)| write(state, i, 0)).collect();
        let refused = written.iter().position(Result::is_err).expect("the file system is full in the end");
        let error = written[refused].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
        assert!(error.fact("tensor").is_some(), "{error}");
        std::fs::remove_file(&ballast).unwrap();
        for (i, state) in states.iter().enumerate().take(refused) {
            check(state, i, 0);
        }
        write(&states[refused], refused, 1).unwrap();
        check(&states[refused], refused, 1);
    }
}
