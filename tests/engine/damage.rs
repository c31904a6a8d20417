//! Promise: a checkpoint that is not what it was gives a typed error that names the tensor, never wrong bytes.

use crate::world::{checkpoint, directory, engine, load, policy, value};
use std::fs::OpenOptions;
use stratal::tiering::policy::IoChoice;
use stratal::{Checkpoint, Engine, ErrorKind, Policy};

/// A file cut short while in use: leases of what is gone are `Truncated`, of what is left are served.
#[test]
fn a_file_truncated_in_use_is_named() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20, 1 << 20]);
    let engine = engine(dir.path(), "8 MiB");
    let tensors = load(&engine, &path, 2);
    OpenOptions::new().write(true).open(&path).unwrap().set_len(5 << 20).unwrap();
    let error = tensors[1].read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    assert_eq!(error.fact("tensor"), Some("t.1"));
    assert!(error.fact("file").is_some_and(|file| file.ends_with("model.safetensors")), "{error}");
    assert_eq!(tensors[0].read().unwrap()[77], value(0, 77));
    let again = tensors[1].read().unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Truncated, "it stays an error, and does not hang");
}

/// A file replaced or removed by name is still the file that was opened.
#[test]
fn a_file_removed_by_name_is_still_read() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[1 << 20]);
    let engine = engine(dir.path(), "8 MiB");
    let opened = Checkpoint::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"something else").unwrap();
    let tensors = crate::world::adopt(&engine, &opened, 1);
    assert_eq!(tensors[0].read().unwrap()[1000], value(0, 1000));
}

/// Files that are missing, empty or garbage are refused when they are opened, by name.
#[test]
fn a_file_that_is_no_checkpoint_is_refused_at_open() {
    let dir = directory();
    let path = dir.path().join("model.safetensors");
    assert_eq!(Checkpoint::open(&path).unwrap_err().kind(), ErrorKind::Missing);
    for (bytes, kind) in [
        (&b""[..], ErrorKind::Truncated),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff{}", ErrorKind::Format),
        (b"\x02\0\0\0\0\0\0\0[]", ErrorKind::Format),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = Checkpoint::open(&path).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains("model.safetensors"), "{error}");
    }
}

/// Where io_uring is refused, threads read the same bytes, and the engine says so.
#[test]
fn threads_read_the_same_bytes() {
    let dir = directory();
    let elements = [1 << 20, 700_001, 5];
    let path = checkpoint(dir.path(), &elements);
    let policy = Policy::builder().io(IoChoice::Threads).deadline("5 s");
    let policy = policy.tier("dram", stratal::tiering::tier::TierKind::Dram, "6 MiB").build().unwrap();
    let engine = Engine::builder().policy(policy).build().unwrap();
    assert_eq!(engine.io_backend(), "threads");
    let tensors = load(&engine, &path, elements.len());
    for _ in 0..3 {
        for (i, tensor) in tensors.iter().enumerate() {
            let lease = tensor.read().unwrap();
            assert!(lease.iter().enumerate().all(|(at, &found)| found == value(i, at)), "tensor {i}");
        }
    }
}

/// Rows of a large table are fetched alone: a few pages, not the chunk around them.
#[test]
fn rows_are_fetched_alone() {
    let dir = directory();
    let path = checkpoint(dir.path(), &[4 << 20]);
    let engine = Engine::builder().policy(policy(dir.path(), "4 MiB", "5 s").unwrap()).build().unwrap();
    let table = load(&engine, &path, 1);
    let before = engine.counters();
    for row in [5, 1_000_003, 3_999_000, 77, 5] {
        let lease = table[0].read_rows(row..row + 384).unwrap();
        assert!(lease.iter().enumerate().all(|(at, &found)| found == value(0, row + at)), "row {row}");
    }
    let moved = engine.counters() - before;
    assert!(moved.bytes_read <= 5 * 2 * 4096, "{moved}");
}
