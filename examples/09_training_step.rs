//! A training step as one kernel, where its tensors are: on a simulated device, which every machine has, and on an NVIDIA
//! device where there is one and the feature `cuda` is on.
//!
//! `cargo run --release --example 09_training_step`

use stratal::{Device, ErrorKind, Launch, OnDevice, Result, Shape, Tensor, kernel};

const SAMPLES: usize = 256;
const FEATURES: usize = 16;
const CLASSES: usize = 4;

/// A linear classifier: the gradients of its weights, and the mean of the cross entropy. The product of matrices, the
/// softmax and the loss are stages on one stream; nothing comes back to the host in between.
#[kernel]
fn step(
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

/// The weights go down the slope, in place.
#[kernel]
fn descend(weights: &mut Tensor<f32, { [D, C] }>, gradients: &Tensor<f32, { [D, C] }>, rate: f32) {
    weights.assign(zip(weights, gradients, |weight, gradient| weight - rate * gradient));
}

/// Trains on a device; gives the losses of the first step and of the last.
fn train(device: Device) -> Result<(f32, f32)> {
    let class = |n: usize| n % CLASSES;
    let data = Tensor::<f32, Shape![{ SAMPLES }, { FEATURES }]>::from_fn([SAMPLES, FEATURES], |[n, d]| {
        let noise = ((n * 37 + d * 101) % 17) as f32 / 17.0 - 0.5;
        noise + if d % CLASSES == class(n) { 1.0 } else { 0.0 }
    })?;
    let data = data.to_device(device)?;
    let targets =
        Tensor::<u32, Shape![{ SAMPLES }]>::from_fn([SAMPLES], |[n]| class(n) as u32)?.to_device(device)?;
    let mut weights =
        Tensor::<f32, Shape![{ FEATURES }, { CLASSES }]>::zeros_on(device, [FEATURES, CLASSES])?;
    let mut losses = Vec::new();
    for _ in 0..40 {
        let (gradients, loss) = step(&data, &weights, &targets).launch()?;
        descend(&mut weights, &gradients, 2.0).launch()?;
        losses.push(loss.read()?[0]);
    }
    Ok((losses[0], losses[losses.len() - 1]))
}

fn main() -> Result<()> {
    let host = train(Device::Cpu)?;
    println!("cpu: loss {:.4} -> {:.4}", host.0, host.1);
    assert!((host.0 - (CLASSES as f32).ln()).abs() < 1e-5 && host.1 < 0.2);
    let sim = train(Device::Sim(0))?;
    assert_eq!(sim, host, "the same bits");
    match train(Device::Cuda(0)) {
        Ok(cuda) => {
            println!("cuda:0: loss {:.4} -> {:.4}", cuda.0, cuda.1);
            assert!((cuda.1 - host.1).abs() < 1e-4);
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => println!("no NVIDIA device: {error}"),
        Err(error) => return Err(error),
    }
    Ok(())
}
