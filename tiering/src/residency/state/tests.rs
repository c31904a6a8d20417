//! The chunk's state machine: the stories users depend on one by one, and thousands of random ones against a model
//! that holds the bytes themselves.

mod model;

use super::*;

const HBM: TierId = TierId(0);
const DRAM: TierId = TierId(1);
const TIERS: usize = 3;

fn resident_at_origin() -> Chunk {
    let mut chunk = Chunk::at_origin(TIERS);
    chunk.begin_fill(DRAM, Source::Home).unwrap();
    assert_eq!(chunk.fill_done(DRAM), Ok(Filled::Ready));
    chunk
}

fn dirty() -> Chunk {
    let mut chunk = Chunk::unborn(TIERS);
    chunk.born(DRAM).unwrap();
    chunk
}

/// A checkpoint's chunk comes, is leased, and goes again without a byte written.
#[test]
fn an_origin_chunk_comes_and_goes_clean() {
    let mut chunk = resident_at_origin();
    assert_eq!((chunk.is_dirty(), chunk.home_place()), (false, Some(HomePlace::Origin)));
    chunk.lease_shared(DRAM).unwrap();
    assert_eq!(chunk.evict(DRAM), Err(Refused::Leased));
    chunk.release_shared(DRAM).unwrap();
    assert!(chunk.is_evictable(DRAM));
    assert_eq!(chunk.evict(DRAM), Ok(()));
    assert_eq!((chunk.state(DRAM), chunk.check()), (CopyState::Absent, Ok(())));
}

/// Dirty bytes are never evicted before they are spilled, and come back from the extent.
#[test]
fn dirty_bytes_are_spilled_before_they_go() {
    let mut chunk = dirty();
    assert_eq!(chunk.evict(DRAM), Err(Refused::OnlyCopy));
    assert!(chunk.is_spillable(DRAM));
    chunk.begin_drain(DRAM, ExtentSlot(7)).unwrap();
    assert_eq!((chunk.evict(DRAM), chunk.is_dirty()), (Err(Refused::Busy), true));
    chunk.lease_shared(DRAM).unwrap();
    assert_eq!(chunk.drain_done(DRAM), Ok(Drained::Clean { replaced: None }));
    chunk.release_shared(DRAM).unwrap();
    chunk.evict(DRAM).unwrap();
    assert_eq!(chunk.home_place(), Some(HomePlace::Extent(ExtentSlot(7))));
    assert_eq!(chunk.begin_fill(DRAM, Source::Home), Ok(chunk.generation()));
}

/// Dirty bytes may leave a fast tier once a slower one holds them too, without any spill.
#[test]
fn dirty_bytes_may_move_down_a_tier() {
    let mut chunk = Chunk::unborn(TIERS);
    chunk.born(HBM).unwrap();
    chunk.begin_fill(DRAM, Source::Tier(HBM)).unwrap();
    assert_eq!(chunk.evict(HBM), Err(Refused::Busy));
    assert_eq!(chunk.fill_done(DRAM), Ok(Filled::Ready));
    assert_eq!((chunk.evict(HBM), chunk.evict(DRAM)), (Ok(()), Err(Refused::OnlyCopy)));
    assert_eq!((chunk.is_dirty(), chunk.fastest_valid()), (true, Some(DRAM)));
}

/// Two exclusive leases, or an exclusive one beside a shared one in any tier, are refused.
#[test]
fn an_exclusive_lease_is_alone() {
    let mut chunk = resident_at_origin();
    chunk.begin_fill(HBM, Source::Tier(DRAM)).unwrap();
    assert_eq!(chunk.lease_exclusive(DRAM), Err(Refused::Busy));
    assert_eq!(chunk.fill_done(HBM), Ok(Filled::Ready));
    chunk.lease_shared(HBM).unwrap();
    assert_eq!(chunk.lease_exclusive(DRAM), Err(Refused::Leased));
    chunk.release_shared(HBM).unwrap();
    chunk.lease_exclusive(DRAM).unwrap();
    assert_eq!(
        (chunk.lease_exclusive(DRAM), chunk.lease_exclusive(HBM)),
        (Err(Refused::Leased), Err(Refused::Leased))
    );
    assert_eq!(
        (chunk.lease_shared(DRAM), chunk.lease_shared(HBM)),
        (Err(Refused::Leased), Err(Refused::Leased))
    );
    assert_eq!(chunk.evict(DRAM), Err(Refused::Leased));
    assert_eq!(chunk.begin_drain(DRAM, ExtentSlot(0)), Err(Refused::Clean));
}

