//! Promise: whatever a path holds, opening it is a checkpoint or a typed error that names the file; never a hang, a
//! panic, or a read of the payload.

use super::super::super::{TensorSpec, Writer};
use super::*;
use stratal_runtime::tensor::DType;

const SMALL: &str = r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"I16","shape":[],"data_offsets":[2,4]}}"#;

/// A whole file with this header and payload.
fn file(json: &str, payload: &[u8]) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes(), json.as_bytes(), payload].concat()
}

/// Writes a small model of one tensor of two bytes.
fn model(path: &Path, tensor: &str) {
    let mut writer = Writer::create(path, &[TensorSpec::new(tensor, DType::U8, [2])], &[]).unwrap();
    writer.tensor(tensor, b"xy").unwrap();
    writer.finish().unwrap();
}

fn refused(path: &Path, kind: ErrorKind, says: &str) {
    let error = open(path).expect_err(says);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.fact("file").is_some(), "{error}");
    assert!(error.to_string().contains(says), "`{error}` does not say `{says}`");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    let whole = file(SMALL, b"1234");
    for len in 0..whole.len() {
        std::fs::write(&path, &whole[..len]).unwrap();
        let error = open(&path).expect_err("a cut file");
        assert_eq!(error.kind(), ErrorKind::Truncated, "cut to {len}: {error}");
        assert_eq!(error.fact("file"), path.to_str());
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(open(&path).unwrap().tensors().len(), 2);
}

#[test]
fn a_file_with_any_byte_changed_is_refused_or_describes_its_payload_exactly() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    let whole = file(SMALL, b"1234");
    for at in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            std::fs::write(&path, &changed).unwrap();
            match open(&path) {
                Ok(checkpoint) => assert_eq!(checkpoint.total_bytes(), 4, "byte {at} ^ {flip}"),
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Format | ErrorKind::Truncated), "{error}")
                }
            }
        }
    }
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    refused(&at("nothing.safetensors"), ErrorKind::Missing, "the operating system said");
    std::fs::write(at("empty.safetensors"), "").unwrap();
    refused(&at("empty.safetensors"), ErrorKind::Truncated, "the file has 0 bytes");
    refused(Path::new("/dev/zero"), ErrorKind::Unsupported, "not a regular file");
    let pipe = std::ffi::CString::new(at("pipe.safetensors").to_str().unwrap()).unwrap();
    // SAFETY:
    // - `pipe` is a C string that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    refused(&at("pipe.safetensors"), ErrorKind::Unsupported, "not a regular file");
    refused(Path::new(""), ErrorKind::Missing, "the operating system said");
}

#[test]
fn a_length_bomb_allocates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    for len in [(100 << 20) + 1, 1 << 40, u64::MAX] {
        let file = File::create(&path).unwrap();
        file.write_all_at(&u64::to_le_bytes(len), 0).unwrap();
        file.set_len(1 << 40).unwrap();
        refused(&path, ErrorKind::Format, "at most 104857600 are allowed");
    }
}

#[test]
fn a_directory_is_opened_by_what_it_holds() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    refused(directory.path(), ErrorKind::Missing, "holds no model.safetensors");
    model(&at("one.safetensors"), "one");
    assert!(open(directory.path()).unwrap().get("one").is_some());
    model(&at("two.safetensors"), "two");
    refused(directory.path(), ErrorKind::Missing, "2 files end in .safetensors: name one");
    let map = r#"{"weight_map":{"one":"one.safetensors","two":"two.safetensors"}}"#;
    std::fs::write(at("m.safetensors.index.json"), map).unwrap();
    assert_eq!(open(directory.path()).unwrap().tensors().len(), 2);
    model(&at("model.safetensors"), "three");
    assert!(open(directory.path()).unwrap().get("three").is_some());
}

/// Writes an index over two shards, `1` with tensor `a` and `2` with tensor `b`.
fn sharded(index: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    model(&directory.path().join("1.safetensors"), "a");
    model(&directory.path().join("2.safetensors"), "b");
    let path = directory.path().join("model.safetensors.index.json");
    std::fs::write(&path, index).unwrap();
    (directory, path)
}

#[test]
fn shards_are_joined_in_the_order_of_the_index() {
    let (_directory, path) = sharded(
        r#"{"metadata":{"total_size":4,"more":[{}]},"weight_map":{"b":"2.safetensors","a":"1.safetensors"}}"#,
    );
    let checkpoint = open(&path).unwrap();
    let seen: Vec<_> = checkpoint.tensors().iter().map(|tensor| (&*tensor.name, tensor.file)).collect();
    assert_eq!(seen, [("b", 0), ("a", 1)]);
    assert!(checkpoint.files()[1].path.ends_with("1.safetensors"));
    assert_eq!(checkpoint.total_bytes(), 4);
    assert!(checkpoint.to_string().ends_with("2 tensors, 4 bytes in 2 files"));
}

#[test]
fn an_index_that_disagrees_with_its_shards_is_refused() {
    use ErrorKind::{Format, Missing, Truncated};
    let cases = [
        (
            r#"{"weight_map":{"a":"1.safetensors","b":"1.safetensors"}}"#,
            Missing,
            "(tensor `b`, shard `1.safetensors`",
        ),
        (
            r#"{"weight_map":{"a":"1.safetensors","c":"2.safetensors"}}"#,
            Missing,
            "(tensor `c`, shard `2.safetensors`",
        ),
        (r#"{"weight_map":{"a":"2.safetensors","b":"1.safetensors"}}"#, Missing, "does not hold it"),
        (r#"{"weight_map":{"a":"1.safetensors","b":"3.safetensors"}}"#, Missing, "3.safetensors"),
        (r#"{"weight_map":{"a":"1.safetensors","b":"cut.safetensors"}}"#, Truncated, "cut.safetensors"),
        (
            r#"{"weight_map":{"a":"1.safetensors","b":"both.safetensors"}}"#,
            Format,
            "puts it in `1.safetensors` (tensor `a`, shard `both.safetensors`",
        ),
        (r#"{"weight_map":{"b":"both.safetensors"}}"#, Format, "the index does not name it (tensor `a`"),
    ];
    for (index, kind, says) in cases {
        let (directory, path) = sharded(index);
        std::fs::write(directory.path().join("cut.safetensors"), &file(SMALL, b"1234")[..40]).unwrap();
        std::fs::write(directory.path().join("both.safetensors"), file(SMALL, b"1234")).unwrap();
        refused(&path, kind, says);
    }
}

#[test]
fn mapped_bytes_are_those_of_the_file() {
    let (_directory, path) = sharded(r#"{"weight_map":{"b":"2.safetensors","a":"1.safetensors"}}"#);
    let checkpoint = open(&path).unwrap();
    // SAFETY:
    // - the files lie in a private directory of this test, which does not touch them while they are mapped.
    let mapped = unsafe { checkpoint.map() }.unwrap();
    drop(checkpoint);
    assert_eq!((mapped.get("a"), mapped.get("c")), (Some(&b"xy"[..]), None));
    assert_eq!(mapped.checkpoint().files().len(), 2);
}

#[test]
fn a_file_cut_after_opening_is_not_mapped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    model(&path, "a");
    let checkpoint = open(&path).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(4097).unwrap();
    // SAFETY:
    // - nobody touches the file during the call, and nothing is mapped after it.
    let error = unsafe { checkpoint.map() }.unwrap_err();
    assert_eq!((error.kind(), error.fact("file")), (ErrorKind::Truncated, path.to_str()), "{error}");
}
