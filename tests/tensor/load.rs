//! Loading a tree of parameters by name.

use std::error::Error as _;
use stratal::{
    AnyTensor, C, Dim, Dyn, ErrorKind, Heap, LoadError, MemorySource, Params, Shape, Tensor, bf16,
};

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
    embed: Tensor<bf16, Shape![_, 4]>,
    layer: Vec<Layer>,
    #[param(skip)]
    steps: u64,
}

fn zeros<T: stratal::Element>(shape: &[usize]) -> AnyTensor {
    AnyTensor::zeros(T::DTYPE, shape, stratal::Alignment::Simd).expect("small tensors fit")
}

fn model() -> MemorySource {
    let mut source = MemorySource::default();
    source.insert("model.embed.weight", zeros::<bf16>(&[10, 4]));
    for i in 0..2 {
        source.insert(format!("model.layer.{i}.up.weight"), zeros::<f32>(&[8, 4]));
        source.insert(format!("model.layer.{i}.up.bias"), zeros::<f32>(&[8]));
        source.insert(format!("model.layer.{i}.attention.down.weight"), zeros::<f32>(&[4, 8]));
    }
    source
}

/// A tree that matches loads whole, with names joined by dots.
#[test]
fn a_matching_source_loads() {
    let model = Model::load(&Heap, &model()).unwrap();
    assert_eq!(model.layer.len(), 2);
    assert_eq!(model.steps, 0);
    assert_eq!(model.layer[1].down.weight.name(), "model.layer.1.attention.down.weight");
    assert!(model.layer[1].down.bias.is_none());
    assert!(model.layer[1].up.bias.is_some());
    assert_eq!(model.embed.shape(), [10, 4]);
    assert_eq!(Params::num_bytes(&model), 80 + 2 * (128 + 32 + 128));
}

/// One error tells everything that differs.
#[test]
fn everything_that_differs_is_in_one_error() {
    let mut source = model();
    source.insert("model.embed.wieght", zeros::<bf16>(&[10, 4]));
    source.insert("model.layer.3.up.weight", zeros::<f32>(&[8, 4]));
    source.insert("model.layer.0.up.bias", zeros::<f32>(&[9]));
    source.insert("model.layer.1.up.bias", zeros::<bf16>(&[8]));
    let error = Model::load(&Heap, &source).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Params);
    let report = error.source().unwrap().downcast_ref::<LoadError>().unwrap();
    println!("{error}");
    assert_eq!(report.num_problems(), 5);
}
