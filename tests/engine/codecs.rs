//! Promise: however the store keeps bytes, they come back: bit for bit, or within the bound that the tensor's owner chose;
//! what does not pay is left alone, what repeats costs no I/O, and an encrypted store shows nothing.

use crate::checksums::spill_file;
use crate::spill::{MIB, Vector};
use crate::world::directory;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;
use stratal::tiering::io::sim::{Faults, Sim};
use stratal::tiering::policy::PolicyBuilder;
use stratal::{Codec, Dyn, Engine, ErrorKind, Policy, Tensor, TierKind};

type Numbers = Tensor<f32, (Dyn,)>;

/// Numbers of each tensor: 3 MiB, so two chunks, the second one short.
const LEN: usize = 3 * MIB / 4;

fn words(dir: &Path, budget: &str) -> PolicyBuilder {
    Policy::builder().tier("dram", TierKind::Dram, budget).spill_directory(dir).deadline("10 s")
}

fn build(words: PolicyBuilder) -> Engine {
    Engine::builder().policy(words.build().unwrap()).build().unwrap()
}

fn tensors(engine: &Engine, count: usize) -> Vec<Numbers> {
    (0..count).map(|i| engine.zeros(&format!("state.{i}"), [LEN]).unwrap()).collect()
}

/// As weights in training are: every bit of the mantissa random, magnitudes alike.
fn noisy(i: usize, at: usize) -> f32 {
    let mixed = ((at + i * LEN) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 31) as u32 as f32 / u32::MAX as f32 * 0.1 - 0.05
}

/// As moments kept at half precision are: the low half of each number is zero.
fn smooth(i: usize, at: usize) -> f32 {
    f32::from_bits(noisy(i, at).to_bits() & 0xffff_0000)
}

fn write(tensor: &Numbers, value: impl Fn(usize) -> f32) {
    let mut lease = tensor.write().unwrap();
    lease.as_mut_slice().iter_mut().enumerate().for_each(|(at, number)| *number = value(at));
}

fn check(tensor: &Numbers, value: impl Fn(usize) -> f32) {
    let lease = tensor.read().unwrap();
    let wrong = lease.iter().enumerate().find(|(at, number)| number.to_bits() != value(*at).to_bits());
    assert_eq!(wrong, None, "{}", tensor.name());
}

/// What compresses is written smaller, and comes back bit for bit, within the budget. The disk is a slow one: there
/// encoding pays, however fast the machine's own is.
#[test]
fn lossless_chunks_are_smaller_and_exact() {
    let dir = directory();
    let slow = Faults { latency: Duration::from_millis(40), ..Faults::none(0) };
    let policy = words(dir.path(), "16 MiB").codec(Codec::Lossless).build().unwrap();
    let engine = Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, slow)?)));
    let engine = engine.build().unwrap();
    let tensors = tensors(&engine, 12);
    for round in 0..2 {
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, |at| smooth(i + round, at)));
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, |at| smooth(i + round, at)));
    }
    let report = engine.report();
    let counters = report.counters;
    assert!(
        counters.bytes_encoded > 20 << 20 && counters.bytes_saved * 2 > counters.bytes_encoded,
        "{report}"
    );
    assert!(report.peak_bytes <= 16 << 20, "{report}");
    assert!(report.spilled_bytes * 3 < counters.bytes_encoded * 2, "{report}");
}

/// What does not compress is written as it is, and seldom tried.
#[test]
fn what_does_not_compress_is_left_alone() {
    let dir = directory();
    let engine = build(words(dir.path(), "16 MiB").codec(Codec::Lossless));
    let noise = |i: usize, at: usize| {
        f32::from_bits((noisy(i, at).to_bits().wrapping_mul(0x9e37_79b1)) & 0xbfff_ffff)
    };
    let tensors = tensors(&engine, 12);
    for round in 0..2 {
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, |at| noise(i + round, at)));
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, |at| noise(i + round, at)));
    }
    let counters = engine.counters();
    assert!(counters.spills > 12 && counters.bytes_saved == 0, "{counters}");
}

