//! Promise: what the writer writes, the reader reads; what is not finished leaves nothing.

use super::super::super::Checkpoint;
use super::*;
use proptest::prelude::*;
use std::os::unix::fs::FileExt;
use stratal_runtime::tensor::DType;

/// Names in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn spec(name: &str, shape: &[usize]) -> TensorSpec {
    TensorSpec::new(name, DType::U8, shape)
}

#[test]
fn the_payload_starts_on_a_block() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    let mut writer = Writer::create(&path, &[spec("a", &[5])], &[]).unwrap();
    writer.tensor("a", b"hello").unwrap();
    writer.finish().unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!((checkpoint.tensors()[0].offset, checkpoint.files()[0].len), (4096, 4096 + 5));
    assert!(checkpoint.tensors()[0].is_aligned_to(4096));
    assert_eq!(names(directory.path()), ["m.safetensors"]);
}

#[test]
fn nothing_is_left_of_a_file_that_was_not_finished() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    std::fs::write(&path, "the old file").unwrap();
    let mut writer = Writer::create(&path, &[spec("a", &[2])], &[]).unwrap();
    writer.append(b"x").unwrap();
    drop(writer);
    let writer = Writer::create(&path, &[spec("a", &[2])], &[]).unwrap();
    let error = writer.finish().unwrap_err();
    assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Truncated, Some("a")), "{error}");
    assert_eq!(names(directory.path()), ["m.safetensors"]);
    assert_eq!(std::fs::read(&path).unwrap(), b"the old file");
}

#[test]
fn what_a_killed_writer_left_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    std::fs::write(directory.path().join("m.safetensors.partial"), vec![7; 100_000]).unwrap();
    let mut writer = Writer::create(&path, &[spec("a", &[1])], &[]).unwrap();
    writer.tensor("a", b"x").unwrap();
    writer.finish().unwrap();
    assert_eq!(Checkpoint::open(&path).unwrap().files()[0].len, 4097);
    assert_eq!(names(directory.path()), ["m.safetensors"]);
}

#[test]
fn two_writers_do_not_share_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    let mut first = Writer::create(&path, &[spec("a", &[1])], &[]).unwrap();
    let error = Writer::create(&path, &[spec("a", &[1])], &[]).unwrap_err();
    assert_eq!((error.kind(), error.fact("file")), (ErrorKind::Io, path.to_str()));
    assert!(error.to_string().contains("another writer"), "{error}");
    first.tensor("a", b"x").unwrap();
    first.finish().unwrap();
    Writer::create(&path, &[], &[]).unwrap().finish().unwrap();
    assert!(Checkpoint::open(&path).unwrap().tensors().is_empty());
}

#[test]
fn a_link_planted_at_the_temporary_name_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, victim) = (directory.path().join("m.safetensors"), directory.path().join("victim"));
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, directory.path().join("m.safetensors.partial")).unwrap();
    Writer::create(&path, &[spec("a", &[1])], &[]).unwrap_err();
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn an_open_home_keeps_its_bytes_when_its_name_is_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    let write = |bytes: &[u8; 2]| {
        let mut writer = Writer::create(&path, &[spec("a", &[2])], &[]).unwrap();
        writer.tensor("a", bytes).unwrap();
        writer.finish().unwrap();
    };
    write(b"v1");
    let old = Checkpoint::open(&path).unwrap();
    write(b"v2");
    let mut bytes = [0; 2];
    old.files()[0].file.read_exact_at(&mut bytes, old.tensors()[0].offset).unwrap();
    assert_eq!(&bytes, b"v1");
}

#[test]
fn bytes_out_of_turn_are_refused_and_spoil_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    let specs = [spec("none", &[0]), spec("a", &[2]), spec("also none", &[3, 0]), spec("b", &[1])];
    let mut writer = Writer::create(&path, &specs, &[]).unwrap();
    let says = |result: Result<()>| result.unwrap_err().to_string();
    assert!(says(writer.tensor("b", b"x")).contains("`a` is due at its byte 0 (tensor `b`"));
    assert!(says(writer.tensor("a", b"x")).contains("it has 2 bytes, 1 were given (tensor `a`"));
    assert!(says(writer.append(b"xyz")).contains("it has 2 bytes left, 3 were given (tensor `a`"));
    writer.tensor("none", b"").unwrap();
    writer.append(b"1").unwrap();
    assert!(says(writer.tensor("a", b"12")).contains("`a` is due at its byte 1"));
    writer.append(b"2").unwrap();
    writer.tensor("also none", b"").unwrap();
    writer.tensor("b", b"3").unwrap();
    assert!(says(writer.append(b"4")).contains("0 bytes left"));
    assert!(says(writer.tensor("c", b"4")).contains("the file is complete"));
    writer.finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(&bytes[4096..], b"123");
}

