//! Checkpoints with known bytes, and engines with small budgets.

use std::path::{Path, PathBuf};
use stratal::tiering::origin::{TensorSpec, Writer};
use stratal::tiering::tier::TierKind;
use stratal::{Adopt, Checkpoint, DType, Dyn, Engine, ParamSource, Policy, Tensor};
use tempfile::TempDir;

/// A directory on a real disk where the machine has one: `/tmp` may be memory.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Value of element `i` of tensor `tensor`.
pub(crate) fn value(tensor: usize, i: usize) -> f32 {
    ((tensor * 7919 + i) % 65_521) as f32
}

/// A checkpoint of tensors `t.0`, `t.1`, … of the given numbers of f32 elements.
pub(crate) fn checkpoint(dir: &Path, elements: &[usize]) -> PathBuf {
    let path = dir.join("model.safetensors");
    let name = |i: usize| format!("t.{i}");
    let specs: Vec<_> =
        elements.iter().enumerate().map(|(i, &len)| TensorSpec::new(name(i), DType::F32, [len])).collect();
    let mut writer = Writer::create(&path, &specs, &[]).unwrap();
    for (i, &len) in elements.iter().enumerate() {
        let bytes: Vec<u8> = (0..len).flat_map(|at| value(i, at).to_le_bytes()).collect();
        writer.tensor(&name(i), &bytes).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// A policy with this DRAM budget, deadline and spill directory.
pub(crate) fn policy(dir: &Path, budget: &str, deadline: &str) -> stratal::Result<Policy> {
    Policy::builder().tier("dram", TierKind::Dram, budget).spill_directory(dir).deadline(deadline).build()
}

/// An engine with this DRAM budget and a short deadline.
pub(crate) fn engine(dir: &Path, budget: &str) -> Engine {
    Engine::builder().policy(policy(dir, budget, "5 s").unwrap()).build().unwrap()
}

/// The tensors of [`checkpoint`], as the engine keeps them.
pub(crate) fn load(engine: &Engine, path: &Path, count: usize) -> Vec<Tensor<f32, (Dyn,)>> {
    adopt(engine, &Checkpoint::open(path).unwrap(), count)
}

/// The tensors of an open checkpoint, as the engine keeps them.
pub(crate) fn adopt(engine: &Engine, checkpoint: &Checkpoint, count: usize) -> Vec<Tensor<f32, (Dyn,)>> {
    let source = engine.source(checkpoint).unwrap();
    (0..count).map(|i| Tensor::from_any(source.adopt(&format!("t.{i}"), None).unwrap()).unwrap()).collect()
}
