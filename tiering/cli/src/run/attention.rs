//! Rotary position embedding, and attention over a cache of keys and values.
//!
//! Several query heads may share one key head (grouped-query attention). One position is appended at a time, so
//! a position never sees a later one.

use super::ops::{dot, softmax};
use super::shape::ModelShape;

/// Keys and values of one sequence, all layers; grows by one position per token.
#[derive(Clone, Debug, Default)]
pub(crate) struct KvCache {
    layers: Vec<LayerCache>,
}

/// Rows of one position after another, each `kv_heads * head_dim` values.
#[derive(Clone, Debug, Default)]
struct LayerCache {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl KvCache {
    /// An empty cache with room for `positions`.
    pub(crate) fn new(shape: &ModelShape, positions: usize) -> Self {
        let room = positions * shape.kv_width();
        let layer = || LayerCache { keys: Vec::with_capacity(room), values: Vec::with_capacity(room) };
        Self { layers: (0..shape.layers).map(|_| layer()).collect() }
    }

    /// Appends one position to a layer: `key` (already rotated) and `value`, and attends to it and all before it.
    /// `query` (already rotated) holds all heads; so does `target`.
    pub(crate) fn attend(
        &mut self,
        shape: &ModelShape,
        layer: usize,
        [query, key, value]: [&[f32]; 3],
        target: &mut [f32],
    ) {
        let cache = &mut self.layers[layer];
        cache.keys.extend_from_slice(key);
        cache.values.extend_from_slice(value);
        let (dim, width) = (shape.head_dim, shape.kv_width());
        let group = shape.heads / shape.kv_heads;
        let scale = 1.0 / (dim as f32).sqrt();
        let mut scores = vec![0.0; cache.keys.len() / width];
        for (head, (query, target)) in query.chunks_exact(dim).zip(target.chunks_exact_mut(dim)).enumerate() {
            let start = head / group * dim;
            for (score, key) in scores.iter_mut().zip(cache.keys.chunks_exact(width)) {
                *score = dot(query, &key[start..start + dim]) * scale;
            }
            softmax(&mut scores);
            target.fill(0.0);
            for (weight, value) in scores.iter().zip(cache.values.chunks_exact(width)) {
                let value = &value[start..start + dim];
                target.iter_mut().zip(value).for_each(|(sum, value)| *sum += weight * value);
            }
        }
    }
}

/// Sine and cosine of every rotation at one position.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    sin_cos: Vec<(f32, f32)>,
}

impl Rotation {
    /// Rotations of `position`: pair `i` of a head turns by `position * theta^(-2i / head_dim)`.
    pub(crate) fn new(shape: &ModelShape, position: usize) -> Self {
        let half = shape.head_dim / 2;
        let angle = |pair: usize| position as f64 * shape.rope_theta.powf(-(pair as f64) / half as f64);
        Self {
            sin_cos: (0..half).map(|pair| angle(pair).sin_cos()).map(|(s, c)| (s as f32, c as f32)).collect(),
        }
    }

    /// Turns every head in `heads`; a pair is value `i` of the first half and value `i` of the second.
    pub(crate) fn apply(&self, heads: &mut [f32]) {
        let half = self.sin_cos.len();
        for head in heads.chunks_exact_mut(2 * half) {
            let (first, second) = head.split_at_mut(half);
            for ((x, y), (sin, cos)) in first.iter_mut().zip(second).zip(&self.sin_cos) {
                (*x, *y) = (*x * cos - *y * sin, *y * cos + *x * sin);
            }
        }
    }
}

#[cfg(test)]
mod tests;