/// Chunks of one value are written and read without a byte, whatever the codec; a single other number ends that.
#[test]
fn constant_chunks_cost_no_io() {
    let dir = directory();
    for codec in [Codec::Raw, Codec::Lossless] {
        let engine = build(words(dir.path(), "16 MiB").codec(codec));
        let tensors = tensors(&engine, 12);
        for round in 1..3 {
            tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, |_| (i * round) as f32));
            tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, |_| (i * round) as f32));
        }
        let report = engine.report();
        let counters = &report.counters;
        assert!(counters.spills_constant > 12 && counters.spills == counters.spills_constant, "{report}");
        assert_eq!(
            (counters.bytes_written, counters.bytes_read, report.spilled_bytes),
            (0, 0, 0),
            "{report}"
        );
        let odd = |at| if at == 0 || at == LEN - 1 { 1.0 } else { 0.0 };
        tensors.iter().for_each(|tensor| write(tensor, odd));
        tensors.iter().for_each(|tensor| check(tensor, odd));
        assert!(engine.counters().bytes_written > 0);
    }
}

/// A tensor whose owner asked is kept within its bound, at half or a quarter of the bytes; its neighbour stays exact.
#[test]
fn a_lossy_tensor_keeps_its_bound_and_its_neighbours_their_bits() {
    let dir = directory();
    for (codec, bytes_of_four, bound) in
        [(Codec::Bf16, 2.0, 1.0 / 256.0), (Codec::F16, 2.0, 1.0 / 2048.0), (Codec::Int8, 1.07, 0.0)]
    {
        let engine = build(words(dir.path(), "16 MiB"));
        let tensors = tensors(&engine, 10);
        tensors[..9].iter().for_each(|tensor| engine.set_codec(tensor.as_any(), codec).unwrap());
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, |at| noisy(i, at)));
        let mut changed = 0;
        for (i, tensor) in tensors[..9].iter().enumerate() {
            for (at, found) in tensor.read().unwrap().iter().enumerate() {
                let (number, allowed) = (noisy(i, at), 0.05 / 253.0);
                let allowed = if bound == 0.0 { allowed } else { number.abs() * bound + 1e-7 };
                assert!((number - found).abs() <= allowed, "{codec}: {number} came back as {found}");
                changed += usize::from(number != *found);
            }
        }
        check(&tensors[9], |at| noisy(9, at));
        let counters = engine.counters();
        let stored = (counters.bytes_encoded - counters.bytes_saved) as f64;
        assert!(
            changed > 0 && stored <= counters.bytes_encoded as f64 * bytes_of_four / 4.0,
            "{codec}: {counters}"
        );
    }
}

/// A lossy codec is for numbers it knows, and for tensors of this engine.
#[test]
fn a_codec_that_does_not_suit_is_refused() {
    let dir = directory();
    let engine = build(words(dir.path(), "8 MiB"));
    let integers: Vector = engine.zeros("bytes", [100]).unwrap();
    let error = engine.set_codec(integers.as_any(), Codec::Int8).unwrap_err();
    assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Dtype, Some("bytes")), "{error}");
    engine.set_codec(integers.as_any(), Codec::Lossless).unwrap();
    let other = build(words(dir.path(), "8 MiB"));
    assert_eq!(other.set_codec(integers.as_any(), Codec::Raw).unwrap_err().kind(), ErrorKind::Missing);
    let error = words(dir.path(), "8 MiB").codec(Codec::Bf16).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Policy, "{error}");
}

/// Encryption needs memory of the budget, and says so.
#[test]
fn a_budget_too_small_to_encrypt_in_is_refused() {
    let dir = directory();
    let policy = words(dir.path(), "1 MiB").encrypt(true).build().unwrap();
    assert_eq!(Engine::builder().policy(policy).build().unwrap_err().kind(), ErrorKind::Budget);
}

