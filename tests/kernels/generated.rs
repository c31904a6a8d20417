//! The same kernel as Rust and as its generated C, compiled for the host: the results are the same bits.
//!
//! `STRATAL_CAMPAIGN=1000000` compares as many random values per kernel. `STRATAL_KERNEL_SOURCES=folder` also writes
//! each source there, for `tests/campaign/nvrtc.sh`.

mod program;

use crate::everywhere::{Everywhere, Tensors};
use program::Program;
use stratal::runtime::tensor::{Element, as_bytes};
use stratal::{Call, Result, Shape, Tensor, bf16, f16, kernel};
use stratal_support::dice::Dice;

/// Random values per kernel, unless a campaign asks for more.
const VALUES: usize = 20_000;

fn values() -> usize {
    std::env::var("STRATAL_CAMPAIGN").ok().and_then(|values| values.parse().ok()).unwrap_or(VALUES)
}

type Row<T> = Tensor<T, Shape![_]>;

const EDGES: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1e-45,
    -1e-45,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    2_147_483_648.0,
    -2_147_483_649.0,
    16_777_217.0,
];

/// All pairs of edges, then random bits.
fn pairs(dice: &mut Dice) -> (Vec<f32>, Vec<f32>) {
    let edges = EDGES.iter().flat_map(|a| EDGES.iter().map(move |b| (*a, *b)));
    let random =
        (0..values()).map(|_| (f32::from_bits(dice.roll() as u32), f32::from_bits(dice.roll() as u32)));
    edges.chain(random).unzip()
}

fn row<T: Element>(values: &[T]) -> Result<Row<T>> {
    Row::from_slice([values.len()], values)
}

/// How far apart two floats are, in units of the last place; a NaN is equal to a NaN.
fn distance(a: f32, b: f32) -> u64 {
    if a.is_nan() && b.is_nan() {
        return 0;
    }
    let place = |x: f32| {
        let bits = i64::from(x.to_bits() as i32);
        if bits < 0 { i64::from(i32::MIN) - bits } else { bits }
    };
    place(a).abs_diff(place(b))
}

/// The largest distance between floats of the host's result and of the C's.
fn furthest(host: &[f32], bytes: &[u8]) -> u64 {
    assert_eq!(bytes.len(), host.len() * 4);
    let found = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    host.iter().zip(found).map(|(a, b)| distance(*a, b)).max().unwrap_or(0)
}

#[kernel]
fn arithmetic(
    a: &Tensor<f32, { [N] }>,
    b: &Tensor<f32, { [N] }>,
    k: f32,
) -> (
    Tensor<f32, { [N] }>,
    Tensor<f32, { [N] }>,
    Tensor<i32, { [N] }>,
    Tensor<u64, { [N] }>,
    Tensor<f32, { [N] }>,
) {
    let sums = zip(a, b, |a, b| a * b + k - a / b);
    let chosen = zip(a, b, |a, b| {
        let high = a.max(b);
        let mut low = if a < b && !(b == 0.0) { a.min(b) } else { -b.abs() };
        for step in 0..3 {
            if step != 1 {
                low = low * 0.5 + high.clamp(-4.0, 4.0);
            }
        }
        low % 3.0
    });
    let exact = zip(a, b, |a, b| {
        a.sqrt() + b.floor() - b.ceil() + a.trunc().mul_add(b, a.round()) + b.signum().recip()
    });
    (sums, chosen, a.map(|a| a as i32), b.map(|b| b as u64 ^ (b as i64 as u64)), exact)
}

