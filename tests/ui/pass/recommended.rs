//! The recommended way to write a model, as one: names of dimensions, every option of the derive, tensors and views.
#![deny(warnings, missing_docs, unsafe_code)]

use stratal::{C, Checkpoint, Dim, Engine, Params, Pool, Result, Shape, Tensor, Tied, bf16, dims, kernel};

dims! {
    /// Sequences computed together.
    pub Batch,
    /// Positions of a sequence.
    pub Seq,
}

/// Plain generics, no magic type syntax.
#[derive(Params)]
#[params(rename_all = "snake_case")]
struct Linear<I: Dim, O: Dim> {
    weight: Tensor<bf16, Shape![O, I]>,
    #[param(optional)]
    bias: Option<Tensor<bf16, Shape![O]>>,
}

#[derive(Params)]
struct Block<D: Dim> {
    up: Linear<D, C<64>>,
    down: Linear<C<64>, D>,
}

/// Not loaded.
#[derive(Default)]
struct KvCache(Vec<u8>);

/// Sizes are checked with the numbers, in `cargo check` where they are concrete.
#[derive(Params)]
#[params(prefix = "model", require(H * HD == D))]
struct Gpt<const V: usize, const D: usize, const H: usize, const HD: usize> {
    #[param(name = "embed_tokens.weight", tier = "host")]
    embed: Tensor<bf16, Shape![{ V }, { D }]>,
    #[param(each = "layers.{i}", len = 32)]
    layers: Vec<Block<C<D>>>,
    #[param(tied = embed)]
    head: Tied<Tensor<bf16, Shape![{ V }, { D }]>>,
    #[param(skip)]
    cache: KvCache,
}

/// A kernel of a file, with everything said about it.
#[kernel(
    file = "tests/ui/native/step.cu",
    entry = "step",
    arguments = [data, weights, return, lr, N as i32, N * (D + 2).div_ceil(16)],
    threads = [C, N],
    block = [32, 8],
    shared = 4 * D,
)]
pub fn stepped(data: &Tensor<f32, Shape![N, D]>, weights: &Tensor<f32, (D, C)>, lr: f32)
-> Tensor<f32, { [N, C] }>;

/// A kernel of a file that says nothing but where it is.
#[kernel(file = "tests/ui/native/step.cu")]
pub fn sized(x: &Tensor<stratal::f16, { [N] }>) -> Tensor<f32, { [N] }>;

/// A kernel, with shapes written every way there is.
#[kernel]
fn step(
    data: &Tensor<bf16, Shape![N, D]>,
    weights: &Tensor<f32, (D, C)>,
    out: &mut Tensor<f32, { [N, C] }>,
    lr: f32,
) -> Tensor<f32, { [N] }> {
    let logits = matmul(data, weights);
    out.assign(zip(out, logits, |o, l| o - lr * l));
    logits.max(C)
}

/// One step, whose result is known to have a row for each sequence.
///
/// # Errors
/// Sizes that differ.
pub fn advance(
    data: &Tensor<bf16, Shape![Batch, 768]>,
    weights: &Tensor<f32, Shape![768, 10]>,
    out: &mut Tensor<f32, Shape![_, _]>,
) -> Result<Tensor<f32, Shape![Batch]>> {
    step(data, weights, out, 1e-3).run()
}

/// One report of every problem.
///
/// # Errors
/// That report.
pub fn run(engine: &Engine, pool: &Pool) -> Result<usize> {
    let model: Gpt<32000, 4096, 32, 128> = Gpt::load(engine, &Checkpoint::open("m.safetensors")?)?;
    let weights = model.layers.iter().map(|block| block.up.weight.num_bytes() + block.down.weight.num_bytes());
    let biased = model.layers.iter().filter(|block| block.up.bias.is_some() && block.down.bias.is_some());
    let (bytes, biased) = (weights.sum::<usize>(), biased.count());

    let t = Tensor::<f32, Shape![1000, 1000]>::zeros([1000, 1000])?;
    let p = pool.allocate_tensor::<f32, Shape![1000, 1000]>()?;
    let d = t.view::<Shape![_, 1000]>();
    let b = d.bind::<Shape![Batch, 1000]>()?; // static -> dyn -> named
    let scores = Tensor::<f32, Shape![Batch, Seq]>::zeros([4, 8])?;
    let rest = p.num_bytes() + b.num_bytes() + scores.num_bytes() + model.embed.num_bytes() + model.head.num_bytes();
    Ok(bytes + biased + rest + model.cache.0.len())
}
