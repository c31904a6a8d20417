//! What every driver promises, judged by one suite.
//!
//! Each test takes a function that opens a driver, so that a promise is written once and kept three times.

use super::buf::AlignedBuf;
use super::file::IoFile;
use super::sim::{Faults, Sim};
use super::threads::Threads;
use super::uring::Uring;
use super::{Completion, FileSlot, Flight, Io, Lane, Op};
use crate::error::ErrorKind;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub(super) type Driver = Box<dyn Io<AlignedBuf>>;

const BLOCK: usize = 4096;
const SOON: Duration = Duration::from_secs(20);

/// A directory on the disk that the tests were built on: /tmp may be memory, where nothing is refused.
pub(super) fn scratch() -> tempfile::TempDir {
    let built = std::env::current_exe().unwrap();
    tempfile::tempdir_in(built.parent().unwrap()).unwrap()
}

/// The byte that belongs at an offset.
pub(super) fn pattern(offset: u64) -> u8 {
    (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// A file of `len` pattern bytes, and the path it has.
pub(super) fn patterned(dir: &tempfile::TempDir, name: &str, len: usize) -> (PathBuf, Arc<IoFile>) {
    let path = dir.path().join(name);
    std::fs::write(&path, (0..len as u64).map(pattern).collect::<Vec<_>>()).unwrap();
    let file = Arc::new(IoFile::open_read(&path).unwrap());
    (path, file)
}

pub(super) fn read(file: FileSlot, offset: u64, len: usize) -> Flight<AlignedBuf> {
    let buf = AlignedBuf::zeroed(len, BLOCK).unwrap();
    Flight {
        op: Op::Read,
        file,
        offset,
        len: len as u32,
        need: len as u32,
        buf,
        tag: offset,
        lane: Lane::Demand,
    }
}

/// Waits until nothing is in flight.
pub(super) fn finish(driver: &mut Driver) -> Vec<Completion<AlignedBuf>> {
    let (mut done, start) = (Vec::new(), Instant::now());
    while driver.in_flight() > 0 {
        assert!(start.elapsed() < SOON, "{}: flights never end", driver.name());
        driver.wait(Duration::from_secs(1), &mut done).unwrap();
    }
    done
}

fn only(driver: &mut Driver) -> Completion<AlignedBuf> {
    let mut done = finish(driver);
    assert_eq!(done.len(), 1);
    done.pop().unwrap()
}

fn assert_pattern(completion: &Completion<AlignedBuf>) {
    let moved = *completion.result.as_ref().unwrap() as usize;
    let offset = completion.flight.offset;
    let wrong =
        completion.flight.buf[..moved].iter().zip(offset..).position(|(&byte, at)| byte != pattern(at));
    assert_eq!(wrong, None, "first wrong byte of the flight at {offset}");
}

/// More flights than fit at once, all sizes, each completing with its own bytes under its own tag, once.
fn every_flight_brings_its_own_bytes(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 300 * BLOCK);
    let mut driver = open(8);
    let slot = driver.attach(file).unwrap();
    let mut waiting: Vec<_> =
        (0..100_u64).map(|i| read(slot, i * 7 % 290 * BLOCK as u64, (1 + i as usize % 9) * BLOCK)).collect();
    let mut done = Vec::new();
    while !waiting.is_empty() || driver.in_flight() > 0 {
        while let Some(flight) = waiting.pop() {
            if let Err(refused) = driver.submit(flight) {
                assert_eq!(driver.in_flight(), driver.capacity());
                waiting.push(refused);
                break;
            }
        }
        driver.wait(SOON, &mut done).unwrap();
    }
    assert_eq!(done.len(), 100);
    for completion in &done {
        assert_eq!(*completion.result.as_ref().unwrap(), completion.flight.len);
        assert_eq!(completion.flight.tag, completion.flight.offset);
        assert_pattern(completion);
    }
}

/// What is written is what is read back, over another descriptor too.
fn writes_arrive(open: fn(usize) -> Driver) {
    let dir = scratch();
    let path = dir.path().join("spill");
    let writer = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    let file = Arc::new(IoFile::for_spill(writer.into(), &path, None).unwrap());
    let mut driver = open(4);
    let slot = driver.attach(file).unwrap();
    for i in [3_u64, 0, 2, 1] {
        let mut flight = read(slot, i * 2 * BLOCK as u64, 2 * BLOCK);
        flight.op = Op::Write;
        let offset = flight.offset;
        flight.buf.iter_mut().zip(offset..).for_each(|(byte, at)| *byte = pattern(at));
        driver.submit(flight).unwrap();
    }
    assert!(finish(&mut driver).iter().all(|completion| completion.result.is_ok()));
    let expected: Vec<u8> = (0..8 * BLOCK as u64).map(pattern).collect();
    assert_eq!(std::fs::read(&path).unwrap(), expected);
    driver.submit(read(slot, 0, 8 * BLOCK)).unwrap();
    assert_pattern(&only(&mut driver));
}

/// The last block of a file ends early: enough when no more is needed, an error that says so when it is.
fn the_end_of_a_file_is_no_success(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (path, file) = patterned(&dir, "weights", 3 * BLOCK + 100);
    let mut driver = open(4);
    let slot = driver.attach(file).unwrap();
    let mut enough = read(slot, 2 * BLOCK as u64, 2 * BLOCK);
    enough.need = BLOCK as u32 + 100;
    driver.submit(enough).unwrap();
    let completion = only(&mut driver);
    assert_eq!(*completion.result.as_ref().unwrap(), BLOCK as u32 + 100);
    assert_pattern(&completion);

    for (offset, need) in [(2 * BLOCK, BLOCK + 101), (8 * BLOCK, 1)] {
        let mut flight = read(slot, offset as u64, 2 * BLOCK);
        flight.need = need as u32;
        driver.submit(flight).unwrap();
        let error = only(&mut driver).result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
        assert_eq!(error.fact("file"), path.to_str());
        assert_eq!(error.fact("offset"), Some(offset.to_string().as_str()));
    }
}

/// A file cut short while in use ends in an error, not in zeroes.
fn a_file_truncated_in_use_is_noticed(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (path, file) = patterned(&dir, "weights", 64 * BLOCK);
    let mut driver = open(2);
    let slot = driver.attach(file).unwrap();
    driver.submit(read(slot, 32 * BLOCK as u64, BLOCK)).unwrap();
    assert_pattern(&only(&mut driver));
    File::options().write(true).open(&path).unwrap().set_len(16 * BLOCK as u64).unwrap();
    driver.submit(read(slot, 8 * BLOCK as u64, 32 * BLOCK)).unwrap();
    let error = only(&mut driver).result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    driver.submit(read(slot, 8 * BLOCK as u64, 8 * BLOCK)).unwrap();
    assert_pattern(&only(&mut driver));
}

/// A full driver gives the flight back untouched, and counts what it carries.
fn a_full_driver_gives_the_flight_back(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 8 * BLOCK);
    let mut driver = open(3);
    let slot = driver.attach(file).unwrap();
    assert_eq!((driver.capacity(), driver.in_flight()), (3, 0));
    for i in 0..3 {
        driver.submit(read(slot, i * BLOCK as u64, BLOCK)).unwrap();
    }
    let mut extra = read(slot, 0, BLOCK);
    extra.tag = 77;
    let back = driver.submit(extra).unwrap_err();
    assert_eq!((back.tag, driver.in_flight()), (77, 3));
    assert_eq!(finish(&mut driver).len(), 3);
    driver.submit(back).unwrap();
    assert_eq!(only(&mut driver).flight.tag, 77);
}

