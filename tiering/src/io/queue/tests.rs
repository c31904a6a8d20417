//! Promises of the queue: an outcome ends the flight it belongs to, once, and nothing ends early.

use super::*;
use crate::io::buf::AlignedBuf;
use crate::io::sim::memory_file;

const NOW: Duration = Duration::from_millis(1);
const MIB: u32 = 1 << 20;

fn queue(capacity: u32) -> (Queue<AlignedBuf>, FileSlot) {
    let mut queue = Queue::new(capacity);
    let file = queue.attach(Arc::new(memory_file("weights", &[]).unwrap())).unwrap();
    (queue, file)
}

fn flight(file: FileSlot, len: u32, lane: Lane, tag: u64) -> Flight<AlignedBuf> {
    let buf = AlignedBuf::zeroed(len as usize, 4096).unwrap();
    Flight { op: Op::Write, file, offset: 0, len, need: len, buf, tag, lane }
}

fn ready(queue: &mut Queue<AlignedBuf>) -> Vec<u64> {
    let mut done = Vec::new();
    queue.take_ready(&mut done);
    done.iter().map(|completion| completion.flight.tag).collect()
}

/// A flight larger than a piece goes as several at once, and ends with the last of them.
#[test]
fn a_flight_ends_with_its_last_piece() {
    let (mut queue, file) = queue(2);
    queue.submit(flight(file, 5 * MIB, Lane::Demand, 7), NOW).unwrap();
    let pieces: Vec<_> = std::iter::from_fn(|| queue.depart(NOW)).collect();
    assert_eq!(pieces.iter().map(|attempt| attempt.piece.len).collect::<Vec<_>>(), [2 * MIB, 2 * MIB, MIB]);
    assert_eq!(queue.away(), 3);
    for attempt in pieces.iter().rev() {
        assert!(ready(&mut queue).is_empty());
        queue.arrive(attempt.ticket, Ok(attempt.piece.len), NOW);
        queue.arrive(attempt.ticket, Ok(attempt.piece.len), NOW);
    }
    assert_eq!((ready(&mut queue), queue.away(), queue.in_flight()), (vec![7], 0, 0));
}

/// A cancelled flight that has not begun ends at once; one with the device only when it is given back.
#[test]
fn cancelling_frees_nothing_early() {
    let (mut queue, file) = queue(4);
    for tag in 0..2 {
        queue.submit(flight(file, MIB, Lane::Prefetch, tag), NOW).unwrap();
    }
    let away = queue.depart(NOW).unwrap();
    assert_eq!(queue.cancel(1, NOW), Some(Vec::new()));
    assert_eq!(ready(&mut queue), [1]);
    assert_eq!(queue.cancel(0, NOW), Some(vec![away.ticket]));
    assert!(ready(&mut queue).is_empty(), "the device still has its buffer");
    assert_eq!(queue.in_flight(), 1);
    queue.arrive(away.ticket, Err(io::Error::from_raw_os_error(libc::ECANCELED)), NOW);
    let mut done = Vec::new();
    queue.take_ready(&mut done);
    assert_eq!(done[0].result.as_ref().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((queue.cancel(0, NOW), queue.stats().report().cancelled), (None, 2));
}

/// Only demands use the last places; others are asked for as much as keeps the device busy.
#[test]
fn room_is_kept_for_demands() {
    let (mut queue, file) = queue(64);
    let wanted = queue.room(Lane::Prefetch);
    assert!((4..32).contains(&wanted) && queue.room(Lane::Demand) == 64, "{wanted}");
    for tag in 0..wanted as u64 {
        queue.submit(flight(file, 2 * MIB, Lane::Prefetch, tag), NOW).unwrap();
    }
    assert_eq!((queue.room(Lane::Prefetch), queue.room(Lane::Demand)), (0, 64 - wanted));
}

/// A demand submitted behind write-back goes next.
#[test]
fn a_demand_goes_next() {
    let (mut queue, file) = queue(64);
    for tag in 0..40 {
        queue.submit(flight(file, MIB, Lane::WriteBack, tag), NOW).unwrap();
    }
    while queue.depart(NOW).is_some() {}
    queue.submit(flight(file, MIB, Lane::Demand, 99), NOW).unwrap();
    let attempt = queue.depart(NOW).unwrap();
    queue.arrive(attempt.ticket, Ok(MIB), NOW);
    assert_eq!(ready(&mut queue), [99]);
}
