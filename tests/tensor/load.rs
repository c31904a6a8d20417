//! Loading a tree of parameters by name.

use std::error::Error as _;
use stratal::{
    Alignment, AnyTensor, C, DType, Dim, Dyn, ErrorKind, Heap, LoadError, MemorySource, Params, Shape,
    Tensor, bf16, dims,
};

dims! { Vocab }

/// The struct of the README.
#[derive(Params)]
struct Linear<I: Dim, O: Dim> {
    weight: Tensor<f32, Shape![O, I]>,
    bias: Option<Tensor<f32, Shape![O]>>,
}

#[derive(Params)]
struct Layer {
    up: Linear<C<4>, C<8>>,
    #[param(rename = "attention.down")]
    down: Linear<Dyn, C<4>>,
}

#[derive(Params)]
#[params(prefix = "model")]
struct Model {
    #[param(name = "embed.weight")]
    embed: Tensor<bf16, Shape![Vocab, 4]>,
    layer: Vec<Layer>,
    head: Option<Linear<C<4>, Vocab>>,
    #[param(skip)]
    steps: u64,
}

#[derive(Params)]
#[params(allow_unused)]
struct Part {
    model: Inner,
}

#[derive(Params)]
struct Inner {
    #[param(rename = "embed.weight")]
    embed: Tensor<bf16, (Dyn, C<4>)>,
}

fn zeros(dtype: DType, shape: &[usize]) -> AnyTensor {
    AnyTensor::zeros(dtype, shape, Alignment::Simd).expect("small tensors fit")
}

/// A source that `Model` fits: two layers, no head.
fn checkpoint() -> MemorySource {
    let mut source = MemorySource::default();
    source.insert("model.embed.weight", zeros(DType::BF16, &[10, 4]));
    for i in 0..2 {
        source.insert(format!("model.layer.{i}.up.weight"), zeros(DType::F32, &[8, 4]));
        source.insert(format!("model.layer.{i}.up.bias"), zeros(DType::F32, &[8]));
        source.insert(format!("model.layer.{i}.attention.down.weight"), zeros(DType::F32, &[4, 8]));
    }
    source
}

fn report<P: Params>(source: &MemorySource) -> LoadError {
    let error = P::load(&Heap, source).err().expect("the source differs");
    assert_eq!(error.kind(), ErrorKind::Params);
    let report = error.source().and_then(|source| source.downcast_ref::<LoadError>());
    report.expect("the report is the source of the error").clone()
}

/// A tree that matches loads whole: names joined by dots, lists counted, what is optional left out.
#[test]
fn a_matching_source_loads() {
    let model = Model::load(&Heap, &checkpoint()).unwrap();
    assert_eq!((model.layer.len(), model.steps), (2, 0));
    assert_eq!(model.layer[1].down.weight.name(), "model.layer.1.attention.down.weight");
    assert!(model.layer[1].down.bias.is_none() && model.head.is_none());
    assert!(model.layer.iter().all(|layer| layer.up.bias.is_some()));
    assert_eq!(model.embed.shape(), [10, 4]);
    assert_eq!(model.num_bytes(), 80 + 2 * (128 + 32 + 128));
}

/// What is loaded is what the source holds, and not a copy.
#[test]
fn loaded_tensors_are_the_source() {
    let source = checkpoint();
    let (first, second) = (Model::load(&Heap, &source).unwrap(), Model::load(&Heap, &source).unwrap());
    first.layer[0].up.weight.write().unwrap().view_mut()[[7, 3]] = 2.5;
    assert_eq!(second.layer[0].up.weight.read_rows(7..8).unwrap()[3], 2.5);
}

/// One error has a line for everything that differs.
#[test]
fn everything_that_differs_is_in_one_error() {
    let mut source = checkpoint();
    source.insert("model.embed.wieght", zeros(DType::BF16, &[10, 4]));
    source.insert("model.layer.3.up.weight", zeros(DType::F32, &[8, 4]));
    source.insert("model.layer.0.up.bias", zeros(DType::F32, &[9]));
    source.insert("model.layer.1.up.bias", zeros(DType::BF16, &[8]));
    source.insert("model.head.weight", zeros(DType::F32, &[11, 4]));
    source.insert("norm", zeros(DType::I64, &[]));
    let lines = "\
7 problems with memory
missing (2):
  model.layer.2: expected because `model.layer.3` is there
  model.layer.3.attention.down.weight: f32 [4, _]
misshaped (2):
  model.layer.0.up.bias: axis 0 is 9, declared 8 (found [9], declared [8])
  model.head.weight: dimension `Vocab` is 10 in `model.embed.weight` (axis 0) but 11 here (axis 0)
mistyped (1):
  model.layer.1.up.bias: bf16 found, f32 declared
unused (2):
  model.embed.wieght
  norm";
    assert_eq!(report::<Model>(&source).to_string(), lines);
}

/// A missing name comes with the name that was probably meant.
#[test]
fn misspelt_names_are_recognised() {
    let mut source = MemorySource::default();
    source.insert("weigth", zeros(DType::F32, &[2, 2]));
    let report = report::<Linear<C<2>, C<2>>>(&source);
    assert_eq!(report.missing()[0].similar.as_deref(), Some("weigth"));
}

/// Fields of one struct agree on the sizes it does not fix.
#[test]
fn fields_agree_on_generic_dimensions() {
    let mut source = MemorySource::default();
    source.insert("weight", zeros(DType::F32, &[6, 2]));
    source.insert("bias", zeros(DType::F32, &[5]));
    let report = report::<Linear<Dyn, Dyn>>(&source);
    assert_eq!(report.misshaped()[0].detail, "dimension `O` is 6 in `weight` (axis 0) but 5 here (axis 0)");
}

/// A struct may take a part of a checkpoint, if it says so.
#[test]
fn a_part_loads_where_unused_is_allowed() {
    let source = checkpoint();
    assert_eq!(Part::load(&Heap, &source).unwrap().model.embed.shape(), [10, 4]);
}

/// The walk over the tensors has each of them once, in the order of declaration.
#[test]
fn the_walk_has_every_tensor() {
    let model = Model::load(&Heap, &checkpoint()).unwrap();
    let mut names = Vec::new();
    model.visit(&mut |tensor| names.push(tensor.name().to_owned()));
    assert_eq!(names.len(), 7);
    assert_eq!(names[..2], ["model.embed.weight", "model.layer.0.up.weight"]);
    model.prefetch();
}
