//! Experts behind a random router: the shared layers are kept, the experts come and go by what is popular.
//!
//! `cargo run --example 08_moe_experts`

use stratal::{Advice, Dyn, Engine, Policy, Result, Tensor, TierKind};

const EXPERTS: usize = 32;
const STEPS: usize = 400;

/// A tensor of 256 KiB.
fn weight(engine: &Engine, name: &str, value: f32) -> Result<Tensor<f32, (Dyn,)>> {
    let tensor = engine.zeros::<f32, (Dyn,)>(name, [1 << 16])?;
    tensor.write()?.as_mut_slice().fill(value);
    Ok(tensor)
}

fn main() -> Result<()> {
    let policy = Policy::builder().tier("dram", TierKind::Dram, "4 MiB").build()?; // half of the experts
    let engine = Engine::builder().policy(policy).build()?;
    let router = weight(&engine, "router", 1.0)?;
    router.advise(Advice::Resident(true))?; // used at every step: never a victim
    let experts = (0..EXPERTS)
        .map(|i| weight(&engine, &format!("expert.{i}"), i as f32))
        .collect::<Result<Vec<_>>>()?;

    let before = engine.counters();
    let mut state = 1_u64;
    for _ in 0..STEPS {
        assert_eq!(router.read()?[0], 1.0);
        // Two experts, the low numbers the popular ones.
        for _ in 0..2 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let draw = (state >> 40) as f64 / (1 << 24) as f64;
            let expert = (draw * draw * draw * EXPERTS as f64) as usize;
            assert_eq!(experts[expert].read()?[65_535], expert as f32);
        }
    }
    let after = engine.counters();
    let (hits, leases) = (after.hits - before.hits, after.leases - before.leases);
    println!("{hits} of {leases} leases found their bytes in memory, which holds half of them");
    assert!(hits * 10 >= leases * 7, "what is popular stays");
    Ok(())
}
