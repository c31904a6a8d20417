//! The small steps agree with values worked out by hand.

use super::{argmax, dot, rms_norm, softmax, swiglu};

/// Promise: a normalised vector has a root mean square of 1, times its weight.
#[test]
fn rms_norm_scales_to_one() {
    let mut out = [0.0; 2];
    rms_norm(&[3.0, 4.0], &[1.0, 2.0], 0.0, &mut out);
    let rms = 12.5_f32.sqrt();
    assert!((out[0] - 3.0 / rms).abs() < 1e-6 && (out[1] - 8.0 / rms).abs() < 1e-6);
}

/// Promise: the gate is silu, and multiplies.
#[test]
fn swiglu_gates() {
    let mut gate = [0.0, 1.0, -20.0];
    swiglu(&mut gate, &[5.0, 2.0, 1.0]);
    assert_eq!(gate[0], 0.0);
    assert!((gate[1] - 2.0 / (1.0 + (-1.0_f32).exp())).abs() < 1e-6);
    assert!(gate[2].abs() < 1e-6);
}

/// Promise: greedy choice takes the first of equals, and survives no values and NaN.
#[test]
fn argmax_takes_the_first() {
    assert_eq!(argmax(&[1.0, 3.0, 3.0, 2.0]), 1);
    assert_eq!(argmax(&[]), 0);
    assert_eq!(argmax(&[f32::NAN, -1.0]), 1);
}

/// Promise: large scores do not overflow.
#[test]
fn softmax_sums_to_one() {
    let mut scores = [1000.0, 1000.0, -1000.0];
    softmax(&mut scores);
    assert_eq!(scores, [0.5, 0.5, 0.0]);
}

/// Promise: lanes and remainder are both summed.
#[test]
fn dot_sums_all() {
    let a: Vec<f32> = (0..19).map(|i| i as f32).collect();
    assert_eq!(dot(&a, &a), (0..19).map(|i| (i * i) as f32).sum::<f32>());
}
