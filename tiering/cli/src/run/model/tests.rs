//! The forward pass agrees with a naive one, and its bits depend on nothing but weights and tokens.

use super::{Llama, Weights};
use crate::progress::Progress;
use crate::run::attention::KvCache;
use crate::run::generate;
use crate::run::reference::load;
use crate::run::shape::ModelShape;
use crate::run::steps::Steps;
use std::collections::BTreeMap;
use stratal::{Checkpoint, ErrorKind, Heap, MemorySource, Params};

const SMALL: ModelShape = ModelShape {
    vocab: 96,
    hidden: 48,
    inner: 80,
    layers: 2,
    heads: 6,
    kv_heads: 2,
    head_dim: 8,
    rope_theta: 10_000.0,
    epsilon: 1e-5,
};

/// A made checkpoint of the small model, open after its folder is gone.
fn checkpoint() -> Checkpoint {
    let folder = tempfile::tempdir().unwrap();
    generate::ensure(&folder.path().join("small.safetensors"), &SMALL, Progress::new()).unwrap()
}

fn llama(source: &MemorySource, lease_bytes: u64) -> Llama {
    Llama::new(Weights::load(&Heap, source).unwrap(), SMALL, lease_bytes).unwrap()
}

/// Logits after the last token, all tokens in passes of the given sizes.
fn logits(model: &Llama, tokens: &[u32], passes: &[usize]) -> Vec<f32> {
    let mut cache = KvCache::new(&SMALL, tokens.len());
    let mut at = 0;
    let mut last = Vec::new();
    for &count in passes {
        let columns = model.forward(&tokens[at..at + count], at, &mut cache, &mut Steps::default()).unwrap();
        last = columns.column(0).to_vec();
        at += count;
    }
    last
}

/// Promise: embedding, norms, rotary attention with grouped heads, SwiGLU and head are those of Llama: the logits
/// agree with a naive computation in f64 that keeps no cache.
#[test]
fn agrees_with_the_naive_model() {
    let source = load(&checkpoint()).unwrap();
    let tokens = [3, 95, 0, 17, 17];
    let naive = naive::logits(&source, &SMALL, &tokens);
    let ours = logits(&llama(&source, 1 << 20), &tokens, &[5]);
    let worst = ours.iter().zip(&naive).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-3, "differs by {worst}");
    assert!(naive.iter().any(|logit| logit.abs() > 0.1), "a model that says nothing proves nothing");
}

/// Promise: a prompt taken at once or token by token gives the same bits, so the cache holds what it should.
#[test]
fn a_prompt_may_come_in_pieces() {
    let source = load(&checkpoint()).unwrap();
    let model = llama(&source, 1 << 20);
    let tokens = [5, 6, 7, 8];
    let whole = logits(&model, &tokens, &[4]);
    for passes in [&[1, 1, 1, 1][..], &[2, 2], &[3, 1]] {
        let pieces = logits(&model, &tokens, passes);
        assert_eq!(pieces, whole, "{passes:?}");
    }
}

/// Promise: the bits of the logits do not depend on how large a lease may be.
#[test]
fn bits_do_not_depend_on_leases() {
    let source = load(&checkpoint()).unwrap();
    let least = row_bytes();
    let reference = logits(&llama(&source, 1 << 20), &[1, 2], &[2]);
    for lease_bytes in [least, 2 * least, 3 * least + 1] {
        assert_eq!(logits(&llama(&source, lease_bytes), &[1, 2], &[2]), reference);
    }
}

/// Bytes of the widest row.
fn row_bytes() -> u64 {
    2 * SMALL.widest_row() as u64
}

/// Promise: a lease too small for one row is refused before anything runs.
#[test]
fn a_lease_holds_a_row() {
    let source = load(&checkpoint()).unwrap();
    let weights = Weights::load(&Heap, &source).unwrap();
    let error = Llama::new(weights, SMALL, row_bytes() - 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Budget);
}

/// Promise: a tensor whose shape contradicts the sizes is named.
#[test]
fn names_the_tensor_that_does_not_fit() {
    let source = load(&checkpoint()).unwrap();
    let weights = Weights::load(&Heap, &source).unwrap();
    let error = Llama::new(weights, ModelShape { inner: 81, ..SMALL }, 1 << 20).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert_eq!(error.fact("tensor"), Some("model.layers.0.mlp.gate_proj.weight"));
}

/// The oracle: f64, whole sequence at once, no cache, no tiles.
mod naive {
    use super::{BTreeMap, MemorySource, ModelShape};
    use stratal::{Dyn, ParamSource, Tensor, bf16};

