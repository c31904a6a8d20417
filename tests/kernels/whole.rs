//! Kernels as models have them, against loops by hand.

use crate::everywhere::Everywhere;
use stratal::{Result, Shape, Tensor, kernel};

#[kernel]
fn softmax(x: &Tensor<f32, { [N, M] }>) -> Tensor<f32, { [N, M] }> {
    let high = x.max(M);
    let powers = zip(x, high, |x, high| (x - high).exp());
    zip(powers, powers.sum(M), |power, sum| power / sum)
}

#[kernel]
fn rms_norm(
    x: &Tensor<f32, { [N, D] }>,
    weight: &Tensor<f32, { [D] }>,
    epsilon: f32,
) -> Tensor<f32, { [N, D] }> {
    let scale = x.map(|x| x * x).mean(D).map(|square| (square + epsilon).sqrt().recip());
    zip(x, scale, weight, |x, scale, weight| x * scale * weight)
}

#[test]
fn rows_are_normalised() -> Result<()> {
    for size in [[1, 1], [3, 31], [4, 64], [7, 1000]] {
        let x = Tensor::<f32, Shape![_, _]>::from_fn(size, |[i, j]| ((i * 7 + j * 3) % 17) as f32 * 0.3)?;
        let weight = Tensor::<f32, Shape![_]>::from_fn([size[1]], |[j]| 1.0 + j as f32 * 0.01)?;
        let (soft, normed) = (softmax(&x).run_everywhere()?, rms_norm(&x, &weight, 1e-5).run()?);
        let (x, soft, normed) = (x.read()?, soft.read()?, normed.read()?);
        for (i, row) in x.view().rows().enumerate() {
            let high = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = row.iter().map(|x| f64::from(x - high).exp()).sum();
            let square = row.iter().map(|x| f64::from(x * x)).sum::<f64>() / size[1] as f64;
            for (j, x) in row.iter().enumerate() {
                let expected = f64::from(x - high).exp() / sum;
                assert!((f64::from(soft.view()[[i, j]]) - expected).abs() < 1e-6);
                let expected = f64::from(*x) / (square + 1e-5).sqrt() * (1.0 + j as f64 * 0.01);
                assert!((f64::from(normed.view()[[i, j]]) - expected).abs() < 1e-4);
            }
        }
    }
    Ok(())
}

/// One step of training a linear classifier: gradients of the weights, and the mean of the cross entropy.
#[kernel]
fn train(
    data: &Tensor<f32, { [N, D] }>,
    weights: &Tensor<f32, { [D, C] }>,
    targets: &Tensor<u32, { [N] }>,
) -> (Tensor<f32, { [D, C] }>, Tensor<f32, { [] }>) {
    let logits = matmul(data, weights);
    let high = logits.max(C);
    let powers = zip(logits, high, |logit, high| (logit - high).exp());
    let sums = powers.sum(C);
    let shares = zip(powers, sums, |power, sum| power / sum);
    let errors = from_fn([N, C], |[n, c]| {
        let hit = if targets[n] == c as u32 { 1.0 } else { 0.0 };
        (shares[[n, c]] - hit) / N as f32
    });
    let losses = from_fn([N], |[n]| sums[n].ln() + high[n] - logits[[n, targets[n] as usize]]);
    (matmul(data.transpose(), errors), losses.mean(N))
}

#[test]
fn a_training_step_has_the_gradient_of_its_loss() -> Result<()> {
    let [n, d, c] = [6, 5, 4];
    let data =
        Tensor::<f32, Shape![_, _]>::from_fn([n, d], |[i, j]| ((i * 3 + j * 5) % 7) as f32 * 0.2 - 0.5)?;
    let weights =
        Tensor::<f32, Shape![_, _]>::from_fn([d, c], |[i, j]| ((i * 5 + j) % 9) as f32 * 0.1 - 0.4)?;
    let targets = Tensor::<u32, Shape![_]>::from_fn([n], |[i]| (i * 3 % 4) as u32)?;
    let (gradients, loss) = train(&data, &weights, &targets).run_everywhere()?;
    let loss_at = |weights: &[f32]| -> Result<f64> {
        let data = data.read()?;
        let mut total = 0.0;
        for (i, row) in data.view().rows().enumerate() {
            let logits: Vec<f64> = (0..c)
                .map(|k| {
                    row.iter().enumerate().map(|(j, x)| f64::from(*x) * f64::from(weights[j * c + k])).sum()
                })
                .collect();
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            total += sum.ln() - logits[i * 3 % 4];
        }
        Ok(total / n as f64)
    };
    let start = weights.read()?.to_vec();
    assert!((loss_at(&start)? - f64::from(loss.read()?[0])).abs() < 1e-6);
    for (at, gradient) in gradients.read()?.iter().enumerate() {
        let (mut above, mut below) = (start.clone(), start.clone());
        above[at] += 1e-2;
        below[at] -= 1e-2;
        let slope = (loss_at(&above)? - loss_at(&below)?) / 2e-2;
        assert!((slope - f64::from(*gradient)).abs() < 1e-4, "{at}: {slope} {gradient}");
    }
    Ok(())
}
