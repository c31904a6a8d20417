//! Promise: what the system limits after the start is heeded, and moving pages leaves the process its mappings.

use super::super::class::SLICE;
use super::super::runs::Want;
use super::*;

fn end(pool: Pool) {
    // SAFETY: the tests use no block after this.
    unsafe { pool.dismantle() };
}

#[cfg(not(miri))]
#[test]
fn moves_stop_before_the_mappings_run_out() {
    let pool = Pool::new(0);
    let before = process::mappings().unwrap();
    let run = || pool.take_run(Want::of(1)).unwrap().start;
    let mut moved = 0;
    for _ in 0..MAPPINGS_MAX {
        let (source, target) = (run(), run());
        // SAFETY: a run of this test.
        unsafe { source.write(1) };
        // SAFETY: two runs of this test, of one slice each.
        moved += usize::from(unsafe { pool.move_pages(source, 1, target) });
    }
    let after = process::mappings().unwrap();
    assert!(moved >= MOVES_BETWEEN_COUNTS, "only {moved} moves");
    assert!(after <= MAPPINGS_MAX.max(before) + 64, "{before} mappings became {after} by {moved} moves");
    assert!(moved < MAPPINGS_MAX, "every move was made");
    end(pool);
}

#[cfg(not(miri))]
#[test]
fn addresses_that_were_never_used_can_be_given_up_and_the_pool_goes_on() {
    let pool = Pool::new(8 << 30);
    let first = pool.take_run(Want::of(3)).unwrap().start;
    // SAFETY: a run of this test.
    unsafe { first.write_bytes(7, 3 * SLICE) };
    assert!(pool.map.reserved_bytes() >= 8 << 30);
    pool.give_up_reserve();
    assert_eq!(pool.map.reserved_bytes(), 3 * SLICE);
    let second = pool.take_run(Want::of(5)).unwrap().start;
    // SAFETY: a run of this test.
    unsafe { second.write_bytes(8, 5 * SLICE) };
    // SAFETY: written above.
    assert!((0..3 * SLICE).all(|i| unsafe { first.add(i).read() } == 7));
    pool.give_run(first, false);
    pool.give_run(second, false);
    assert_eq!(pool.large_runs.lock().held().1, 0);
    end(pool);
}
