//! A model of 24 MiB runs under a budget of 8: weights stream from the checkpoint, layer by layer.
//!
//! `cargo run --example 03_params_under_a_budget`

use stratal::{
    Checkpoint, DType, Engine, Params, Policy, Result, Shape, Tensor, TensorSpec, TierKind, Writer,
};

const MIB: u64 = 1 << 20;

#[derive(Params)]
struct Layer {
    weight: Tensor<f32, Shape![512, 512]>,
}

#[derive(Params)]
struct Model {
    layer: Vec<Layer>,
    /// Read where the checkpoint has it.
    bias: Option<Tensor<f32, Shape![512]>>,
}

/// Not what the checkpoint holds.
#[derive(Params)]
struct Other {
    #[allow(dead_code, reason = "it is never loaded")]
    head: Layer,
}

/// One traversal of the weights: the sum of all elements.
fn pass(model: &Model) -> Result<f64> {
    let mut sum = 0.0;
    for layer in &model.layer {
        let weight = layer.weight.read()?; // fetched if absent, held still while it is used
        sum += weight.iter().map(|x| f64::from(*x)).sum::<f64>();
    } // dropped: it may be evicted, which costs nothing, because the checkpoint holds it
    Ok(sum)
}

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("model.safetensors");
    write_checkpoint(&file)?;

    let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let model = Model::load(&engine, &Checkpoint::open(&file)?)?;
    assert!(model.bias.is_none());
    assert_eq!(engine.counters().bytes_read, 0, "loading reads names and shapes only");

    // The first passes are recorded; from then on the engine knows what comes and keeps what is best kept.
    let sums: Vec<f64> = (0..4).map(|_| pass(&model)).collect::<Result<_>>()?;
    assert_eq!(sums, [f64::from(24 * 23 / 2) * 512.0 * 512.0; 4]);

    let read = engine.counters().bytes_read;
    println!("read {} MiB in four passes of 24 MiB under a budget of 8 MiB", read / MIB);
    assert!(read < 4 * 24 * MIB, "nothing was kept from one pass to the next");

    // Whatever differs is said at once, in one error.
    let error = Other::load(&engine, &Checkpoint::open(&file)?).err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("head.weight") && error.contains("layer.0.weight")));
    Ok(())
}

/// 24 layers of 1 MiB; layer `n` holds the number `n`.
fn write_checkpoint(file: &std::path::Path) -> Result<()> {
    let spec = |n| TensorSpec::new(format!("layer.{n}.weight"), DType::F32, [512, 512]);
    let mut writer = Writer::create(file, &(0..24).map(spec).collect::<Vec<_>>(), &[])?;
    for n in 0..24_u8 {
        writer.tensor(&format!("layer.{n}.weight"), &f32::from(n).to_le_bytes().repeat(512 * 512))?;
    }
    writer.finish()
}
