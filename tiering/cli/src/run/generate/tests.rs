//! A made checkpoint is always the same, and is made once.

use super::ensure;
use crate::progress::Progress;
use crate::run::shape::ModelShape;
use std::fs;

fn small() -> ModelShape {
    ModelShape {
        vocab: 64,
        hidden: 32,
        inner: 48,
        layers: 1,
        heads: 4,
        kv_heads: 2,
        head_dim: 8,
        ..ModelShape::TINY
    }
}

/// Promise: two makers write the same bytes, and an existing checkpoint is used as it is.
#[test]
fn is_made_once_and_always_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("deep/a.safetensors"), folder.path().join("b.safetensors"));
    ensure(&a, &small(), Progress::new()).unwrap();
    ensure(&b, &small(), Progress::new()).unwrap();
    assert_eq!(fs::read(&a).unwrap(), fs::read(&b).unwrap());

    let made = fs::metadata(&a).unwrap().modified().unwrap();
    ensure(&a, &small(), Progress::new()).unwrap();
    assert_eq!(fs::metadata(&a).unwrap().modified().unwrap(), made);
}

/// Promise: what another recipe made, and what is no checkpoint at all, is made anew.
#[test]
fn is_made_anew_when_it_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    fs::write(&path, "no checkpoint").unwrap();
    let checkpoint = ensure(&path, &small(), Progress::new()).unwrap();
    assert_eq!(ModelShape::of(&checkpoint).unwrap(), small());

    let wider = ModelShape { vocab: 96, ..small() };
    assert_eq!(ModelShape::of(&ensure(&path, &wider, Progress::new()).unwrap()).unwrap(), wider);
}

/// Promise: weights keep the size of activations: those of a projection have the variance 1/inputs.
#[test]
fn weights_keep_their_scale() {
    let folder = tempfile::tempdir().unwrap();
    let shape = ModelShape { hidden: 256, ..small() };
    let checkpoint = ensure(&folder.path().join("a.safetensors"), &shape, Progress::new()).unwrap();
    let source = crate::run::reference::load(&checkpoint).unwrap();
    let gate = stratal::ParamSource::adopt(&source, "model.layers.0.mlp.gate_proj.weight", None).unwrap();
    let gate = stratal::Tensor::<stratal::bf16, (stratal::Dyn, stratal::Dyn)>::from_any(gate).unwrap();
    let weights: Vec<f64> = gate.read().unwrap().iter().map(|w| f64::from(w.to_f32())).collect();
    let variance = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
    assert!((variance * 256.0 - 1.0).abs() < 0.05, "variance {variance}");
}
