//! Promises of the spill file: nobody else's, never too large, and a full disk is known before a write.

use super::*;
use crate::io::buf::AlignedBuf;
use crate::io::{Flight, Lane, Op, open as open_driver};
use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::time::Duration;

/// A directory on the disk that the tests were built on.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
}

fn assert_private(fd: BorrowedFd<'_>, dir: &Path) {
    let facts = File::from(fd.try_clone_to_owned().unwrap()).metadata().unwrap();
    assert_eq!((facts.nlink(), facts.permissions().mode() & 0o777), (0, 0o600));
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0, "a name is left behind");
}

/// No other user can find or open what was spilled, by either way of making the file.
#[test]
fn the_file_has_no_name_and_one_reader() {
    let dir = scratch();
    let spill = SpillFile::create(dir.path(), None).unwrap();
    assert_private(spill.file().as_fd(), dir.path());
    let (fallback, _) = named_then_unlinked(dir.path()).unwrap();
    assert_private(fallback.as_fd(), dir.path());
}

/// Extents stay inside the capacity, are whole blocks, and are handed out again after their release.
#[test]
fn the_capacity_holds() {
    let dir = scratch();
    let mut spill = SpillFile::create(dir.path(), Some(1_000_000)).unwrap();
    let mut held: Vec<_> = std::iter::from_fn(|| spill.reserve(100_000).ok()).collect();
    assert_eq!(held.len(), 9, "a tenth would end at 1 024 000 bytes");
    let error = spill.reserve(100_000).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    assert_eq!(error.fact("directory"), dir.path().to_str());
    assert!(held.iter().all(|extent| extent.len() == 102_400 && extent.offset() + extent.len() <= 1_000_000));
    assert_eq!(spill.used_bytes(), 9 * 102_400);
    assert!(spill.file().len().unwrap() <= 1_000_000);
    let place = held[4].offset();
    spill.release(held.swap_remove(4));
    assert_eq!(spill.reserve(102_400).unwrap().offset(), place);
}

/// A capacity of nothing takes nothing.
#[test]
fn no_capacity_takes_nothing() {
    let dir = scratch();
    let mut spill = SpillFile::create(dir.path(), Some(0)).unwrap();
    assert_eq!(spill.reserve(1).unwrap_err().kind(), ErrorKind::NoSpace);
    assert_eq!(spill.reserve(u64::MAX).unwrap_err().kind(), ErrorKind::NoSpace);
}

/// The space of an extent is really there: the file system counts its blocks before anything is written.
#[test]
fn space_is_reserved_before_the_write() {
    let dir = scratch();
    let mut spill = SpillFile::create(dir.path(), None).unwrap();
    let _extent = spill.reserve(3 << 20).unwrap();
    if !spill.reserving {
        return eprintln!("SKIPPED: this file system cannot reserve space");
    }
    let facts = File::from(spill.file().as_fd().try_clone_to_owned().unwrap()).metadata().unwrap();
    assert!(facts.blocks() * 512 >= spill.reserved_bytes() && spill.reserved_bytes() >= 3 << 20);
}

/// What is written to an extent comes back, and its neighbours stay as they were.
#[test]
fn extents_keep_their_bytes() {
    let dir = scratch();
    round_trip(&mut SpillFile::create(dir.path(), None).unwrap(), 5);
}

fn round_trip(spill: &mut SpillFile, count: u8) {
    const LEN: usize = 64 << 10;
    let (mut driver, _) = open_driver::<AlignedBuf>(4).unwrap();
    let file = driver.attach(Arc::clone(spill.file())).unwrap();
    let extents: Vec<_> = (0..count).map(|_| spill.reserve(LEN as u64).unwrap()).collect();
    for op in [Op::Write, Op::Read] {
        for (fill, extent) in extents.iter().enumerate() {
            let mut buf = AlignedBuf::zeroed(LEN, 4096).unwrap();
            if op == Op::Write {
                buf.fill(fill as u8 + 1);
            }
            let (len, offset) = (LEN as u32, extent.offset());
            driver
                .submit(Flight {
                    op,
                    file,
                    offset,
                    len,
                    need: len,
                    buf,
                    tag: fill as u64,
                    lane: Lane::Demand,
                })
                .unwrap();
            let mut done = Vec::new();
            driver.wait(Duration::from_secs(20), &mut done).unwrap();
            assert_eq!(*done[0].result.as_ref().unwrap(), len);
            assert!(done[0].flight.buf.iter().all(|&byte| byte == fill as u8 + 1));
        }
    }
    extents.into_iter().for_each(|extent| spill.release(extent));
}

