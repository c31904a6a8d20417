//! Promises of opening files: which file it is, what it demands, and named errors.

use super::*;
use crate::io::conformance::scratch;
use std::io::Write;

/// Direct files demand at least 4096-byte offsets; buffered ones say why they are.
#[test]
fn a_file_tells_its_alignment_or_its_reason() {
    let dir = scratch();
    let path = dir.path().join("weights");
    std::fs::write(&path, vec![7; 10_000]).unwrap();
    let file = IoFile::open_read(&path).unwrap();
    assert_eq!(file.len().unwrap(), 10_000);
    if file.is_direct() {
        assert!(file.offset_align() >= MIN_DIRECT_OFFSET_ALIGN && file.offset_align().is_power_of_two());
        assert!(file.mem_align().is_power_of_two() && file.buffered_because().is_none());
    } else {
        assert_eq!((file.offset_align(), file.mem_align()), (1, 1));
        assert!(file.buffered_because().is_some());
    }
}

/// A checkpoint opened earlier is reopened as the same file after its path was given to another.
#[test]
fn reopening_survives_a_rename() {
    let dir = scratch();
    let path = dir.path().join("weights");
    std::fs::write(&path, vec![1; 4096]).unwrap();
    let opened = File::open(&path).unwrap();
    std::fs::rename(&path, dir.path().join("moved")).unwrap();
    std::fs::write(&path, vec![2; 8192]).unwrap();
    let again = IoFile::reopen_read(&opened, &path).unwrap();
    assert_eq!(again.len().unwrap(), 4096);
    assert_eq!(again.path(), path);
}

/// Length is asked each time: a file that grew or shrank is noticed.
#[test]
fn length_follows_the_file() {
    let dir = scratch();
    let path = dir.path().join("weights");
    let mut writer = File::create(&path).unwrap();
    let file = IoFile::open_read(&path).unwrap();
    assert!(file.is_empty().unwrap());
    writer.write_all(&[0; 100]).unwrap();
    assert_eq!(file.len().unwrap(), 100);
}

/// A missing file, a directory and a FIFO are errors that name the path, and none of them waits.
#[test]
fn what_is_not_a_file_is_a_named_error() {
    let dir = scratch();
    let missing = dir.path().join("nothing");
    let error = IoFile::open_read(&missing).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert_eq!(error.fact("file"), Some(missing.to_str().unwrap()));

    let error = IoFile::open_read(dir.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);

    let fifo = dir.path().join("fifo");
    let name = CString::new(fifo.as_os_str().as_bytes()).unwrap();
    // SAFETY:
    // - `name` is a C string that outlives the call
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let error = IoFile::open_read(&fifo).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.fact("file"), Some(fifo.to_str().unwrap()));
}

/// A file system without direct I/O still serves its files, and says so. /proc is one on every machine.
#[test]
fn a_file_system_without_direct_io_is_read_through_the_page_cache() {
    let file = IoFile::open_read(Path::new("/proc/self/status")).unwrap();
    assert!(!file.is_direct());
    assert_eq!(file.buffered_because().unwrap().kind(), ErrorKind::Unsupported);
}
