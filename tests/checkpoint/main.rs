//! Promise: a checkpoint of any content costs bounded memory and time to judge, and nothing of its payload is read.
//!
//! One test, because memory is counted for the whole process.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test that it stands in")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;
use stratal_support::peak::PeakAllocator;
use stratal_tiering::error::Result;
use stratal_tiering::origin::Checkpoint;

#[global_allocator]
static HEAP: PeakAllocator = PeakAllocator::new();

const MIB: usize = 1 << 20;

/// Time that this thread has run, so that a busy machine does not fail the test.
fn processor_time() -> Duration {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux keeps it for every thread");
    Duration::from_nanos(
        text.split(' ').next().and_then(|ns| ns.parse().ok()).expect("its first word is a time"),
    )
}

/// Judges the file or index `path`, whose header has `bytes`, and holds the limits to it.
fn judge(what: &str, path: &std::path::Path, bytes: usize) -> Result<Checkpoint> {
    let start = processor_time();
    let (peak, result) = HEAP.peak_bytes_of(|| Checkpoint::open(path));
    let took = processor_time() - start;
    let most = MIB + 16 * bytes;
    let longest = Duration::from_millis(200).mul_f64((bytes as f64 / MIB as f64).max(1.0));
    println!("{what}: header {bytes} B, peak {:.1} B per B, {took:?}", peak as f64 / bytes as f64);
    assert!(peak <= most, "{what}: {peak} bytes of heap, {most} are allowed for a header of {bytes}");
    assert!(took <= longest, "{what}: {took:?}, {longest:?} are allowed for a header of {bytes} bytes");
    result
}

/// A file with this header and a hole of `payload` bytes.
fn file(directory: &tempfile::TempDir, header: &str, payload: u64) -> std::path::PathBuf {
    let path = directory.path().join("m.safetensors");
    let file = File::create(&path).unwrap();
    file.write_all_at(&(header.len() as u64).to_le_bytes(), 0).unwrap();
    file.write_all_at(header.as_bytes(), 8).unwrap();
    file.set_len(8 + header.len() as u64 + payload).unwrap();
    path
}

/// `count` entries joined into an object.
fn object(count: usize, entry: impl Fn(usize) -> String) -> String {
    let entries: Vec<String> = (0..count).map(entry).collect();
    format!("{{{}}}", entries.join(","))
}

/// One tensor of one byte at `at`.
fn tensor(name: &str, shape: &str, at: usize) -> String {
    format!(r#""{name}":{{"dtype":"U8","shape":[{shape}],"data_offsets":[{at},{}]}}"#, at + 1)
}

#[test]
fn judging_is_bounded_in_memory_and_time() {
    let directory = tempfile::tempdir().unwrap();
    let empty = |name: &str| format!(r#""{name}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#);
    let ones = ["1"; 32].join(",");
    let sound = [
        (
            "ten thousand tensors",
            object(10_000, |n| tensor(&format!("model.layers.{n}.weight"), "1", n)),
            10_000,
        ),
        ("tensors of 32 dims", object(100_000, |n| tensor(&n.to_string(), &ones, n)), 100_000),
        (
            "a large payload",
            r#"{"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}"#.into(),
            1 << 40,
        ),
        ("a million empty tensors", object(1_000_000, |n| empty(&format!("{n:x}"))), 0),
    ];
    for (what, header, payload) in &sound {
        let path = file(&directory, header, *payload);
        let checkpoint = judge(what, &path, header.len()).expect(what);
        assert_eq!(checkpoint.total_bytes(), *payload, "{what}");
    }
    let deep = 4 * MIB;
    let hostile = [
        ("one name for all", object(100_000, |_| empty("a")), 0),
        ("a name of 16 MiB", format!("{{{}}}", empty(&"n".repeat(16 * MIB))), 0),
        ("a name of escapes", format!("{{{}}}", empty(&"\\u0041".repeat(MIB))), 0),
        ("a dtype of 16 MiB", format!(r#"{{"a":{{"dtype":"{}"}}}}"#, "F".repeat(16 * MIB)), 0),
        ("endless dims", format!(r#"{{"a":{{"shape":[{}]}}}}"#, vec!["0"; deep].join(",")), 0),
        ("deep lists", format!(r#"{{"a":{{"shape":{}{}}}}}"#, "[".repeat(deep), "]".repeat(deep)), 0),
        ("deep objects", format!("{}{}", r#"{"a":"#.repeat(deep), "}".repeat(deep)), 0),
        (
            "a flood of metadata",
            format!(r#"{{"__metadata__":{}}}"#, object(MIB, |n| format!(r#""{n:x}":"""#))),
            0,
        ),
        ("one long number", format!(r#"{{"a":{{"shape":[{}]}}}}"#, "9".repeat(deep)), 0),
        ("spaces", format!("{{{}}}", " ".repeat(16 * MIB)), 1),
    ];
    for (what, header, payload) in &hostile {
        let path = file(&directory, header, *payload);
        judge(what, &path, header.len()).expect_err(what);
    }
    let index = |map: String| format!(r#"{{"weight_map":{map}}}"#);
    let floods = [
        (
            "an index of a million tensors",
            index(object(1_000_000, |n| format!(r#""{n:x}":"m.safetensors""#))),
        ),
        (
            "an index of a million shards",
            index(object(1_000_000, |n| format!(r#""{n:x}":"{n:x}.safetensors""#))),
        ),
    ];
    for (what, index) in &floods {
        let path = directory.path().join("m.safetensors.index.json");
        std::fs::write(&path, index).unwrap();
        judge(what, &path, index.len()).expect_err(what);
    }
}