/// A wake from another thread ends a long wait, one before the wait ends it too, and no wake lets it time out.
fn a_wake_ends_a_wait(open: fn(usize) -> Driver) {
    let mut driver = open(2);
    let mut done = Vec::new();
    let start = Instant::now();
    driver.wait(Duration::from_millis(30), &mut done).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(25), "returned before the timeout");
    for round in 0..20 {
        let waker = driver.waker();
        let (rung, before) = (Arc::new(AtomicBool::new(false)), round % 2 == 0);
        let ring = {
            let rung = Arc::clone(&rung);
            move || {
                rung.store(true, Ordering::Release);
                waker.wake();
                waker.wake();
            }
        };
        let start = Instant::now();
        if before {
            ring();
            driver.wait(SOON, &mut done).unwrap();
        } else {
            let thread = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(3));
                ring();
            });
            // A second ring of the round before may end this wait early; the work is what counts.
            while !rung.load(Ordering::Acquire) {
                driver.wait(SOON, &mut done).unwrap();
            }
            thread.join().unwrap();
        }
        assert!(rung.load(Ordering::Acquire) && start.elapsed() < SOON);
    }
    assert!(done.is_empty());
}

/// A driver dropped with flights under way returns, and with it every buffer it owned.
fn dropping_waits_for_the_flights(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 600 * BLOCK);
    let weak = Arc::downgrade(&file);
    for polls in [0, 1] {
        let mut driver = open(16);
        let slot = driver.attach(Arc::clone(&file)).unwrap();
        for i in 0..16 {
            driver.submit(read(slot, i * 32 * BLOCK as u64, 32 * BLOCK)).unwrap();
        }
        for _ in 0..polls {
            driver.wait(Duration::ZERO, &mut Vec::new()).unwrap();
        }
        drop(driver);
    }
    drop(file);
    assert_eq!(weak.strong_count(), 0, "a flight was leaked");
}

