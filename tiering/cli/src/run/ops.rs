//! The small steps between products: normalisation, gate, greedy choice. All in f32, in one fixed order.

/// `target = source / rms(source) * weight`.
pub(crate) fn rms_norm(source: &[f32], weight: &[f32], epsilon: f32, target: &mut [f32]) {
    let mean = source.iter().map(|value| value * value).sum::<f32>() / source.len() as f32;
    let scale = 1.0 / (mean + epsilon).sqrt();
    for ((to, from), weight) in target.iter_mut().zip(source).zip(weight) {
        *to = from * scale * weight;
    }
}

/// `gate = silu(gate) * up`, the middle of a SwiGLU.
pub(crate) fn swiglu(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + (-*gate).exp()) * up;
    }
}

/// Index of the largest value, the first of equals; 0 if there is none.
pub(crate) fn argmax(values: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &value) in values.iter().enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best.0
}

/// Turns scores into weights that sum to 1.
pub(crate) fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// Lanes of a sum of products: enough that additions do not wait for each other.
const LANES: usize = 32;

/// Sum of products, in lanes so that it vectorises, added up in one fixed order.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
