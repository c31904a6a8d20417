//! Promises of owned bytes and of the leases on them.

use super::super::managed::Lease;
use super::*;
use std::sync::Arc;

fn keeper(len: usize) -> Arc<dyn Keeper> {
    Arc::new(Owned::zeroed(len, Alignment::Simd).unwrap())
}

fn take(keeper: &Arc<dyn Keeper>, range: Range<u64>, access: Access) -> Result<Lease> {
    Lease::take(keeper, 0, range, access)
}

/// Bytes start at zero and at the alignment that was asked for, whatever their number.
#[test]
fn bytes_are_zero_and_aligned() {
    for alignment in [Alignment::Simd, Alignment::Device] {
        for len in [0, 1, 63, 64, 65, 4096] {
            let owned: Arc<dyn Keeper> = Arc::new(Owned::zeroed(len, alignment).unwrap());
            let lease = take(&owned, 0..len as u64, Access::Read).unwrap();
            assert_eq!(lease.bytes(), vec![0; len]);
            assert!(len == 0 || lease.bytes().as_ptr().addr().is_multiple_of(alignment.bytes()));
        }
    }
}

/// Any number of readers or one writer: the table of who excludes whom, and that a release ends it.
#[test]
fn leases_exclude_each_other() {
    let owned = keeper(8);
    for (held, wanted, admitted) in [
        (Access::Read, Access::Read, true),
        (Access::Read, Access::Write, false),
        (Access::Write, Access::Read, false),
        (Access::Write, Access::Write, false),
    ] {
        let first = take(&owned, 0..8, held).unwrap();
        let second = take(&owned, 0..8, wanted);
        assert_eq!(second.is_ok(), admitted, "{wanted:?} while {held:?}");
        assert!(second.err().is_none_or(|error| error.kind() == ErrorKind::Conflict));
        drop(first);
        assert!(take(&owned, 0..8, Access::Write).is_ok(), "{wanted:?} and {held:?} have ended");
    }
}

/// What a writer wrote is what the next reader reads, also from another thread.
#[test]
fn writes_are_read_by_the_next() {
    let owned = keeper(4);
    let mut writer = take(&owned, 0..4, Access::Write).unwrap();
    let written = std::thread::spawn(move || writer.bytes_mut().unwrap().copy_from_slice(&[1, 2, 3, 4]));
    written.join().unwrap();
    assert_eq!(take(&owned, 1..3, Access::Read).unwrap().bytes(), [2, 3]);
}

/// A reader gets no bytes to write.
#[test]
fn readers_cannot_write() {
    let owned = keeper(4);
    assert!(take(&owned, 0..4, Access::Read).unwrap().bytes_mut().is_none());
}

/// A range beyond the bytes is an error and holds nothing.
#[test]
fn ranges_stay_inside() {
    let owned = keeper(4);
    for range in [0..5, 5..5, Range { start: 3, end: 2 }, 0..u64::MAX, u64::MAX..u64::MAX] {
        assert_eq!(take(&owned, range, Access::Write).unwrap_err().kind(), ErrorKind::Shape);
    }
    assert!(take(&owned, 4..4, Access::Write).is_ok());
}

/// A lease outlives the last handle on its bytes.
#[test]
fn leases_keep_the_bytes() {
    let owned = keeper(4);
    let lease = take(&owned, 0..4, Access::Read).unwrap();
    drop(owned);
    assert_eq!(lease.bytes(), [0; 4]);
}

/// Threads that fight for one word: writers are alone, and no count is lost.
#[test]
fn threads_never_share_a_write() {
    let owned = keeper(8);
    let rounds = if cfg!(miri) { 20 } else { 2000 };
    let add = |_| {
        let owned = Arc::clone(&owned);
        std::thread::spawn(move || {
            (0..rounds).filter(|_| take(&owned, 0..8, Access::Write).is_ok_and(increment)).count() as u64
        })
    };
    let threads: Vec<_> = (0..4).map(add).collect();
    let added: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let lease = take(&owned, 0..8, Access::Read).unwrap();
    assert_eq!(lease.bytes(), added.to_ne_bytes());
}

fn increment(mut lease: Lease) -> bool {
    let bytes: &mut [u8; 8] = lease.bytes_mut().unwrap().try_into().unwrap();
    *bytes = (u64::from_ne_bytes(*bytes) + 1).to_ne_bytes();
    true
}

/// A tensor in a pool is the pool's bytes while it lives, and gives them back after it.
#[test]
fn bytes_of_a_pool_return_to_it() {
    let pool = crate::pool::Pool::builder().name("tensors").capacity(1 << 12).build().unwrap();
    let owned: Arc<dyn Keeper> = Arc::new(Owned::of_block(pool.allocate(1000).unwrap()));
    let mut lease = take(&owned, 8..1000, Access::Write).unwrap();
    lease.bytes_mut().unwrap().fill(9);
    drop(owned);
    assert_eq!((pool.stats().live_blocks, lease.bytes()[991]), (1, 9));
    drop(lease);
    assert_eq!(pool.stats().live_blocks, 0);
}