/// Offsets do not wrap at 32 bits.
fn offsets_pass_4_gib(open: fn(usize) -> Driver) {
    let dir = scratch();
    let path = dir.path().join("sparse");
    let writer = File::create(&path).unwrap();
    let offset = (5 << 30) + BLOCK as u64;
    writer
        .write_all_at(&(offset..offset + 2 * BLOCK as u64).map(pattern).collect::<Vec<_>>(), offset)
        .unwrap();
    let mut driver = open(2);
    let slot = driver.attach(Arc::new(IoFile::open_read(&path).unwrap())).unwrap();
    driver.submit(read(slot, offset, 2 * BLOCK)).unwrap();
    assert_pattern(&only(&mut driver));
}

/// Hundreds of files at once, each under its own slot; a detached slot serves another file afterwards, and flights
/// over it until then still reach the old one.
fn slots_name_one_file_at_a_time(open: fn(usize) -> Driver) {
    let dir = scratch();
    let mut driver = open(8);
    let slots: Vec<_> = (0..300_usize)
        .map(|i| {
            let path = dir.path().join(format!("shard-{i}"));
            std::fs::write(&path, vec![i as u8; BLOCK]).unwrap();
            driver.attach(Arc::new(IoFile::open_read(&path).unwrap())).unwrap()
        })
        .collect();
    for (i, &slot) in slots.iter().enumerate() {
        driver.submit(read(slot, 0, BLOCK)).unwrap();
        assert_eq!(only(&mut driver).flight.buf[0], i as u8);
    }
    driver.submit(read(slots[5], 0, BLOCK)).unwrap();
    driver.detach(slots[5]);
    let (_, other) = patterned(&dir, "other", BLOCK);
    let fresh = driver.attach(Arc::clone(&other)).unwrap();
    assert_ne!(fresh, slots[5], "a flight is still over the old file");
    assert_eq!(only(&mut driver).flight.buf[0], 5);
    assert_eq!(driver.attach(other).unwrap(), slots[5]);
    driver.submit(read(slots[5], 0, BLOCK)).unwrap();
    assert_pattern(&only(&mut driver));
}

/// Flights that cannot be are completed with an error naming them, and the driver goes on.
fn impossible_flights_are_named_errors(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (path, file) = patterned(&dir, "weights", 8 * BLOCK);
    let direct = file.is_direct();
    let mut driver = open(2);
    let slot = driver.attach(file).unwrap();
    let mut too_long = read(slot, 0, BLOCK);
    (too_long.len, too_long.need) = (2 * BLOCK as u32, 0);
    let mut needy = read(slot, 0, BLOCK);
    needy.need += 1;
    let far = read(slot, u64::MAX - (BLOCK as u64 - 1), BLOCK);
    let mut cases = vec![too_long, needy, far];
    if direct {
        cases.push(read(slot, 512, BLOCK));
        cases.push(read(slot, 0, 512));
    }
    for flight in cases {
        driver.submit(flight).unwrap();
        let error = only(&mut driver).result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_eq!(error.fact("file"), path.to_str());
    }
    driver.submit(read(FileSlot(9), 0, BLOCK)).unwrap();
    assert_eq!(only(&mut driver).result.unwrap_err().kind(), ErrorKind::Missing);
    driver.submit(read(slot, 0, BLOCK)).unwrap();
    assert_pattern(&only(&mut driver));
}

/// A write the file refuses is an error with the system's answer in it.
fn a_refused_write_is_a_named_error(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (path, file) = patterned(&dir, "weights", 2 * BLOCK);
    let mut driver = open(2);
    let slot = driver.attach(file).unwrap();
    let mut flight = read(slot, 0, BLOCK);
    flight.op = Op::Write;
    driver.submit(flight).unwrap();
    let error = only(&mut driver).result.unwrap_err();
    assert_eq!((error.kind(), error.fact("op")), (ErrorKind::Io, Some("write")));
    assert_eq!(error.fact("file"), path.to_str());
    assert!(error.to_string().contains("os error 9"), "{error}");
}