#[test]
fn arithmetic_is_the_same_bits() -> Result<()> {
    let (a, b) = pairs(&mut Dice::new(6));
    let (a, b) = (row(&a)?, row(&b)?);
    let call = arithmetic(&a, &b, 0.7);
    let Some(program) = Program::build(call.descriptor()) else { return Ok(()) };
    let n = a.num_elements();
    let (sums, chosen, whole, wide, exact) = call.run_everywhere()?;
    let (a, b) = (a.read()?, b.read()?);
    let found = program.run(&[n], &["0.7f"], &[as_bytes(&a), as_bytes(&b)]);
    assert_eq!(furthest(&sums.read()?, &found[0]), 0);
    assert_eq!(furthest(&chosen.read()?, &found[1]), 0);
    assert_eq!(as_bytes(&whole.read()?), found[2]);
    assert_eq!(as_bytes(&wide.read()?), found[3]);
    assert_eq!(furthest(&exact.read()?, &found[4]), 0);
    println!("{n} pairs, 0 differ");
    Ok(())
}

#[kernel]
fn integers(
    a: &Tensor<i32, { [N] }>,
    b: &Tensor<i32, { [N] }>,
) -> (Tensor<i32, { [N] }>, Tensor<u8, { [N] }>, Tensor<f64, { [N] }>) {
    let mixed = zip(a, b, |a, b| {
        ((a + b) * a - (a & b)) ^ ((a >> 3) | (b << (a as u32))) + a.abs().clamp(-9, b.max(-9))
    });
    let divided = zip(a, b, |a, b| {
        let by = if b == 0 { 7 } else { b };
        (a / by + a % by) as u32
    });
    (mixed, divided, zip(a, b, |a, b| (a as i64 * b as i64) as f64 / 3.0))
}

#[test]
fn integers_are_the_same_bits() -> Result<()> {
    let mut dice = Dice::new(7);
    let edges = [
        i32::MIN,
        i32::MIN + 1,
        -7,
        -1,
        0,
        1,
        2,
        31,
        32,
        255,
        256,
        65_535,
        65_536,
        i32::MAX - 1,
        i32::MAX,
        3,
    ];
    let edges = edges.iter().flat_map(|a| edges.iter().map(move |b| (*a, *b)));
    let random = (0..values()).map(|_| (dice.roll() as i32, dice.roll() as i32 >> (dice.roll() % 32)));
    let (a, b): (Vec<i32>, Vec<i32>) = edges.chain(random).unzip();
    let (a, b) = (row(&a)?, row(&b)?);
    let call = integers(&a, &b);
    let Some(program) = Program::build(call.descriptor()) else { return Ok(()) };
    let (mixed, divided, wide) = call.run_everywhere()?;
    let found = program.run(&[a.num_elements()], &[], &[as_bytes(&a.read()?), as_bytes(&b.read()?)]);
    assert_eq!(as_bytes(&mixed.read()?), found[0]);
    assert_eq!(as_bytes(&divided.read()?), found[1]);
    assert_eq!(as_bytes(&wide.read()?), found[2]);
    Ok(())
}

#[kernel]
fn halves(a: &Tensor<f32, { [N] }>) -> (Tensor<f16, { [N] }>, Tensor<bf16, { [N] }>) {
    (a.map(|a| a), a.map(|a| a))
}

#[kernel]
fn widened(
    a: &Tensor<f16, { [N] }>,
    b: &Tensor<bf16, { [N] }>,
) -> (Tensor<f32, { [N] }>, Tensor<f32, { [N] }>) {
    (a.map(|a| a), b.map(|b| b))
}