#[test]
fn headers_that_the_reader_would_refuse_are_never_started() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.safetensors");
    let refused = |specs: &[TensorSpec], metadata: &[(&str, &str)]| {
        let error = Writer::create(&path, specs, metadata).unwrap_err();
        assert_eq!((error.kind(), error.fact("file")), (ErrorKind::Format, path.to_str()), "{error}");
        error.to_string()
    };
    assert!(refused(&[spec("a", &[1]), spec("a", &[1])], &[]).contains("two tensors have one name"));
    assert!(refused(&[spec("../a", &[1])], &[]).contains("climbs"));
    assert!(refused(&[spec("", &[1])], &[]).contains("empty name"));
    assert!(refused(&[spec("a", &[usize::MAX, 2])], &[]).contains("no byte size"));
    let huge = 1usize << 62;
    assert!(
        refused(&[spec("a", &[huge]), spec("b", &[huge]), spec("c", &[huge]), spec("d", &[huge])], &[])
            .contains("no byte size that can exist")
    );
    assert!(refused(&[], &[("a", "1"), ("a", "2")]).contains("duplicate metadata"));
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_missing_directory_is_missing() {
    let error = Writer::create("/nonexistent/m.safetensors", &[], &[]).unwrap_err();
    assert_eq!((error.kind(), error.fact("file")), (ErrorKind::Missing, Some("/nonexistent/m.safetensors")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any tensors and metadata come back as they went, in order, with their bytes, in pieces of any size.
    #[test]
    fn round_trip(
        tensors in proptest::collection::btree_map("[a-zü\"\\\\./ 0-9]{1,12}", (0..6usize, proptest::collection::vec(0..5usize, 0..4)), 0..12),
        metadata in proptest::collection::btree_map("\\PC{0,8}", "\\PC{0,8}", 0..4),
        piece in 1..97usize,
    ) {
        const DTYPES: [DType; 6] =
            [DType::U8, DType::BF16, DType::F32, DType::F64, DType::Bool, DType::I64];
        let specs: Vec<TensorSpec> = tensors.into_iter()
            .filter(|(name, _)| !name.split(['/', '\\']).any(|part| part == ".."))
            .map(|(name, (dtype, shape))| TensorSpec::new(name, DTYPES[dtype], shape)).collect();
        let pairs: Vec<(&str, &str)> = metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let payload: u64 = specs.iter().map(|spec| spec.dtype.bytes_of(&spec.shape).unwrap()).sum();
        let bytes: Vec<u8> = (0..payload).map(|at| (at * 31 % 251) as u8).collect();

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m.safetensors");
        let mut writer = Writer::create(&path, &specs, &pairs).unwrap();
        let mut left = bytes.as_slice();
        for spec in &specs {
            let (own, rest) = left.split_at(spec.dtype.bytes_of(&spec.shape).unwrap() as usize);
            for piece in own.chunks(piece) {
                writer.append(piece).unwrap();
            }
            left = rest;
        }
        writer.finish().unwrap();

        let checkpoint = Checkpoint::open(&path).unwrap();
        prop_assert_eq!(checkpoint.tensors().len(), specs.len());
        prop_assert_eq!(checkpoint.total_bytes(), payload);
        let read: Vec<(&str, &str)> = checkpoint.metadata().iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        prop_assert_eq!(read, pairs);
        let file = std::fs::read(&path).unwrap();
        let mut start = 0;
        for spec in &specs {
            let entry = checkpoint.get(&spec.name).unwrap();
            prop_assert_eq!((entry.dtype, &entry.shape), (spec.dtype, &spec.shape));
            let expected = &bytes[start..start + entry.bytes as usize];
            prop_assert_eq!(&file[entry.offset as usize..entry.end() as usize], expected);
            start += entry.bytes as usize;
        }
    }
}