/// A directory that is missing or none is a typed error that names it.
#[test]
fn bad_directories_are_named_errors() {
    let dir = scratch();
    let missing = dir.path().join("nothing");
    let error = SpillFile::create(&missing, None).unwrap_err();
    assert_eq!((error.kind(), error.fact("directory")), (ErrorKind::Missing, missing.to_str()));
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = SpillFile::create(&file, None).unwrap_err();
    assert_eq!((error.kind(), error.fact("directory")), (ErrorKind::Io, file.to_str()));
    assert!(error.to_string().contains("not a directory"), "{error}");
}

/// Set in child processes that run one of the tests below under the conditions it is about.
const DIR: &str = "STRATAL_TEST_SPILL_DIR";

/// Runs `test` of this program again, started by `script`, in which "$@" is its command line and $DIR a directory.
/// False, said loudly, when the script could not get as far as the test.
fn ran_under(script: &str, test: &str) -> bool {
    let dir = scratch();
    let mut child = Command::new("sh");
    child.args(["-c", script, "sh"]).arg(std::env::current_exe().unwrap());
    child.args(["--exact", &format!("store::spill::tests::{test}"), "--nocapture"]).env(DIR, dir.path());
    let Ok(output) = child.output() else {
        eprintln!("SKIPPED {test}: no shell");
        return false;
    };
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !said.contains("conditions met") {
        eprintln!("SKIPPED {test}: {said}");
        return false;
    }
    assert!(output.status.success(), "{said}");
    true
}

fn condition() -> Option<PathBuf> {
    let dir = std::env::var_os(DIR).map(PathBuf::from)?;
    println!("conditions met");
    Some(dir)
}

const MOUNT: &str =
    r#"exec unshare -rm sh -c 'mount -t tmpfs -o "$0" none "$STRATAL_TEST_SPILL_DIR" && exec "$@"' "#;

#[test]
fn a_full_file_system_is_known_before_the_write() {
    ran_under(&format!("{MOUNT}size=4m \"$@\""), "inside_a_small_file_system");
}

#[test]
fn a_read_only_file_system_is_a_named_error() {
    ran_under(&format!("{MOUNT}ro \"$@\""), "inside_a_read_only_file_system");
}

#[test]
fn a_file_size_limit_is_an_error_not_the_end() {
    assert!(ran_under("ulimit -f 4096; exec \"$@\"", "inside_a_file_size_limit"));
}

/// Child of the test above: 4 MiB of disk. What was handed out can be written though others fill the disk.
#[test]
fn inside_a_small_file_system() {
    let Some(dir) = condition() else { return };
    let mut spill = SpillFile::create(&dir, None).unwrap();
    let first = spill.reserve(1 << 20).unwrap();
    let error = spill.reserve(8 << 20).unwrap_err();
    assert_eq!((error.kind(), error.fact("directory")), (ErrorKind::NoSpace, dir.to_str()), "{error}");
    spill.release(first);
    let rest = std::fs::write(dir.join("others"), vec![1; 8 << 20]);
    assert!(rest.is_err(), "the disk is not small");
    round_trip(&mut spill, 16);
    assert_eq!(spill.reserve(4 << 20).unwrap_err().kind(), ErrorKind::NoSpace);
    std::fs::remove_file(dir.join("others")).unwrap();
    assert!(spill.reserve(2 << 20).is_ok(), "room that came back can be had");
}

/// Child of the test above.
#[test]
fn inside_a_read_only_file_system() {
    let Some(dir) = condition() else { return };
    let error = SpillFile::create(&dir, None).unwrap_err();
    assert_eq!((error.kind(), error.fact("directory")), (ErrorKind::Io, dir.to_str()));
    assert!(error.to_string().contains("read-only"), "{error}");
}

/// Child of the test above: a write past the limit would be a signal that ends this process.
#[test]
fn inside_a_file_size_limit() {
    let Some(dir) = condition() else { return };
    assert!(file_size_limit() < 8 << 20);
    let mut spill = SpillFile::create(&dir, None).unwrap();
    let held: Vec<_> = std::iter::from_fn(|| spill.reserve(256 << 10).ok()).collect();
    assert_eq!(held.len() as u64, file_size_limit() / (256 << 10));
    assert_eq!(spill.reserve(256 << 10).unwrap_err().kind(), ErrorKind::NoSpace);
    held.into_iter().for_each(|extent| spill.release(extent));
    round_trip(&mut spill, 4);
}