/// Nothing of an encrypted store can be read or changed unnoticed, by every codec; without encryption it can be read.
#[test]
fn an_encrypted_store_shows_nothing() {
    const MARK: f32 = 1.234_567_8;
    let dir = directory();
    for (encrypt, codec) in
        [(false, Codec::Raw), (true, Codec::Raw), (true, Codec::Lossless), (true, Codec::F16)]
    {
        let engine = build(words(dir.path(), "12 MiB").encrypt(encrypt));
        let tensors = tensors(&engine, 10);
        tensors.iter().for_each(|tensor| engine.set_codec(tensor.as_any(), codec).unwrap());
        // Four numbers in a row that random bytes do not have.
        let marked = |i: usize, at: usize| if at % 1024 < 4 { MARK } else { noisy(i, at) };
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, |at| marked(i, at)));
        if codec != Codec::F16 {
            tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, |at| marked(i, at)));
        }
        let Some(file) = spill_file(dir.path()) else { return println!("SKIPPED: no /proc/self/fd here") };
        let mut stored = vec![0; file.metadata().unwrap().len() as usize];
        file.read_exact_at(&mut stored, 0).unwrap();
        let half = stratal::f16::from_f32(MARK).to_bits().to_le_bytes().repeat(4);
        let plain = [MARK.to_le_bytes().repeat(4), half];
        let seen = stored.chunks(2048).any(|bytes| plain.iter().any(|mark| bytes.starts_with(mark)));
        assert_eq!(seen, !encrypt, "{codec}, encrypted: {encrypt}");
        for offset in (0..stored.len() as u64).step_by(1024) {
            file.write_at(&[stored[offset as usize] ^ 1], offset).unwrap();
        }
        file.sync_all().unwrap();
        let errors = tensors.iter().filter_map(|tensor| tensor.read().err());
        let kinds: Vec<_> = errors.map(|error| error.kind()).collect();
        assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == ErrorKind::Corrupt), "{kinds:?}");
    }
}

/// A disk that fails and lies, below every codec and the cipher: the right bytes or a typed error, and in the end every
/// tensor whole.
#[test]
fn a_bad_disk_below_codecs_never_yields_wrong_bytes() {
    let dir = directory();
    let mut refused = 0;
    for seed in 0..6 {
        let faults = Faults {
            damage_per_mille: 200,
            fail_per_mille: if seed % 2 == 0 { 100 } else { 0 },
            short_per_mille: 100,
            delay_waits: (seed % 3) as u32,
            reorder: true,
            ..Faults::none(seed)
        };
        let policy =
            words(dir.path(), "12 MiB").codec(Codec::Lossless).encrypt(seed % 3 == 0).build().unwrap();
        let engine = Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, faults)?)));
        let engine = engine.build().unwrap();
        let tensors = tensors(&engine, 7);
        // Every third does not compress, every third is constant for a while.
        let value = |i: usize, round: usize, at: usize| match (i + round) % 3 {
            0 => smooth(i + round, at),
            1 => noisy(i + round, at),
            _ => (i + round) as f32,
        };
        let mut rounds = [0_usize; 7];
        for step in 0..30 {
            let i = step * 5 % 7;
            let healthy = match tensors[i].read() {
                Ok(lease) if step >= 7 => {
                    let wrong =
                        lease.iter().enumerate().find(|(at, found)| **found != value(i, rounds[i], *at));
                    assert_eq!(wrong, None, "seed {seed}, {i}");
                    true
                }
                Ok(_) => false,
                Err(error) => {
                    let typed =
                        [ErrorKind::Corrupt, ErrorKind::Poisoned, ErrorKind::Io].contains(&error.kind());
                    // Or the tensor that should have made room and could not be written.
                    assert!(typed && error.fact("tensor").is_some(), "{error}");
                    refused += 1;
                    false
                }
            };
            if healthy && step % 2 == 0 {
                continue;
            }
            while let Err(error) = tensors[i].write().map(|mut lease| {
                let numbers = lease.as_mut_slice().iter_mut().enumerate();
                numbers.for_each(|(at, number)| *number = value(i, step, at));
            }) {
                let typed = [ErrorKind::Corrupt, ErrorKind::Poisoned, ErrorKind::Io].contains(&error.kind());
                assert!(typed, "{error}");
            }
            rounds[i] = step;
        }
        let report = engine.report();
        assert!(report.peak_bytes <= report.budget_bytes, "seed {seed}: {report}");
    }
    assert!(refused > 0, "the campaign met no failure");
}