    type Rows = Vec<Vec<f64>>;

    pub(super) fn logits(source: &MemorySource, shape: &ModelShape, tokens: &[u32]) -> Vec<f64> {
        let weights: BTreeMap<String, Rows> =
            source.names().into_iter().map(|name| (name.to_owned(), rows(source, name))).collect();
        let get = |name: String| &weights[&name];
        let embedding = get("model.embed_tokens.weight".into());
        let mut stream: Rows = tokens.iter().map(|&token| embedding[token as usize].clone()).collect();
        for layer in 0..shape.layers {
            let of = |name: &str| get(format!("model.layers.{layer}.{name}.weight"));
            let normed = norm(&stream, of("input_layernorm"), shape);
            let [q, k, v] = ["q", "k", "v"].map(|p| project(of(&format!("self_attn.{p}_proj")), &normed));
            let mixed = attention(&rotate(&q, shape), &rotate(&k, shape), &v, shape);
            add(&mut stream, &project(of("self_attn.o_proj"), &mixed));
            let normed = norm(&stream, of("post_attention_layernorm"), shape);
            let [gate, up] = ["gate", "up"].map(|p| project(of(&format!("mlp.{p}_proj")), &normed));
            let inner: Rows = gate
                .iter()
                .zip(&up)
                .map(|(gate, up)| gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect())
                .collect();
            add(&mut stream, &project(of("mlp.down_proj"), &inner));
        }
        let normed = norm(&stream, get("model.norm.weight".into()), shape);
        project(get("lm_head.weight".into()), &normed).pop().unwrap()
    }

    fn rows(source: &MemorySource, name: &str) -> Rows {
        let any = source.adopt(name, None).unwrap();
        let to_f64 = |row: &[bf16]| row.iter().map(|v| f64::from(v.to_f32())).collect();
        if any.shape().len() == 1 {
            return vec![to_f64(&Tensor::<bf16, (Dyn,)>::from_any(any).unwrap().read().unwrap())];
        }
        let tensor = Tensor::<bf16, (Dyn, Dyn)>::from_any(any).unwrap();
        let width = tensor.shape()[1];
        tensor.read().unwrap().chunks(width).map(to_f64).collect()
    }

    fn project(weight: &Rows, xs: &Rows) -> Rows {
        let dot = |row: &Vec<f64>, x: &Vec<f64>| row.iter().zip(x).map(|(a, b)| a * b).sum();
        xs.iter().map(|x| weight.iter().map(|row| dot(row, x)).collect()).collect()
    }

    fn norm(xs: &Rows, weight: &Rows, shape: &ModelShape) -> Rows {
        let one = |x: &Vec<f64>| {
            let mean = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
            let scale = (mean + f64::from(shape.epsilon)).sqrt().recip();
            x.iter().zip(&weight[0]).map(|(v, w)| v * scale * w).collect()
        };
        xs.iter().map(one).collect()
    }

    fn add(stream: &mut Rows, more: &Rows) {
        for (to, from) in stream.iter_mut().flatten().zip(more.iter().flatten()) {
            *to += from;
        }
    }

    fn rotate(xs: &Rows, shape: &ModelShape) -> Rows {
        let (dim, half) = (shape.head_dim, shape.head_dim / 2);
        let value = |position: usize, x: &Vec<f64>, i: usize| {
            let (pair, start) = (i % dim % half, i / dim * dim);
            let angle = position as f64 / shape.rope_theta.powf(2.0 * pair as f64 / dim as f64);
            let (first, second) = (x[start + pair], x[start + pair + half]);
            if i % dim < half {
                first * angle.cos() - second * angle.sin()
            } else {
                second * angle.cos() + first * angle.sin()
            }
        };
        xs.iter().enumerate().map(|(at, x)| (0..x.len()).map(|i| value(at, x, i)).collect()).collect()
    }

    fn attention(q: &Rows, k: &Rows, v: &Rows, shape: &ModelShape) -> Rows {
        let dim = shape.head_dim;
        let one = |at: usize, i: usize| {
            let (head, lane) = (i / dim, i % dim);
            let shared = head / (shape.heads / shape.kv_heads) * dim;
            let score = |past: usize| {
                let dot: f64 = (0..dim).map(|d| q[at][head * dim + d] * k[past][shared + d]).sum();
                (dot / (dim as f64).sqrt()).exp()
            };
            let sum: f64 = (0..=at).map(score).sum();
            (0..=at).map(|past| score(past) / sum * v[past][shared + lane]).sum()
        };
        (0..q.len()).map(|at| (0..q[at].len()).map(|i| one(at, i)).collect()).collect()
    }
}