/// Half floats are rounded and widened as crate `half` does it, NaNs apart.
#[test]
fn halves_are_the_same_bits() -> Result<()> {
    let mut dice = Dice::new(8);
    let (mut floats, _) = pairs(&mut dice);
    // Where half floats lie, and half way between them.
    floats.extend((0..=u16::MAX).map(|bits| f16::from_bits(bits).to_f32()));
    floats.extend((0..=u16::MAX).map(|bits| f16::from_bits(bits).to_f32() * (1.0 + 0.5 / 1024.0)));
    let a = row(&floats)?;
    let call = halves(&a);
    let Some(program) = Program::build(call.descriptor()) else { return Ok(()) };
    let (half, brain) = call.run_everywhere()?;
    let found = program.run(&[a.num_elements()], &[], &[as_bytes(&a.read()?)]);
    let bits = |bytes: &[u8]| -> Vec<u16> {
        bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
    };
    for ((half, brain), (c_half, c_brain)) in
        half.read()?.iter().zip(brain.read()?.iter()).zip(bits(&found[0]).into_iter().zip(bits(&found[1])))
    {
        assert!(
            half.to_bits() == c_half || half.is_nan() && f16::from_bits(c_half).is_nan(),
            "{half} {c_half:x}"
        );
        assert!(brain.to_bits() == c_brain || brain.is_nan() && bf16::from_bits(c_brain).is_nan(), "{brain}");
    }
    let all: Vec<u16> = (0..=u16::MAX).collect();
    let a = row(&all.iter().map(|bits| f16::from_bits(*bits)).collect::<Vec<_>>())?;
    let b = row(&all.iter().map(|bits| bf16::from_bits(*bits)).collect::<Vec<_>>())?;
    let call = widened(&a, &b);
    let Some(program) = Program::build(call.descriptor()) else { return Ok(()) };
    let (wide, broad) = call.run_everywhere()?;
    let found = program.run(&[all.len()], &[], &[as_bytes(&a.read()?), as_bytes(&b.read()?)]);
    assert_eq!((furthest(&wide.read()?, &found[0]), furthest(&broad.read()?, &found[1])), (0, 0));
    Ok(())
}

#[kernel]
fn functions(a: &Tensor<f32, { [N] }>) -> Tensor<f32, { [N, 18] }> {
    from_fn([N, 18], |[i, f]| {
        let x = a[i];
        if f == 0 {
            x.exp()
        } else if f == 1 {
            x.exp2()
        } else if f == 2 {
            x.exp_m1()
        } else if f == 3 {
            x.ln()
        } else if f == 4 {
            x.ln_1p()
        } else if f == 5 {
            x.log2()
        } else if f == 6 {
            x.log10()
        } else if f == 7 {
            x.sin()
        } else if f == 8 {
            x.cos()
        } else if f == 9 {
            x.tan()
        } else if f == 10 {
            x.asin()
        } else if f == 11 {
            x.atan()
        } else if f == 12 {
            x.sinh()
        } else if f == 13 {
            x.tanh()
        } else if f == 14 {
            x.cbrt()
        } else if f == 15 {
            x.powf(1.7)
        } else if f == 16 {
            x.hypot(3.0)
        } else {
            x.atan2(0.3) + x.acos() + x.cosh()
        }
    })
}

/// Functions of the C library are at most 4 units of the last place from those of Rust.
#[test]
fn functions_are_close() -> Result<()> {
    let (mut floats, _) = pairs(&mut Dice::new(9));
    floats.extend((0..2000).map(|i| i as f32 * 0.01 - 10.0));
    let a = row(&floats)?;
    let call = functions(&a);
    let Some(program) = Program::build(call.descriptor()) else { return Ok(()) };
    let host = call.run_everywhere()?;
    let found = program.run(&[a.num_elements()], &[], &[as_bytes(&a.read()?)]);
    let furthest = furthest(&host.read()?, &found[0]);
    println!("functions are at most {furthest} units of the last place apart");
    assert!(furthest <= 4);
    Ok(())
}

/// Compares a kernel of matrices of `f32` whose first parameter has the sizes `[N, M]`.
fn compare<K>(
    call: Call<K>,
    sizes: &[usize],
    scalars: &[&str],
    inputs: &[&[u8]],
    results: impl Fn(K::Output) -> Result<Vec<Vec<f32>>>,
) -> Result<()>
where
    K: stratal::runtime::kernel::Kernel,
    K::Output: Tensors,
{
    let descriptor = call.descriptor();
    let Some(program) = Program::build(descriptor) else { return Ok(()) };
    let host = results(call.run_everywhere()?)?;
    let found = program.run(sizes, scalars, inputs);
    assert_eq!(host.len(), found.len());
    for (host, found) in host.iter().zip(&found) {
        assert_eq!(furthest(host, found), 0, "{} {sizes:?}", descriptor.name);
    }
    Ok(())
}

