//! Saving: what was loaded is written back, byte for byte, once, whole or not at all.

use std::fs;
use std::path::Path;
use stratal::{
    C, Checkpoint, Dyn, Engine, ErrorKind, Params, Policy, Shape, Tensor, TensorSpec, Tied, TierKind, Writer,
    bf16,
};

#[derive(Params)]
#[params(prefix = "model")]
struct Model {
    #[param(name = "embed.weight")]
    embed: Tensor<bf16, Shape![_, 3]>,
    #[param(each = "h.{i}")]
    layers: Vec<Layer>,
    empty: Tensor<f32, Shape![0, 4]>,
    #[param(tied = embed)]
    head: Tied<Tensor<bf16, Shape![_, 3]>>,
}

#[derive(Params)]
struct Layer {
    weight: Tensor<f32, Shape![_, _]>,
    scale: Tensor<i8, Shape![]>,
}

/// Name, dtype, shape and bytes of each tensor of a checkpoint, in the order of the model.
fn specs() -> Vec<(TensorSpec, Vec<u8>)> {
    let bytes = |len: usize| (0..len).map(|at| (at * 7 % 251) as u8).collect();
    let spec = |name: &str, dtype, shape: &[usize], len| (TensorSpec::new(name, dtype, shape), bytes(len));
    vec![
        spec("model.embed.weight", stratal::DType::BF16, &[5, 3], 30),
        spec("model.h.0.weight", stratal::DType::F32, &[1 << 10, 1 << 10], 4 << 20),
        spec("model.h.0.scale", stratal::DType::I8, &[], 1),
        spec("model.h.1.weight", stratal::DType::F32, &[3, 1], 12),
        spec("model.h.1.scale", stratal::DType::I8, &[], 1),
        spec("model.empty", stratal::DType::F32, &[0, 4], 0),
    ]
}

fn write(path: &Path, tensors: &[(TensorSpec, Vec<u8>)], metadata: &[(&str, &str)]) {
    try_write(path, tensors, metadata).expect("a small checkpoint can be written");
}

fn try_write(
    path: &Path,
    tensors: &[(TensorSpec, Vec<u8>)],
    metadata: &[(&str, &str)],
) -> stratal::Result<()> {
    let specs: Vec<TensorSpec> = tensors.iter().map(|(spec, _)| spec.clone()).collect();
    let mut writer = Writer::create(path, &specs, metadata)?;
    tensors.iter().try_for_each(|(spec, bytes)| writer.tensor(&spec.name, bytes))?;
    writer.finish()
}

fn engine(budget: &str) -> Engine {
    let policy = Policy::builder().tier("dram", TierKind::Dram, budget).build().expect("a budget of bytes");
    Engine::builder().policy(policy).build().expect("an engine starts")
}

/// A model under a budget smaller than one of its tensors is written back over its own file, and nothing changes.
#[test]
fn a_round_trip_is_byte_equal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    write(&path, &specs(), &[("format", "pt")]);
    let before = fs::read(&path).unwrap();
    let model = Model::load(&engine("3 MiB"), &Checkpoint::open(&path).unwrap()).unwrap();
    assert_eq!((model.layers.len(), model.head.shape()), (2, [5, 3].as_slice()));
    Checkpoint::save(&path, &model, &[("format", "pt")]).unwrap();
    assert!(fs::read(&path).unwrap() == before, "the file differs");
    let left: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["model.safetensors"]);
}

/// What was written to tensors is what is saved.
#[test]
fn changes_are_saved() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    write(&path, &specs(), &[]);
    let engine = engine("16 MiB");
    let model = Model::load(&engine, &Checkpoint::open(&path).unwrap()).unwrap();
    model.layers[1].weight.write().unwrap().fill(0.25);
    Checkpoint::save(&path, &model, &[]).unwrap();
    let again = Model::load(&engine, &Checkpoint::open(&path).unwrap()).unwrap();
    assert_eq!(*again.layers[1].weight.read().unwrap(), [0.25; 3]);
}

#[derive(Params)]
struct Clashing {
    a: Layer,
    #[param(rename = "a.scale")]
    b: Tensor<i8, Shape![]>,
}

/// Two fields cannot save to one name; the file that was there stays.
#[test]
fn two_fields_cannot_save_to_one_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    fs::write(&path, "before").unwrap();
    let scale = || Tensor::<i8, Shape![]>::zeros([]).unwrap();
    let a = Layer { weight: Tensor::zeros([1, 1]).unwrap(), scale: scale() };
    let error = Checkpoint::save(&path, &Clashing { a, b: scale() }, &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    assert!(error.to_string().contains("`a.scale` and `b` both save to \"a.scale\""), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"before");
}

#[derive(Params)]
struct Three {
    first: Tensor<f32, Shape![_]>,
    byte: Tensor<u8, (C<1>,)>,
    shifted: Tensor<f32, (Dyn,)>,
}

/// From a mapped file, tensors that lie aligned are read where they lie, others are copied; none is written.
#[test]
fn mapped_tensors_are_not_copied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("three.safetensors");
    let specs = [
        (TensorSpec::new("first", stratal::DType::F32, [2]), 1.5f32.to_le_bytes().repeat(2)),
        (TensorSpec::new("byte", stratal::DType::U8, [1]), vec![7]),
        (TensorSpec::new("shifted", stratal::DType::F32, [1]), 2.5f32.to_le_bytes().to_vec()),
    ];
    write(&path, &specs, &[]);
    // SAFETY:
    // - the file is in a directory of this test, which neither writes nor truncates it while the map lives.
    let mapped = unsafe { Checkpoint::open(&path).unwrap().map() }.unwrap();
    let three = Three::from_source(&mapped).unwrap();
    let in_file = |name| mapped.get(name).unwrap().as_ptr();
    let first = three.first.read().unwrap();
    assert_eq!((first.as_ptr().cast(), first.as_slice()), (in_file("first"), &[1.5, 1.5][..]));
    assert_eq!(three.byte.read().unwrap().as_ptr(), in_file("byte"));
    let shifted = three.shifted.read().unwrap();
    assert_eq!(shifted.as_slice(), [2.5]);
    assert!(!std::ptr::eq(shifted.as_ptr().cast(), in_file("shifted")));
    assert_eq!(three.first.write().unwrap_err().kind(), ErrorKind::Unsupported);
    let rows = three.first.read_rows(1..2).unwrap();
    drop((mapped, three));
    assert_eq!((first[1], rows[0]), (1.5, 1.5));
}