/// A write makes the next generation: other copies and the extent of the old one are garbage, and are given up.
#[test]
fn a_write_outdates_what_else_there_is() {
    let mut chunk = dirty();
    chunk.begin_drain(DRAM, ExtentSlot(1)).unwrap();
    assert_eq!(chunk.drain_done(DRAM), Ok(Drained::Clean { replaced: None }));
    chunk.begin_fill(HBM, Source::Tier(DRAM)).unwrap();
    assert_eq!(chunk.fill_done(HBM), Ok(Filled::Ready));
    chunk.lease_exclusive(HBM).unwrap();
    let next = chunk.generation().next();
    assert_eq!(chunk.release_exclusive(HBM, Exclusive::Written), Ok(Ended::Advanced(next)));
    assert_eq!((chunk.is_dirty(), chunk.lease_shared(DRAM)), (true, Err(Refused::Stale)));
    assert_eq!((chunk.reclaim(), chunk.reclaim()), (Some(DRAM), None));
    assert_eq!((chunk.reclaim_extent(), chunk.reclaim_extent()), (Some(ExtentSlot(1)), None));
}

/// A spill that a write overtakes is worthless, and says which extent to free.
#[test]
fn an_overtaken_spill_is_discarded() {
    let mut chunk = dirty();
    chunk.begin_fill(HBM, Source::Tier(DRAM)).unwrap();
    assert_eq!(chunk.fill_done(HBM), Ok(Filled::Ready));
    chunk.begin_drain(DRAM, ExtentSlot(5)).unwrap();
    assert_eq!(chunk.lease_exclusive(DRAM), Err(Refused::Busy));
    chunk.lease_exclusive(HBM).unwrap();
    let _ = chunk.release_exclusive(HBM, Exclusive::Written).unwrap();
    assert_eq!(chunk.reclaim(), None, "the draining copy is still read");
    assert_eq!(chunk.drain_done(DRAM), Ok(Drained::Superseded { discard: ExtentSlot(5) }));
    assert_eq!((chunk.is_dirty(), chunk.reclaim(), chunk.check()), (true, Some(DRAM), Ok(())));
}

/// An extent that a fill still reads is neither freed nor replaced.
#[test]
fn an_extent_being_read_stays() {
    let mut chunk = dirty();
    chunk.begin_drain(DRAM, ExtentSlot(1)).unwrap();
    assert_eq!(chunk.drain_done(DRAM), Ok(Drained::Clean { replaced: None }));
    chunk.begin_fill(HBM, Source::Home).unwrap();
    chunk.lease_exclusive(DRAM).unwrap();
    let _ = chunk.release_exclusive(DRAM, Exclusive::Written).unwrap();
    assert_eq!((chunk.reclaim_extent(), chunk.begin_drain(DRAM, ExtentSlot(2))), (None, Err(Refused::Busy)));
    assert_eq!(chunk.fill_done(HBM), Ok(Filled::Discard));
    chunk.begin_drain(DRAM, ExtentSlot(2)).unwrap();
    assert_eq!(chunk.drain_done(DRAM), Ok(Drained::Clean { replaced: Some(ExtentSlot(1)) }));
}

/// A failed spill or fill leaves the chunk as it was.
#[test]
fn failures_leave_the_chunk_as_it_was() {
    let mut chunk = dirty();
    chunk.begin_drain(DRAM, ExtentSlot(3)).unwrap();
    assert_eq!(chunk.drain_failed(DRAM), Ok(ExtentSlot(3)));
    assert_eq!((chunk.is_dirty(), chunk.is_spillable(DRAM), chunk.home_place()), (true, true, None));
    let mut chunk = Chunk::at_origin(TIERS);
    chunk.begin_fill(DRAM, Source::Home).unwrap();
    assert_eq!((chunk.lease_shared(DRAM), chunk.evict(DRAM)), (Err(Refused::Busy), Err(Refused::Busy)));
    assert_eq!((chunk.fill_failed(DRAM), chunk.state(DRAM)), (Ok(()), CopyState::Absent));
    assert_eq!(chunk.begin_fill(DRAM, Source::Home), Ok(Generation(0)));
}

/// A fill that a write elsewhere overtakes is not shown to anybody.
#[test]
fn an_overtaken_fill_is_discarded() {
    let mut chunk = resident_at_origin();
    chunk.begin_fill(HBM, Source::Home).unwrap();
    chunk.lease_exclusive(DRAM).unwrap();
    assert_eq!(chunk.begin_fill(TierId(2), Source::Tier(DRAM)), Err(Refused::Leased));
    let _ = chunk.release_exclusive(DRAM, Exclusive::Written).unwrap();
    assert_eq!((chunk.fill_done(HBM), chunk.state(HBM)), (Ok(Filled::Discard), CopyState::Absent));
}

