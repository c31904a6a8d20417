//! Suite `store`: tensors of four times the budget, written and read again twice, stored by a codec beside stored as they
//! are; and what a checksum costs beside reading the same memory.
//!
//! Data that compresses are `f32` numbers of `bf16` precision, twice as small without loss; data that does not are random
//! bits. The time is that of the program, filling its tensors included.

use super::{Scale, Suite, no_child};
use crate::contest::{Contender, Contest, Metric, Part};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;
use stratal::tiering::store::checksum::Checksum;
use stratal::tiering::store::{Index, Place, Stored, StoredChunk, Written};
use stratal::{Codec, Dyn, Engine, Policy, Result, Tensor, TierKind};

pub(crate) const SUITE: Suite = Suite {
    name: "store",
    about: "spilling by a codec against spilling raw, and what a checksum costs",
    contests,
    child: no_child,
};

/// Bytes of one tensor.
const TENSOR_BYTES: usize = 8 << 20;

/// Point, bits of each number that are random, codec, encryption, and most of raw's time.
const POINTS: [(&str, u32, Codec, bool, Option<f64>); 4] = [
    ("halves lossless", 0xffff_0000, Codec::Lossless, false, Some(1.0 / 1.3)),
    ("noise lossless", 0xffff_ffff, Codec::Lossless, false, Some(1.0 / 0.98)),
    ("halves int8", 0xffff_0000, Codec::Int8, false, None),
    ("noise encrypted", 0xffff_ffff, Codec::Raw, true, None),
];

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let folder = &Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(folder)?;
    let budget = if scale.quick { 32 << 20 } else { 192 << 20 };
    let mut contests: Vec<_> = POINTS.iter().map(|point| spilling(point, budget, folder)).collect();
    contests.push(checksum());
    contests.push(reopen(if scale.quick { 100_000 } else { 1_000_000 }, folder)?);
    Ok(contests)
}

fn spilling(
    &(point, mask, codec, encrypt, goal): &(&'static str, u32, Codec, bool, Option<f64>),
    budget: u64,
    folder: &Path,
) -> Contest {
    let contender = |name, part, codec, encrypt| {
        let folder: PathBuf = folder.to_path_buf();
        let run = move || Ok(vec![spill(&folder, budget, mask, codec, encrypt)?]);
        Contender { name, part, run: Box::new(run) }
    };
    let ours = if encrypt { "encrypted" } else { "encoded" };
    Contest {
        suite: SUITE.name,
        point: point.to_owned(),
        metrics: vec![Metric { name: "", unit: "s/GiB", goal }],
        contenders: vec![
            contender(ours, Part::Ours, codec, encrypt),
            contender("raw", Part::Rival, Codec::Raw, false),
        ],
    }
}

/// Seconds per GiB written, read and read again.
fn spill(folder: &Path, budget: u64, mask: u32, codec: Codec, encrypt: bool) -> Result<f64> {
    let policy =
        Policy::builder().tier("dram", TierKind::Dram, budget).spill_directory(folder).encrypt(encrypt);
    let engine = Engine::builder().policy(policy.build()?).build()?;
    let count = 4 * budget as usize / TENSOR_BYTES;
    let numbers = numbers(mask);
    let tensors = (0..count).map(|i| engine.zeros::<f32, (Dyn,)>(&format!("state.{i}"), [TENSOR_BYTES / 4]));
    let tensors = tensors.collect::<Result<Vec<Tensor<f32, (Dyn,)>>>>()?;
    let start = Instant::now();
    for tensor in &tensors {
        engine.set_codec(tensor.as_any(), codec)?;
        tensor.write()?.as_mut_slice().copy_from_slice(&numbers);
    }
    for tensor in tensors.iter().chain(&tensors) {
        black_box(tensor.read()?[0]);
    }
    let bytes = 3 * count * TENSOR_BYTES;
    Ok(start.elapsed().as_secs_f64() * (1_u64 << 30) as f64 / bytes as f64)
}

/// Finite numbers between one half and two, with the bits of `mask` random.
fn numbers(mask: u32) -> Vec<f32> {
    let mut state = 1_u64;
    let number = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from_bits(((state >> 32) as u32 & 0x80ff_ffff | 0x3f00_0000) & mask)
    };
    (0..TENSOR_BYTES / 4).map(number).collect()
}

/// A store of `count` tensors, opened by an engine until the first tensor is there to be leased; a second for a million.
fn reopen(count: u64, folder: &Path) -> Result<Contest> {
    const BATCH: u64 = 10_000;
    let (index, data) = (folder.join("reopen.index"), folder.join("reopen.0.data"));
    // Left from an earlier run, if there.
    let _ = std::fs::remove_file(&index);
    let mut made = Index::open(&index, 1)?;
    let tensor = |number: u64| {
        let written = Written { bytes: 4096, checksum: Checksum::of(&[0; 4096]), ..Written::default() };
        let place = Some(Place { disk: 0, offset: number * 4096, len: 4096 });
        let chunks = vec![StoredChunk { place, written }];
        Stored { name: format!("kv.{number}").into(), dtype: "f32".into(), shape: vec![1024], chunks }
    };
    for batch in 0..count / BATCH {
        made.put((batch * BATCH..(batch + 1) * BATCH).map(tensor).collect())?;
    }
    std::fs::File::create(&data)?.set_len(count * 4096)?;
    let folder = folder.to_path_buf();
    let ours = move || {
        let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").spill_directory(&folder);
        let policy = policy.spill_store("reopen").build()?;
        let start = Instant::now();
        let engine = Engine::builder().policy(policy).build()?;
        black_box(engine.open_tensor::<f32, (Dyn,)>("kv.77")?);
        Ok(vec![start.elapsed().as_secs_f64()])
    };
    let goal = count as f64 / 1e6;
    Ok(Contest {
        suite: SUITE.name,
        point: format!("reopen {count}"),
        metrics: vec![Metric { name: "", unit: "s", goal: Some(1.0) }],
        contenders: vec![
            Contender { name: "reopen", part: Part::Ours, run: Box::new(ours) },
            Contender { name: "1 s a million", part: Part::Goal, run: Box::new(move || Ok(vec![goal])) },
        ],
    })
}

fn checksum() -> Contest {
    let bytes = vec![7_u8; 64 << 20];
    let others = bytes.clone();
    let per_gib = move |len: usize, start: Instant| {
        vec![start.elapsed().as_secs_f64() * (1_u64 << 30) as f64 / len as f64]
    };
    let ours = move || {
        let start = Instant::now();
        bytes.chunks(2 << 20).for_each(|chunk| assert_ne!(black_box(Checksum::of(chunk)).bits(), 0));
        Ok(per_gib(bytes.len(), start))
    };
    let rival = move || {
        let start = Instant::now();
        let words = others.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        black_box(words.fold(0_u64, u64::wrapping_add));
        Ok(per_gib(others.len(), start))
    };
    Contest {
        suite: SUITE.name,
        point: "checksum".to_owned(),
        metrics: vec![Metric { name: "", unit: "s/GiB", goal: None }],
        contenders: vec![
            Contender { name: "CRC-32C", part: Part::Ours, run: Box::new(ours) },
            Contender { name: "sum of words", part: Part::Rival, run: Box::new(rival) },
        ],
    }
}
