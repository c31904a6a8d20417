//! Attention agrees with values worked out by hand.

use super::{KvCache, Rotation};
use crate::run::shape::ModelShape;

fn shape(heads: usize, kv_heads: usize, head_dim: usize) -> ModelShape {
    let mut shape = ModelShape::TINY;
    (shape.heads, shape.kv_heads, shape.head_dim, shape.layers) = (heads, kv_heads, head_dim, 1);
    shape
}

/// Promise: position 0 does not turn, and turning keeps lengths.
#[test]
fn rotation_keeps_length() {
    let shape = shape(1, 1, 4);
    let mut head = [1.0, 2.0, 3.0, 4.0];
    Rotation::new(&shape, 0).apply(&mut head);
    assert_eq!(head, [1.0, 2.0, 3.0, 4.0]);
    Rotation::new(&shape, 7).apply(&mut head);
    assert!((head.iter().map(|v| v * v).sum::<f32>() - 30.0).abs() < 1e-4);
}

/// Promise: the product of a rotated query and key depends on their distance only.
#[test]
fn rotation_is_relative() {
    let shape = shape(1, 1, 4);
    let product = |q: usize, k: usize| {
        let (mut query, mut key) = ([0.3, -1.0, 0.5, 2.0], [1.0, 0.25, -0.5, 0.75]);
        Rotation::new(&shape, q).apply(&mut query);
        Rotation::new(&shape, k).apply(&mut key);
        query.iter().zip(&key).map(|(a, b)| a * b).sum::<f32>()
    };
    assert!((product(5, 2) - product(13, 10)).abs() < 1e-4);
}

/// Promise: one position attends to itself alone; equal keys share the weight.
#[test]
fn equal_keys_share_the_weight() {
    let shape = shape(2, 1, 2);
    let mut cache = KvCache::new(&shape, 2);
    let mut out = [0.0; 4];
    cache.attend(&shape, 0, [&[1.0, 0.0, 0.0, 1.0], &[1.0, 1.0], &[4.0, 8.0]], &mut out);
    assert_eq!(out, [4.0, 8.0, 4.0, 8.0]);
    cache.attend(&shape, 0, [&[1.0, 0.0, 0.0, 1.0], &[1.0, 1.0], &[0.0, 2.0]], &mut out);
    assert_eq!(out, [2.0, 5.0, 2.0, 5.0]);
}

/// Promise: with grouped queries, each group reads its own key head.
#[test]
fn groups_read_their_own_head() {
    let shape = shape(4, 2, 2);
    let mut out = [0.0; 8];
    KvCache::new(&shape, 1).attend(&shape, 0, [&[1.0; 8], &[1.0; 4], &[1.0, 2.0, 3.0, 4.0]], &mut out);
    assert_eq!(out, [1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
}
