//! Makes a checkpoint of the given sizes: weights of a fixed seed, scaled so that activations keep their size.
//!
//! Every weight is a function of its tensor and its place, so two makers write the same bytes, whatever they run on.

use super::shape::{EMBEDDING, ModelShape};
use crate::progress::Progress;
use rayon::prelude::*;
use std::path::Path;
use stratal::bf16;
use stratal::tiering::origin::{TensorSpec, Writer};
use stratal::{Checkpoint, DType, Result};

/// Changes whenever the bytes of a made checkpoint would.
const RECIPE: &str = "stratal run 1";

/// Weights made between two writes.
const PIECE_WEIGHTS: usize = 2 << 20;

/// Weights one thread makes at a time.
const RUN_WEIGHTS: usize = 64 << 10;

/// One tensor to make: where its values lie around `center`, and how far they spread.
struct Recipe {
    spec: TensorSpec,
    center: f32,
    spread: f32,
}

/// The checkpoint of `shape` at `path`: the one that is there if it was made by this recipe, else a new one.
///
/// # Errors
/// `Io`, `NoSpace` and their kin, naming the file.
pub(crate) fn ensure(path: &Path, shape: &ModelShape, progress: Progress) -> Result<Checkpoint> {
    let recipes = recipes(shape);
    if let Ok(checkpoint) = Checkpoint::open(path)
        && is_made_by(&checkpoint, shape, &recipes)
    {
        return Ok(checkpoint);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| stratal::Error::from(error).with("directory", folder.display()))?;
    }
    make(path, shape, &recipes, progress)?;
    Checkpoint::open(path)
}

/// Whether the header says what a new one would say.
fn is_made_by(checkpoint: &Checkpoint, shape: &ModelShape, recipes: &[Recipe]) -> bool {
    let says = |key: &str, value: &str| checkpoint.metadata().iter().any(|(k, v)| k == key && v == value);
    says("recipe", RECIPE)
        && shape.metadata().iter().all(|(key, value)| says(key, value))
        && checkpoint.tensors().len() == recipes.len()
        && checkpoint.tensors().iter().zip(recipes).all(|(tensor, Recipe { spec, .. })| {
            *tensor.name == *spec.name && tensor.shape == spec.shape && tensor.dtype == spec.dtype
        })
}

/// Writes the file under a temporary name and renames it.
fn make(path: &Path, shape: &ModelShape, recipes: &[Recipe], progress: Progress) -> Result<()> {
    let specs: Vec<TensorSpec> = recipes.iter().map(|recipe| recipe.spec.clone()).collect();
    let facts = shape.metadata();
    let mut metadata = vec![("recipe", RECIPE), ("format", "pt")];
    metadata.extend(facts.iter().map(|(key, value)| (*key, value.as_str())));
    let mut writer = Writer::create(path, &specs, &metadata)?;
    let weights = |spec: &TensorSpec| spec.shape.iter().product::<usize>();
    let bar = progress.bytes("making the model", specs.iter().map(|spec| 2 * weights(spec) as u64).sum());
    let mut bytes = vec![0; 2 * PIECE_WEIGHTS];
    for (index, recipe) in recipes.iter().enumerate() {
        let count = weights(&recipe.spec);
        for first in (0..count).step_by(PIECE_WEIGHTS) {
            let piece = &mut bytes[..2 * PIECE_WEIGHTS.min(count - first)];
            fill(piece, (index as u64) << 40 | first as u64, recipe);
            writer.append(piece)?;
            bar.advance(piece.len() as u64);
        }
    }
    writer.finish()
}

/// Little-endian bf16 weights from number `first` on.
fn fill(bytes: &mut [u8], first: u64, recipe: &Recipe) {
    bytes.par_chunks_mut(2 * RUN_WEIGHTS).enumerate().for_each(|(run, bytes)| {
        let first = first + (run * RUN_WEIGHTS) as u64;
        for (four, bytes) in bytes.chunks_mut(8).enumerate() {
            let random = mix(first / 4 + four as u64).to_le_bytes();
            for (random, weight) in random.chunks_exact(2).zip(bytes.chunks_exact_mut(2)) {
                let unit = f32::from(i16::from_le_bytes([random[0], random[1]])) / 32768.0;
                let value = bf16::from_f32(recipe.center + unit * recipe.spread);
                weight.copy_from_slice(&value.to_le_bytes());
            }
        }
    });
}

/// The finaliser of splitmix64 over a Weyl sequence: a number's bits, well stirred.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Every tensor, in the order a pass uses them.
fn recipes(shape: &ModelShape) -> Vec<Recipe> {
    let recipe = |name: String, dims: &[usize], center, spread| Recipe {
        spec: TensorSpec::new(name, DType::BF16, dims),
        center,
        spread,
    };
    // Uniform on ±√(3/inputs) has the variance 1/inputs: a product is as large as what it multiplies. What is added
    // to the residual stream is smaller by √(2·layers), so that the stream grows by √2 in all.
    let unit = |inputs: usize| (3.0 / inputs as f32).sqrt();
    let added = |inputs: usize| unit(inputs) / (2.0 * shape.layers.max(1) as f32).sqrt();
    let norm = |name: String| recipe(name, &[shape.hidden], 1.0, 0.125);
    let (hidden, inner) = (shape.hidden, shape.inner);
    let mut all = vec![recipe(EMBEDDING.to_owned(), &[shape.vocab, hidden], 0.0, 1.7)];
    for layer in 0..shape.layers {
        let matrix = |name: &str, rows: usize, inputs: usize, spread: f32| {
            recipe(format!("model.layers.{layer}.{name}_proj.weight"), &[rows, inputs], 0.0, spread)
        };
        all.extend([
            norm(format!("model.layers.{layer}.input_layernorm.weight")),
            matrix("self_attn.q", shape.query_width(), hidden, unit(hidden)),
            matrix("self_attn.k", shape.kv_width(), hidden, unit(hidden)),
            matrix("self_attn.v", shape.kv_width(), hidden, unit(hidden)),
            matrix("self_attn.o", hidden, shape.query_width(), added(shape.query_width())),
            norm(format!("model.layers.{layer}.post_attention_layernorm.weight")),
            matrix("mlp.gate", inner, hidden, unit(hidden)),
            matrix("mlp.up", inner, hidden, unit(hidden)),
            matrix("mlp.down", hidden, inner, added(inner)),
        ]);
    }
    all.push(norm("model.norm.weight".to_owned()));
    all.push(recipe("lm_head.weight".to_owned(), &[shape.vocab, hidden], 0.0, unit(hidden)));
    all
}

#[cfg(test)]
mod tests;
