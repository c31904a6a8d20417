//! Loading a checkpoint of many tensors once its header is parsed: every name found, checked and adopted.

use super::super::Scale;
use super::goal;
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use std::collections::HashMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;
use stratal::{
    Checkpoint, DType, Dim, Dyn, Engine, Error, Params, Policy, Result, Shape, Tensor, TensorSpec, TierKind,
    Writer,
};

/// Milliseconds that 10,000 tensors may take.
const GOAL_MS: f64 = 10.0;
/// Tensors of one layer.
const LAYER: [&str; 5] =
    ["attn.q_proj.weight", "attn.q_proj.bias", "attn.o_proj.weight", "mlp.up.weight", "norm"];

#[derive(Params)]
struct Linear<I: Dim, O: Dim> {
    weight: Tensor<f32, Shape![O, I]>,
    bias: Option<Tensor<f32, Shape![O]>>,
}

#[derive(Params)]
struct Attention {
    q_proj: Linear<Dyn, Dyn>,
    o_proj: Linear<Dyn, Dyn>,
}

#[derive(Params)]
struct Mlp {
    up: Linear<Dyn, Dyn>,
}

#[derive(Params)]
struct Layer {
    attn: Attention,
    mlp: Mlp,
    norm: Tensor<f32, Shape![_]>,
}

#[derive(Params)]
#[params(prefix = "model")]
struct Model {
    layers: Vec<Layer>,
}

pub(super) fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let layers = if scale.quick { 20 } else { 2000 };
    let tensors = layers * LAYER.len();
    let checkpoint = checkpoint(layers)?;
    let policy = Policy::builder().tier("dram", TierKind::Dram, "64 MiB").build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let names = checkpoint.clone();
    let ours: Runner = Box::new(move || {
        let before = thread_cpu()?;
        let model = Model::load(&engine, &checkpoint)?;
        let spent = thread_cpu()?.saturating_sub(before);
        assert_eq!(model.layers.len(), layers);
        Ok(vec![spent.as_secs_f64() * 1e3])
    });
    let bare: Runner = Box::new(move || {
        let map: HashMap<&str, usize> =
            names.tensors().iter().enumerate().map(|(at, entry)| (&*entry.name, at)).collect();
        let before = thread_cpu()?;
        for layer in 0..layers {
            for tensor in LAYER {
                black_box(map.get(name(layer, tensor).as_str()));
            }
        }
        Ok(vec![thread_cpu()?.saturating_sub(before).as_secs_f64() * 1e3])
    });
    let contender = |name, part, run| Contender { name, part, run };
    Ok(vec![Contest {
        suite: super::SUITE.name,
        point: format!("resolve/{tensors}"),
        metrics: vec![Metric { name: "", unit: "ms CPU", goal: Some(1.0) }],
        contenders: vec![
            contender("stratal", Part::Ours, ours),
            contender("hash look-ups", Part::Limit, bare),
            goal("10 ms", GOAL_MS),
        ],
    }])
}

fn name(layer: usize, tensor: &str) -> String {
    format!("model.layers.{layer}.{tensor}")
}

/// A checkpoint of tensors of one element, whose file is gone by its name.
fn checkpoint(layers: usize) -> Result<Checkpoint> {
    let path: PathBuf =
        std::env::temp_dir().join(format!("stratal-bench-{}.safetensors", std::process::id()));
    let shape = |tensor: &str| {
        vec![1; if tensor.ends_with("proj.weight") || tensor.ends_with("up.weight") { 2 } else { 1 }]
    };
    let names = (0..layers).flat_map(|layer| LAYER.map(|tensor| (name(layer, tensor), shape(tensor))));
    let specs: Vec<TensorSpec> =
        names.map(|(name, shape)| TensorSpec::new(name, DType::F32, shape)).collect();
    let mut writer = Writer::create(&path, &specs, &[])?;
    specs.iter().try_for_each(|spec| writer.tensor(&spec.name, &[0; 4]))?;
    writer.finish()?;
    let opened = Checkpoint::open(&path);
    std::fs::remove_file(&path)?;
    opened
}

/// CPU time of this thread.
fn thread_cpu() -> Result<Duration> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is valid for writes of one `timespec`.
    let refused = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    if refused != 0 {
        return Err(Error::from(std::io::Error::last_os_error()));
    }
    Ok(Duration::from_secs(now.tv_sec.unsigned_abs()) + Duration::from_nanos(now.tv_nsec.unsigned_abs()))
}