/// However much is queued in the background, a demand comes before nearly all of it; and the background comes in the
/// end, while demands go on.
fn a_demand_overtakes_the_background(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 512 * BLOCK);
    let mut driver = open(64);
    driver.fix_depth(1);
    let slot = driver.attach(file).unwrap();
    for i in 0..20 {
        let mut flight = read(slot, i * BLOCK as u64, BLOCK);
        flight.lane = [Lane::Background, Lane::WriteBack, Lane::Prefetch][i as usize % 3];
        driver.submit(flight).unwrap();
    }
    let mut done = Vec::new();
    driver.wait(Duration::ZERO, &mut done).unwrap();
    let begun = done.len() + 1;
    for i in 100..104 {
        driver.submit(read(slot, i * BLOCK as u64, BLOCK)).unwrap();
    }
    done.extend(finish(&mut driver));
    assert_eq!(done.len(), 24);
    let place =
        |tag: u64| done.iter().position(|completion| completion.flight.tag == tag * BLOCK as u64).unwrap();
    let last = (100..104).map(place).max().unwrap();
    // Begun already, then the four, but for one turn that the background may be due.
    assert!(last <= begun + 4, "{}: a demand came {last}th, {begun} had begun", driver.name());
    done.iter().for_each(assert_pattern);
    let report = driver.stats().report();
    assert_eq!(report.lanes.each_ref().map(|lane| lane.flights), [4, 6, 7, 7], "{report}");
}

/// A flight that is given up ends once, with its buffer, as cancelled or as done; others do not notice.
fn a_cancelled_flight_ends_once(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 512 * BLOCK);
    let mut driver = open(32);
    driver.fix_depth(2);
    let slot = driver.attach(file).unwrap();
    for i in 0..32 {
        driver.submit(read(slot, i * 16 * BLOCK as u64, 16 * BLOCK)).unwrap();
    }
    let mut done = Vec::new();
    driver.wait(Duration::ZERO, &mut done).unwrap();
    for i in (0..32).filter(|i| i % 3 == 0) {
        let tag = i * 16 * BLOCK as u64;
        let ended = done.iter().any(|completion| completion.flight.tag == tag);
        assert_eq!(driver.cancel(tag), !ended);
    }
    assert!(!driver.cancel(1), "no such flight");
    done.extend(finish(&mut driver));
    let mut tags: Vec<_> = done.iter().map(|completion| completion.flight.tag).collect();
    tags.sort_unstable();
    assert_eq!(tags, (0..32).map(|i| i * 16 * BLOCK as u64).collect::<Vec<_>>());
    for completion in &done {
        match &completion.result {
            Ok(_) => assert_pattern(completion),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
                let nth = completion.flight.tag / (16 * BLOCK as u64);
                assert!(nth.is_multiple_of(3), "nobody cancelled this one");
            }
        }
    }
    let cancelled = done.iter().filter(|completion| completion.result.is_err()).count() as u64;
    assert!(cancelled >= 5, "{}: {cancelled} of 11 cancelled", driver.name());
}

/// A flight of many pieces arrives whole, its end included.
fn pieces_make_a_whole(open: fn(usize) -> Driver) {
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", (9 << 20) + 100);
    let mut driver = open(4);
    let slot = driver.attach(file).unwrap();
    let mut flight = read(slot, 1 << 20, (8 << 20) + BLOCK);
    flight.need = (8 << 20) + 100;
    driver.submit(flight).unwrap();
    let completion = only(&mut driver);
    assert_eq!(*completion.result.as_ref().unwrap(), (8 << 20) + 100);
    assert_pattern(&completion);
}

macro_rules! suite {
    ($driver:ident, $open:expr, [$($promise:ident),+ $(,)?]) => {
        mod $driver {
            $(#[test]
            fn $promise() {
                super::$promise($open);
            })+
        }
    };
}

macro_rules! judged {
    ($($driver:ident: $open:expr;)+) => {
        $(suite!($driver, $open, [
            every_flight_brings_its_own_bytes,
            writes_arrive,
            the_end_of_a_file_is_no_success,
            a_file_truncated_in_use_is_noticed,
            a_full_driver_gives_the_flight_back,
            a_wake_ends_a_wait,
            dropping_waits_for_the_flights,
            offsets_pass_4_gib,
            slots_name_one_file_at_a_time,
            impossible_flights_are_named_errors,
            a_refused_write_is_a_named_error,
            a_demand_overtakes_the_background,
            a_cancelled_flight_ends_once,
            pieces_make_a_whole,
        ]);)+
    };
}

judged! {
    threads: |entries| Box::new(super::Threads::open(entries).unwrap());
    uring: super::ring_or_threads;
    sim: |entries| Box::new(super::Sim::open(entries, super::Faults::none(1)).unwrap());
    // Everything that may happen without an error: parts, delays, any order.
    sim_restless: |entries| {
        let faults = super::Faults { short_per_mille: 500, delay_waits: 3, reorder: true, ..super::Faults::none(2) };
        Box::new(super::Sim::open(entries, faults).unwrap())
    };
}

/// The ring, or threads where the machine refuses it, said loudly.
pub(super) fn ring_or_threads(entries: usize) -> Driver {
    match Uring::open(entries) {
        Ok(ring) => Box::new(ring),
        Err(refused) => {
            eprintln!("SKIPPED for io_uring, judged threads instead: {refused}");
            Box::new(Threads::open(entries).unwrap())
        }
    }
}
