//! Leases of resident tensors: taken and dropped in a loop, by one thread and by two.

use super::{contender, contest, engine, promise, tensors};
use crate::contest::{Contest, Part};
use crate::suite::Scale;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use stratal::{Dyn, Engine, Result, Tensor};

/// Tensors that a thread takes in turn.
const TENSORS: usize = 16;

/// Each is one chunk: what a layer's bias, or a block of a KV cache, is.
const BYTES: usize = 256 << 10;

/// A lease and its drop on one thread.
pub(super) fn alone(scale: Scale) -> Contest {
    let leases = if scale.quick { 100_000 } else { 4_000_000 };
    let mut ours = None;
    let mut theirs = None;
    contest(
        "hit",
        "ns",
        Some(0.8),
        vec![
            contender("stratal", Part::Ours, move || {
                let (_, tensors) = kept(&mut ours, 1)?;
                time(leases, || lease(&tensors[0], leases))
            }),
            contender("map of buffers behind a lock", Part::Rival, move || {
                let map = theirs.get_or_insert_with(map);
                time(leases, || lookup(map, leases))
            }),
            promise("25 ns", 25.0),
            contender("two atomic operations", Part::Limit, move || {
                let count = AtomicU32::new(0);
                time(leases, || {
                    for _ in 0..leases {
                        black_box(&count).fetch_add(1, Ordering::Acquire);
                        black_box(&count).fetch_sub(1, Ordering::Release);
                    }
                    Ok(())
                })
            }),
        ],
    )
}

/// Two threads with tensors of their own: time per lease of both together, beside that of one alone.
pub(super) fn together(scale: Scale) -> Contest {
    let leases = if scale.quick { 100_000 } else { 4_000_000 };
    let (mut ours, mut one) = (None, None);
    contest(
        "hit, two threads",
        "ns",
        Some(1.0 / 1.8),
        vec![
            contender("stratal", Part::Ours, move || {
                let (_, tensors) = kept(&mut ours, 2)?;
                time(2 * leases, || {
                    std::thread::scope(|scope| {
                        let [first, second] = [0, 1].map(|i| {
                            let tensors = &tensors[i];
                            scope.spawn(move || lease(tensors, leases))
                        });
                        first
                            .join()
                            .expect("a lease does not panic")
                            .and(second.join().expect("nor does this"))
                    })
                })
            }),
            contender("one thread", Part::Rival, move || {
                let (_, tensors) = kept(&mut one, 1)?;
                time(leases, || lease(&tensors[0], leases))
            }),
        ],
    )
}

type Sets = Vec<Vec<Tensor<f32, (Dyn,)>>>;

/// An engine with resident tensors for each thread, made at the first run.
fn kept(made: &mut Option<(Engine, Sets)>, threads: usize) -> Result<&(Engine, Sets)> {
    if made.is_none() {
        let engine = engine("64 MiB")?;
        let sets: Sets = (0..threads).map(|_| tensors(&engine, TENSORS, BYTES)).collect::<Result<_>>()?;
        for tensor in sets.iter().flatten() {
            drop(tensor.read()?);
        }
        *made = Some((engine, sets));
    }
    Ok(made.as_ref().expect("made above"))
}

fn lease(tensors: &[Tensor<f32, (Dyn,)>], leases: usize) -> Result<()> {
    for tensor in tensors.iter().cycle().take(leases) {
        let lease = black_box(tensor).read()?;
        black_box(lease.as_slice());
    }
    Ok(())
}

type Map = Mutex<HashMap<u64, Arc<Vec<f32>>>>;

fn map() -> Map {
    Mutex::new((0..TENSORS as u64).map(|i| (i, Arc::new(vec![0.0; BYTES / 4]))).collect())
}

fn lookup(map: &Map, leases: usize) -> Result<()> {
    for key in (0..TENSORS as u64).cycle().take(leases) {
        let found = map.lock().expect("nobody panics").get(black_box(&key)).map(Arc::clone);
        drop(black_box(found));
    }
    Ok(())
}

/// Nanoseconds per lease.
fn time(leases: usize, run: impl FnOnce() -> Result<()>) -> Result<f64> {
    let since = Instant::now();
    run()?;
    Ok(since.elapsed().as_nanos() as f64 / leases as f64)
}
