//! Which chunks a schedule keeps resident: the most fetches saved per byte, and among equals evenly over the pass,
//! so that what streams arrives at a constant rate.

use super::schedule::Schedule;
use crate::object::map::ChunkMap;
use crate::object::{ChunkKey, Touch};

/// How much a schedule may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) capacity_bytes: u64,
    pub(super) window_bytes: u64,
}

/// A chunk, and how many fetches a pass makes of it when it streams.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    touch: Touch,
    fetches: u32,
}

/// The chunks to keep, together at most `capacity − window`; all where all fit.
pub(super) fn choose(schedule: &Schedule, room: Room) -> Vec<Touch> {
    let mut candidates = candidates(schedule, room.window_bytes);
    let total: u64 = candidates.iter().map(|candidate| u64::from(candidate.touch.bytes)).sum();
    if total <= room.capacity_bytes {
        return candidates.into_iter().map(|candidate| candidate.touch).collect();
    }
    let mut left_bytes = room.capacity_bytes.saturating_sub(room.window_bytes);
    // Stable: equals stay in order of the pass.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.fetches));
    let mut kept = Vec::new();
    for equals in candidates.chunk_by(|a, b| a.fetches == b.fetches) {
        let touches: Vec<Touch> = equals.iter().map(|candidate| candidate.touch).collect();
        let taken = spread(&touches, left_bytes);
        left_bytes -= taken.iter().map(|touch| u64::from(touch.bytes)).sum::<u64>();
        kept.extend(taken);
    }
    kept
}

/// All chunks in order of first use. A use costs a fetch when more than the window has streamed by since the last.
fn candidates(schedule: &Schedule, window_bytes: u64) -> Vec<Candidate> {
    /// Bytes touched before the latest use, plus one: 0 means not seen yet.
    type Seen = u64;
    let mut seen = ChunkMap::<Seen>::new();
    let mut fetches = ChunkMap::<u32>::new();
    let mut order: Vec<Touch> = Vec::new();
    let mut passed_bytes = 0;
    // Twice round: the first round only says how long ago each chunk was used when the second begins.
    for round in 0..2 {
        for position in 0..schedule.len() {
            for touch in schedule.step(position) {
                let before = std::mem::replace(seen.entry(touch.chunk), passed_bytes + 1);
                if round == 0 && before == 0 {
                    order.push(*touch);
                }
                if round == 1 && passed_bytes + 1 - before > window_bytes {
                    *fetches.entry(touch.chunk) += 1;
                }
                passed_bytes += u64::from(touch.bytes);
            }
        }
    }
    let with_fetches = |touch: Touch| Candidate { touch, fetches: fetches.get(touch.chunk) };
    order.into_iter().map(with_fetches).collect()
}

/// Takes up to `room_bytes` of `touches`, evenly: after any prefix, the bytes taken are the same share of the prefix,
/// to within a chunk. What rounding leaves is filled up in order.
fn spread(touches: &[Touch], room_bytes: u64) -> Vec<Touch> {
    let total: u128 = touches.iter().map(|touch| u128::from(touch.bytes)).sum();
    let room = u128::from(room_bytes).min(total);
    // The credit a chunk earns is its bytes times the share room/total; taking it costs its bytes. Scaled by total.
    let mut credit = 0;
    let mut left_bytes = room_bytes;
    let mut taken = ChunkMap::<bool>::new();
    let mut take = |touch: &Touch, left_bytes: &mut u64| {
        *left_bytes -= u64::from(touch.bytes);
        *taken.entry(touch.chunk) = true;
    };
    for touch in touches {
        let bytes = u128::from(touch.bytes);
        credit += bytes * room;
        if credit >= bytes * total && u64::from(touch.bytes) <= left_bytes {
            credit -= bytes * total;
            take(touch, &mut left_bytes);
        }
    }
    let is_taken = |taken: &ChunkMap<bool>, chunk: ChunkKey| taken.get(chunk);
    for touch in touches {
        if !is_taken(&taken, touch.chunk) && u64::from(touch.bytes) <= left_bytes {
            left_bytes -= u64::from(touch.bytes);
            *taken.entry(touch.chunk) = true;
        }
    }
    touches.iter().copied().filter(|touch| taken.get(touch.chunk)).collect()
}

#[cfg(test)]
mod tests;
