//! A paged KV cache: 96 blocks under a budget of 32, and a scheduler that says when each block is used next.
//!
//! `cargo run --example 07_kv_blocks`

use stratal::{Advice, Dyn, Engine, Policy, Result, Tensor, TierKind};

/// Bytes of a block: the keys and values of some tokens.
const BLOCK: usize = 128 << 10;
const BLOCKS: usize = 96;
const STEPS: usize = 600;

/// Which block each step attends to: sequences take turns, a few shared prefixes are everybody's.
fn requests() -> Vec<usize> {
    let mut state = 7_u64;
    let mut roll = move |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    (0..STEPS).map(|step| if step % 3 == 0 { roll(8) } else { 8 + roll(BLOCKS - 8) }).collect()
}

/// Hits of all steps, with hints or without.
fn serve(hinted: bool) -> Result<u64> {
    let policy = Policy::builder().tier("dram", TierKind::Dram, "4 MiB").build()?;
    let engine = Engine::builder().policy(policy).build()?;
    let make = |i| {
        let block = engine.zeros::<f32, (Dyn,)>(&format!("block.{i}"), [BLOCK / 4])?;
        block.write()?.as_mut_slice().fill(i as f32);
        block.advise(Advice::WillNotNeed)?; // until a step says otherwise
        Ok(block)
    };
    let blocks = (0..BLOCKS).map(make).collect::<Result<Vec<Tensor<f32, (Dyn,)>>>>()?;
    let requests = requests();
    let before = engine.counters().hits;
    for (step, &block) in requests.iter().enumerate() {
        let lease = blocks[block].read()?;
        assert!(lease.iter().all(|&value| value == block as f32));
        if hinted {
            let next = requests[step + 1..].iter().position(|&other| other == block);
            let advice = next.map_or(Advice::WillNotNeed, |steps| Advice::NextUse(steps as u64 + 1));
            blocks[block].advise(advice)?;
        }
    }
    Ok(engine.counters().hits - before)
}

fn main() -> Result<()> {
    let (plain, hinted) = (serve(false)?, serve(true)?);
    println!("hits of {STEPS} steps: {plain} by what was used, {hinted} by what will be");
    assert!(hinted > plain, "the scheduler knows more than the past tells");
    Ok(())
}
