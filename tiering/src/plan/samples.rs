//! Traces for the tests of this room.

use crate::object::{ChunkKey, Step, Touch, Trace};
use proptest::prelude::*;

/// Bytes of a chunk in most samples.
pub(super) const CHUNK: u32 = 1 << 10;

/// A use of chunk `chunk` of the one object of the samples.
pub(super) fn touch(chunk: u32, bytes: u32) -> Touch {
    Touch { chunk: ChunkKey { object: 0, chunk }, bytes }
}

/// One step per list of chunk numbers, all chunks of equal size.
pub(super) fn trace<'a>(steps: impl IntoIterator<Item = &'a [u32]>) -> Trace {
    let step = |chunks: &[u32]| Step { touches: chunks.iter().map(|chunk| touch(*chunk, CHUNK)).collect() };
    Trace { steps: steps.into_iter().map(step).collect() }
}

/// Chunks 0 .. n, one after the other, `width` per step.
pub(super) fn ring(n: u32, width: usize) -> Trace {
    let chunks: Vec<u32> = (0..n).collect();
    trace(chunks.chunks(width))
}

/// Forward then backward, as a training step goes.
pub(super) fn zigzag(n: u32) -> Trace {
    let chunks: Vec<u32> = (0..n).chain((0..n).rev()).collect();
    trace(chunks.chunks(1))
}

/// Steps of one to three of `chunks` chunks, whose sizes differ when `sized`.
pub(super) fn arbitrary(chunks: u32, steps: usize, sized: bool) -> impl Strategy<Value = Trace> {
    let sizes = prop::collection::vec(1..=if sized { 9_u32 } else { 1 }, chunks as usize);
    let uses = prop::collection::vec(prop::collection::vec(0..chunks, 1..=3), 1..=steps);
    (sizes, uses).prop_map(|(sizes, uses)| {
        let step = |mut chunks: Vec<u32>| {
            chunks.sort_unstable();
            chunks.dedup();
            Step { touches: chunks.into_iter().map(|chunk| touch(chunk, sizes[chunk as usize])).collect() }
        };
        Trace { steps: uses.into_iter().map(step).collect() }
    })
}

/// The most bytes one step holds.
pub(super) fn widest(trace: &Trace) -> u64 {
    trace.steps.iter().map(Step::bytes).max().unwrap_or(0)
}
