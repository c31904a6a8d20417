//! The arithmetic that all contenders share: parameters at the start, a gradient, a step of Adam.
//!
//! Adam as in Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), with corrected moments.

use super::GROUP;

const RATE: f32 = 1e-3;
const BETA: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

/// The parameters of a group before the first step.
pub(super) fn begin(group: usize, parameters: &mut [f32]) {
    for (at, parameter) in parameters.iter_mut().enumerate() {
        *parameter = noise(group * GROUP + at, 0);
    }
}

/// A gradient that pulls parameters to zero, with noise.
pub(super) fn gradient(group: usize, step: usize, parameters: &[f32], gradient: &mut [f32]) {
    for (at, (gradient, parameter)) in gradient.iter_mut().zip(parameters).enumerate() {
        *gradient = 0.1 * parameter + noise(group * GROUP + at, step);
    }
}

/// One step, the first being 1.
pub(super) fn step(
    step: usize,
    gradient: &[f32],
    parameters: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let corrected = BETA.map(|beta| 1.0 / (1.0 - beta.powi(step as i32)));
    let moments = first.iter_mut().zip(second);
    for ((gradient, parameter), (first, second)) in gradient.iter().zip(parameters).zip(moments) {
        *first = BETA[0] * *first + (1.0 - BETA[0]) * gradient;
        *second = BETA[1] * *second + (1.0 - BETA[1]) * gradient * gradient;
        *parameter -= RATE * (*first * corrected[0]) / ((*second * corrected[1]).sqrt() + EPSILON);
    }
}

/// A group after `steps` steps, all in memory.
pub(super) fn in_memory(group: usize, steps: usize) -> Vec<f32> {
    let [mut parameters, mut first, mut second, mut pull] = std::array::from_fn(|_| vec![0.0; GROUP]);
    begin(group, &mut parameters);
    for at in 1..=steps {
        gradient(group, at, &parameters, &mut pull);
        step(at, &pull, &mut parameters, &mut first, &mut second);
    }
    parameters
}

/// Between −0.5 and 0.5, by place and step.
fn noise(at: usize, step: usize) -> f32 {
    let mixed = (at as u32).wrapping_mul(0x9e37_79b1) ^ (step as u32).wrapping_mul(0x85eb_ca77);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
    (mixed >> 8) as f32 / 16_777_216.0 - 0.5
}