#[kernel]
fn folded(
    x: &Tensor<f32, { [N, M] }>,
    out: &mut Tensor<f32, { [N, M] }>,
) -> (Tensor<f32, { [N, M] }>, Tensor<f32, { [M] }>, Tensor<f32, { [] }>) {
    let high = x.max(M);
    let powers = zip(x, high, |x, high| (x - high) * 0.5 + 2.0);
    let soft = zip(powers, powers.sum(M), |power, sum| power / sum);
    out.assign(zip(out, x.transpose().sum(0), |o, s| o - s));
    for [i, j] in out.dims() {
        out[[i, j]] += x[[i, 0]] * j as f32;
    }
    (soft, x.mean(N), x.product(1).min(0))
}

#[kernel]
fn trained(
    data: &Tensor<f32, { [N, D] }>,
    weights: &Tensor<f32, { [D, C] }>,
    targets: &Tensor<u32, { [N] }>,
) -> (Tensor<f32, { [D, C] }>, Tensor<f32, { [] }>) {
    let logits = matmul(data, weights);
    let high = logits.max(C);
    let sums = zip(logits, high, |logit, high| (logit - high).exp()).sum(C);
    let errors = from_fn([N, C], |[n, c]| {
        let hit = if targets[n] == c as u32 { 1.0 } else { 0.0 };
        ((logits[[n, c]] - high[n]).exp() / sums[n] - hit) / N as f32
    });
    let losses = from_fn([N], |[n]| sums[n].ln() + high[n] - logits[[n, targets[n] as usize]]);
    (matmul(data.transpose(), errors), losses.mean(N))
}

#[test]
fn whole_kernels_are_the_same_bits() -> Result<()> {
    for [n, m] in [[1, 1], [3, 33], [17, 100], [40, 31]] {
        let x = Tensor::<f32, Shape![_, _]>::from_fn([n, m], |[i, j]| {
            ((i * 37 + j * 11) % 23) as f32 * 0.3 - 2.0
        })?;
        let mut out = Tensor::<f32, Shape![_, _]>::from_fn([n, m], |[i, j]| (i + j) as f32 * 0.1)?;
        let before = [x.read()?.to_vec(), out.read()?.to_vec()];
        let written = out.share();
        compare(
            folded(&x, &mut out),
            &[n, m],
            &[],
            &[as_bytes(&before[0]), as_bytes(&before[1])],
            |(a, b, c)| {
                Ok(vec![written.read()?.to_vec(), a.read()?.to_vec(), b.read()?.to_vec(), c.read()?.to_vec()])
            },
        )?;
    }
    let [n, d, c] = [21, 34, 18];
    let data =
        Tensor::<f32, Shape![_, _]>::from_fn([n, d], |[i, j]| ((i * 3 + j * 5) % 7) as f32 * 0.2 - 0.5)?;
    let weights =
        Tensor::<f32, Shape![_, _]>::from_fn([d, c], |[i, j]| ((i * 5 + j) % 9) as f32 * 0.1 - 0.4)?;
    let targets = Row::<u32>::from_fn([n], |[i]| (i * 5 % c) as u32)?;
    let inputs = [data.read()?.to_vec(), weights.read()?.to_vec()];
    let places = targets.read()?.to_vec();
    let bytes = [as_bytes(&inputs[0]), as_bytes(&inputs[1]), as_bytes(&places)];
    compare(trained(&data, &weights, &targets), &[n, d, c], &[], &bytes, |(gradients, loss)| {
        Ok(vec![gradients.read()?.to_vec(), loss.read()?.to_vec()])
    })
}