/// A torn write poisons; an abandoned one goes back to what the home holds, or poisons where nothing does.
#[test]
fn torn_writes_poison_and_abandoned_ones_go_back() {
    let ended = |mut chunk: Chunk, how| {
        chunk.lease_exclusive(DRAM).unwrap();
        assert_eq!(chunk.release_exclusive(DRAM, how), Ok(Ended::Dropped));
        assert_eq!(chunk.check(), Ok(()));
        chunk
    };
    assert_eq!(ended(resident_at_origin(), Exclusive::Torn).poison(), Some(Poison::Torn));
    assert_eq!(ended(dirty(), Exclusive::Abandoned).poison(), Some(Poison::Torn));
    let mut back = ended(resident_at_origin(), Exclusive::Abandoned);
    assert_eq!((back.poison(), back.begin_fill(DRAM, Source::Home)), (None, Ok(Generation(0))));
}

/// A poisoned chunk refuses everything until it is rewritten, or filled again where only its medium had failed.
#[test]
fn poison_refuses_use_until_repaired() {
    let mut chunk = Chunk::at_origin(TIERS);
    chunk.set_poison(Poison::Media);
    assert_eq!(
        (chunk.lease_shared(DRAM), chunk.begin_drain(DRAM, ExtentSlot(0))),
        (Err(Refused::Poisoned), Err(Refused::Poisoned))
    );
    chunk.begin_fill(DRAM, Source::Home).unwrap();
    assert_eq!((chunk.fill_done(DRAM), chunk.poison()), (Ok(Filled::Ready), None));
    chunk.set_poison(Poison::Torn);
    assert_eq!(chunk.begin_fill(HBM, Source::Home), Err(Refused::Poisoned));
    assert_eq!(chunk.born(HBM), Ok(Generation(1)));
    assert_eq!((chunk.poison(), chunk.lease_shared(HBM), chunk.reclaim()), (None, Ok(()), Some(DRAM)));
}

/// A forgotten chunk serves the leases and transfers it has, and is gone after the last of them.
#[test]
fn a_forgotten_chunk_ends_with_its_last_user() {
    let mut chunk = dirty();
    chunk.lease_shared(DRAM).unwrap();
    chunk.begin_drain(DRAM, ExtentSlot(2)).unwrap();
    chunk.begin_fill(HBM, Source::Tier(DRAM)).unwrap();
    chunk.forget();
    assert_eq!((chunk.lease_shared(DRAM), chunk.reclaim()), (Err(Refused::Forgotten), None));
    assert_eq!(chunk.fill_done(HBM), Ok(Filled::Discard));
    assert_eq!(chunk.drain_done(DRAM), Ok(Drained::Superseded { discard: ExtentSlot(2) }));
    assert_eq!((chunk.reclaim(), chunk.is_gone()), (None, false));
    chunk.release_shared(DRAM).unwrap();
    assert_eq!((chunk.reclaim(), chunk.reclaim_extent(), chunk.is_gone()), (Some(DRAM), None, true));
}

/// Calls that make no sense are refused by name, in tiers that do not exist too.
#[test]
fn nonsense_is_refused() {
    let mut chunk = Chunk::unborn(TIERS);
    let nowhere = TierId(200);
    assert_eq!(
        (chunk.lease_shared(DRAM), chunk.begin_fill(DRAM, Source::Home)),
        (Err(Refused::Unborn), Err(Refused::Unborn))
    );
    assert_eq!(
        (chunk.born(nowhere), chunk.born(DRAM), chunk.born(DRAM)),
        (Err(Refused::Absent), Ok(Generation(1)), Err(Refused::Present))
    );
    assert_eq!((chunk.fill_done(DRAM), chunk.fill_failed(HBM)), (Err(Refused::Absent), Err(Refused::Absent)));
    assert_eq!(
        (chunk.drain_done(DRAM), chunk.drain_failed(nowhere)),
        (Err(Refused::Absent), Err(Refused::Absent))
    );
    assert_eq!(
        (chunk.release_shared(DRAM), chunk.release_exclusive(DRAM, Exclusive::Written)),
        (Err(Refused::Absent), Err(Refused::Absent))
    );
    assert_eq!(
        (chunk.begin_fill(HBM, Source::Home), chunk.begin_fill(DRAM, Source::Tier(DRAM))),
        (Err(Refused::Stale), Err(Refused::Present))
    );
    assert_eq!(
        (chunk.begin_fill(HBM, Source::Tier(nowhere)), chunk.begin_fill(nowhere, Source::Tier(DRAM))),
        (Err(Refused::Absent), Err(Refused::Absent))
    );
    assert_eq!(chunk.check(), Ok(()));
}

/// What a refusal means to a user: its kind and its words.
#[test]
fn refusals_become_errors() {
    use crate::error::{Error, ErrorKind};
    assert_eq!(Error::from(Refused::Leased).kind(), ErrorKind::Conflict);
    assert_eq!(Error::from(Refused::Poisoned).kind(), ErrorKind::Poisoned);
    assert_eq!(Error::from(Refused::Leased).to_string(), "lease conflict: a lease holds the copy");
}
