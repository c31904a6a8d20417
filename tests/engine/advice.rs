//! Promise: what the application tells of its uses decides what stays, and each kind of advice shows.
//!
//! Memory holds four tensors of one chunk each. Every test does the same without the advice first.

use crate::world;
use std::path::Path;
use stratal::tiering::tier::TierKind;
use stratal::{Advice, Dyn, Engine, ErrorKind, Policy, Tensor};

const CHUNK: usize = 2 << 20;

type Chunk = Tensor<f32, (Dyn,)>;

fn engine(dir: &Path) -> Engine {
    let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").spill_directory(dir);
    Engine::builder().policy(policy.deadline("20 s").build().unwrap()).build().unwrap()
}

/// Tensors of so many chunks, written once.
fn tensors(engine: &Engine, chunks: &[usize]) -> Vec<Chunk> {
    let make = |(i, chunks): (usize, &usize)| {
        let tensor = engine.zeros::<f32, (Dyn,)>(&format!("t.{i}"), [chunks * CHUNK / 4]).unwrap();
        // Backwards, so that a walk forwards repeats nothing.
        for chunk in (0..*chunks).rev() {
            let rows = chunk * CHUNK / 4..(chunk + 1) * CHUNK / 4;
            tensor.write_rows(rows).unwrap().as_mut_slice().fill((i * 100 + chunk) as f32);
        }
        tensor
    };
    chunks.iter().enumerate().map(make).collect()
}

/// Whether reading a tensor has to fetch it; its bytes are right either way.
fn misses(engine: &Engine, all: &[Chunk], i: usize) -> bool {
    let before = engine.counters().misses;
    assert_eq!(all[i].read().unwrap()[7], (i * 100) as f32);
    engine.counters().misses > before
}

/// In an order that repeats nothing, so that no pass is learned.
const ORDER: [usize; 4] = [1, 0, 3, 2];

#[test]
fn will_not_need_goes_first() {
    for advised in [false, true] {
        let dir = world::directory();
        let engine = engine(dir.path());
        let all = tensors(&engine, &[1; 6]);
        ORDER.iter().for_each(|i| drop(all[*i].read().unwrap()));
        if advised {
            all[2].advise(Advice::WillNotNeed).unwrap();
        }
        drop(all[4].read().unwrap());
        assert_eq!(misses(&engine, &all, 1), !advised, "the longest idle stays where another was dismissed");
    }
}

#[test]
fn next_use_decides_like_min() {
    for advised in [false, true] {
        let dir = world::directory();
        let engine = engine(dir.path());
        let all = tensors(&engine, &[1; 6]);
        // The latest ones are needed last.
        for (i, leases) in [(1, 20), (0, 22), (3, 200), (2, 300), (4, 30), (5, 31)] {
            let lease = all[i].read().unwrap();
            if advised {
                all[i].advise(Advice::NextUse(leases)).unwrap();
            }
            drop(lease);
        }
        let missed: Vec<bool> = [1, 0, 4, 5].iter().map(|i| misses(&engine, &all, *i)).collect();
        assert_eq!(missed.contains(&true), !advised, "{missed:?}");
    }
}

#[test]
fn resident_stays_up_to_half_of_the_budget() {
    for advised in [false, true] {
        let dir = world::directory();
        let engine = engine(dir.path());
        let all = tensors(&engine, &[1; 6]);
        all[1].advise(Advice::Resident(advised)).unwrap();
        [1, 0, 3, 2, 4, 5, 0].iter().for_each(|i| drop(all[*i].read().unwrap()));
        assert_eq!(misses(&engine, &all, 1), !advised);
        if advised {
            all[0].advise(Advice::Resident(true)).unwrap();
            let refused = all[2].advise(Advice::Resident(true)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Budget);
            assert!(refused.to_string().contains("t.2"), "{refused}");
            all[1].advise(Advice::Resident(false)).unwrap();
            all[2].advise(Advice::Resident(true)).unwrap();
            [3, 5, 4, 3, 5].iter().for_each(|i| drop(all[*i].read().unwrap()));
            assert!(misses(&engine, &all, 1), "it is kept no more");
            assert!(!misses(&engine, &all, 0), "this one is");
        }
    }
}

#[test]
fn random_reads_fetch_no_neighbours() {
    for advised in [false, true] {
        let dir = world::directory();
        let path = world::checkpoint(dir.path(), &[2 * CHUNK / 4]);
        let engine = engine(dir.path());
        let table = &world::load(&engine, &path, 1)[0];
        if advised {
            table.advise(Advice::Random).unwrap();
        }
        for row in 0..8 {
            let rows = table.read_rows(row * 256..(row + 1) * 256).unwrap();
            assert_eq!(rows[3], world::value(0, row * 256 + 3));
        }
        let read = engine.counters().bytes_read;
        assert_eq!(read < CHUNK as u64 / 2, advised, "{read} bytes for 8 KiB");
    }
}
