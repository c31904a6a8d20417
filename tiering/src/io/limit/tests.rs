//! Promises of the sweep: it reads what it says, inside its memory and time, on any machine.

use super::*;
use crate::io::conformance::{patterned, scratch};

fn small() -> Effort {
    Effort {
        blocks: vec![64 << 10, 256 << 10, 4 << 20],
        depths: vec![2, 8],
        time: Duration::from_millis(120),
        memory_bytes: 2 << 20,
    }
}

/// Every point that fits is measured with a rate above zero, the best is the fastest, and larger points are left out.
#[test]
fn a_sweep_measures_what_fits() {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 8 << 20);
    let limit = measure(&file, &small()).unwrap();
    let tried: Vec<_> = limit.points.iter().map(|point| (point.block_bytes, point.depth)).collect();
    assert_eq!(tried, [(64 << 10, 2), (64 << 10, 8), (256 << 10, 2), (256 << 10, 8)]);
    for point in &limit.points {
        assert!(point.bytes >= u64::from(point.block_bytes * point.depth) && !point.elapsed.is_zero());
        assert!(point.bytes_per_s() <= limit.best.bytes_per_s());
    }
    assert_eq!(limit.direct, file.is_direct());
}

/// A machine without io_uring is measured by threads.
#[test]
fn threads_measure_too() {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 1 << 20);
    let mut reads = Pooled::open(&file, 4).unwrap();
    let mut cursor = Cursor { next: 0, len: 1 << 20, mix: Mix::Reads, taken: 0 };
    let point = point(&mut reads, &mut cursor, 64 << 10, 4, Duration::from_millis(20)).unwrap();
    assert!(point.bytes >= 4 * (64 << 10) && point.bytes_per_s() > 0.0);
}

/// A file that is too small, or memory that is, is an error that names the file.
#[test]
fn nothing_that_fits_is_a_named_error() {
    let dir = scratch();
    let (path, file) = patterned(&dir, "weights", 4096);
    let error = measure(&file, &small()).unwrap_err();
    assert_eq!((error.kind(), error.fact("file")), (ErrorKind::Unsupported, path.to_str()));
}

/// The cursor covers the file block by block, never reads past its end, and starts over.
#[test]
fn the_cursor_stays_inside() {
    let mut cursor = Cursor { next: 0, len: 10_000, mix: Mix::Both, taken: 0 };
    let offsets: Vec<_> = (0..4).map(|_| cursor.take(4096)).collect();
    assert_eq!(offsets, [(0, Op::Write), (4096, Op::Read), (0, Op::Write), (4096, Op::Read)]);
    assert_eq!(cursor.take(8192).0, 0, "a larger block starts at its own multiple, or over");
}

/// Writes are measured too, alone and among reads: they are made, and stay inside the file.
#[test]
fn writes_are_measured_too() {
    let dir = scratch();
    let path = dir.path().join("spill");
    // Another byte in every block: what one read brings is nowhere else in the file.
    let before: Vec<u8> = (0..8_usize << 20).map(|at| (1 + at / (64 << 10)) as u8).collect();
    for mix in [Mix::Both, Mix::Writes] {
        std::fs::write(&path, &before).unwrap();
        let opened = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        let file = Arc::new(IoFile::for_spill(opened.into(), &path, None).unwrap());
        let limit = measure_mix(&file, &small(), mix).unwrap();
        assert!(limit.best.bytes_per_s() > 0.0);
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), before.len());
        assert!(bytes != before, "{mix:?} wrote nothing");
    }
}
