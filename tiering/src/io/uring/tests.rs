//! Promises of the ring beyond the suite: registered pages are found wherever they were remapped to, and a machine
//! that refuses io_uring at any step gets threads and the reason.

use super::*;
use crate::io::buf::AlignedBuf;
use crate::io::conformance::{pattern, patterned, scratch};
use crate::io::{FixedPlace, open};
use std::os::unix::process::CommandExt;
use std::process::Command;
use stratal_runtime::sys;

const FRAME: usize = 2 << 20;

/// A frame of registered memory, seen at `start` now.
#[derive(Debug)]
struct Frame {
    start: NonNull<u8>,
    place: FixedPlace,
}

// SAFETY:
// - the bytes are plain data, reached by one owner at a time in these tests
unsafe impl Send for Frame {}

// SAFETY:
// - the tests keep the window mapped and untouched until the completion
// - `place` is where the same pages were when the region was registered
unsafe impl IoBuf for Frame {
    fn start(&self) -> NonNull<u8> {
        self.start
    }

    fn len(&self) -> usize {
        FRAME
    }

    fn fixed(&self) -> Option<FixedPlace> {
        Some(self.place)
    }
}

fn at(base: NonNull<u8>, frame: usize) -> NonNull<u8> {
    // SAFETY:
    // - the tests stay inside the region they reserved
    unsafe { base.add(frame * FRAME) }
}

fn bytes<'a>(start: NonNull<u8>) -> &'a [u8] {
    // SAFETY:
    // - a populated frame of the test, with no flight over it now
    unsafe { std::slice::from_raw_parts(start.as_ptr(), FRAME) }
}

fn holds(start: NonNull<u8>, offset: u64) -> bool {
    bytes(start).iter().zip(offset..).all(|(&byte, at)| byte == pattern(at))
}

fn carry(ring: &mut Uring<Frame>, op: Op, file: FileSlot, offset: u64, buf: Frame) {
    let (len, mut done) = (FRAME as u32, Vec::new());
    ring.submit(Flight { op, file, offset, len, need: len, buf, tag: 0, lane: Lane::Demand }).unwrap();
    while ring.in_flight() > 0 {
        ring.wait(Duration::from_secs(20), &mut done).unwrap();
    }
    assert_eq!(*done[0].result.as_ref().unwrap(), len);
}

/// The design rests on this: frames are registered once, move between their pool and the windows of tensors, and
/// transfers that name them by their first address reach the pages where they are now.
fn registered_frames_are_found_after_remapping(huge: bool) {
    let mut ring = match Uring::<Frame>::open(4) {
        Ok(ring) => ring,
        Err(refused) => return eprintln!("SKIPPED: {refused}"),
    };
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 3 * FRAME);
    let slot = ring.attach(file).unwrap();
    let pool = sys::reserve(4 * FRAME, FRAME).unwrap();
    let window = sys::reserve(4 * FRAME, FRAME).unwrap();
    if huge {
        // SAFETY:
        // - both ranges were reserved just now
        unsafe { assert!(sys::advise_huge(pool, 4 * FRAME) && sys::advise_huge(window, 4 * FRAME)) };
    }
    // SAFETY:
    // - the range was reserved just now
    unsafe { sys::populate(pool, 4 * FRAME) }.unwrap();
    // SAFETY:
    // - the pages are released after the ring is dropped
    if !unsafe { ring.register(0, pool, 4 * FRAME) } {
        return eprintln!("SKIPPED: the kernel refuses registered memory");
    }
    let place = |frame: usize| FixedPlace { region: 0, address: at(pool, frame).as_ptr().addr() as u64 };
    for round in 0..3_usize {
        // Frame 1 becomes window 3, frame 2 window 0: addresses and order both change.
        for (frame, to) in [(1, 3), (2, 0)] {
            // SAFETY:
            // - both frames are mapped, disjoint and without flights
            unsafe { sys::remap(at(pool, frame), FRAME, at(window, to)) }.unwrap();
            let offset = ((frame + round) % 3 * FRAME) as u64;
            carry(&mut ring, Op::Read, slot, offset, Frame { start: at(window, to), place: place(frame) });
            assert!(holds(at(window, to), offset), "the bytes are not where the pages are");
        }
        assert!(bytes(at(pool, 0)).iter().all(|&byte| byte == 0), "a frame that stayed was written");
        for (frame, to) in [(1, 3), (2, 0)] {
            // SAFETY:
            // - both frames are mapped, disjoint and without flights
            unsafe { sys::remap(at(window, to), FRAME, at(pool, frame)) }.unwrap();
            assert!(holds(at(pool, frame), ((frame + round) % 3 * FRAME) as u64));
        }
    }
    written_from_a_moved_frame(&mut ring, &dir, at(pool, 1), at(window, 1), place(1));
    replaced_pages_are_reached(&mut ring, slot, at(pool, 3), place(3));
    drop(ring);
    for base in [pool, window] {
        // SAFETY:
        // - the ring is closed, and nothing refers to the range any more
        unsafe { sys::release(base, 4 * FRAME) }.unwrap();
    }
}

/// A region that was unregistered is not named any more: its pages may be given back, and what lies there then is what
/// transfers reach; the index may be registered again.
fn replaced_pages_are_reached(
    ring: &mut Uring<Frame>,
    slot: FileSlot,
    frame: NonNull<u8>,
    place: FixedPlace,
) {
    assert!(ring.unregister(place.region), "no flight is under way");
    assert!(ring.unregister(place.region), "an unknown region pins nothing");
    for again in [false, true] {
        // SAFETY:
        // - the frame is mapped, without flights, and its bytes are not needed any more
        unsafe { sys::decommit(frame, FRAME).and_then(|()| sys::populate(frame, FRAME)) }.unwrap();
        // SAFETY:
        // - the pages are released after the ring is dropped
        assert!(!again || unsafe { ring.register(place.region, frame, FRAME) });
        carry(ring, Op::Read, slot, FRAME as u64, Frame { start: frame, place });
        assert!(holds(frame, FRAME as u64), "the bytes are not where the pages are");
    }
}

/// Writes find moved pages too.
fn written_from_a_moved_frame(
    ring: &mut Uring<Frame>,
    dir: &tempfile::TempDir,
    frame: NonNull<u8>,
    window: NonNull<u8>,
    place: FixedPlace,
) {
    let path = dir.path().join("spill");
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    let slot = ring.attach(Arc::new(IoFile::for_spill(file.into(), &path, None).unwrap())).unwrap();
    let expected = bytes(frame).to_vec();
    // SAFETY:
    // - both frames are mapped, disjoint and without flights
    unsafe { sys::remap(frame, FRAME, window) }.unwrap();
    carry(ring, Op::Write, slot, 0, Frame { start: window, place });
    assert_eq!(std::fs::read(&path).unwrap(), expected);
}

#[test]
fn registered_small_pages_are_found_after_remapping() {
    registered_frames_are_found_after_remapping(false);
}

#[test]
fn registered_huge_pages_are_found_after_remapping() {
    registered_frames_are_found_after_remapping(true);
}

/// A flight that nothing will ever complete is cancelled when the driver goes, and its buffer comes free.
#[test]
fn dropping_cancels_what_never_ends() {
    let mut ring = match Uring::<AlignedBuf>::open(2) {
        Ok(ring) => ring,
        Err(refused) => return eprintln!("SKIPPED: {refused}"),
    };
    let (silent, _writer) = io::pipe().unwrap();
    let file = Arc::new(IoFile::for_spill(silent.into(), "silent pipe".as_ref(), None).unwrap());
    let weak = Arc::downgrade(&file);
    let slot = ring.attach(file).unwrap();
    ring.submit(crate::io::conformance::read(slot, 0, 4096)).unwrap();
    ring.wait(Duration::from_millis(5), &mut Vec::new()).unwrap();
    assert_eq!(ring.in_flight(), 1, "the pipe was to stay silent");
    let start = Instant::now();
    drop(ring);
    assert!(start.elapsed() < DRAIN_DEADLINE && weak.strong_count() == 0);
}

/// A flight that nothing will ever complete is given up: the kernel lets go of its buffer, and it ends.
#[test]
fn what_never_ends_can_be_cancelled() {
    let mut ring = match Uring::<AlignedBuf>::open(2) {
        Ok(ring) => ring,
        Err(refused) => return eprintln!("SKIPPED: {refused}"),
    };
    let (silent, _writer) = io::pipe().unwrap();
    let slot = ring
        .attach(Arc::new(IoFile::for_spill(silent.into(), "silent pipe".as_ref(), None).unwrap()))
        .unwrap();
    ring.submit(crate::io::conformance::read(slot, 0, 4096)).unwrap();
    let mut done = Vec::new();
    ring.wait(Duration::from_millis(5), &mut done).unwrap();
    assert!(ring.cancel(0) && done.is_empty(), "the kernel still has the buffer");
    while ring.in_flight() > 0 {
        ring.wait(Duration::from_secs(20), &mut done).unwrap();
    }
    assert_eq!(done[0].result.as_ref().unwrap_err().kind(), ErrorKind::Closed);
}

/// The ring is one thread's own, and completions run in its `enter` alone, where the kernel knows how (6.1).
#[test]
fn completions_come_to_the_owner_alone() {
    let ring = match Uring::<AlignedBuf>::open(2) {
        Ok(ring) => ring,
        Err(refused) => return eprintln!("SKIPPED: {refused}"),
    };
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < (6, 1) {
        return eprintln!("SKIPPED: Linux {release} defers no completions");
    }
    assert_eq!(ring.ring.manners, ring::Manners::Deferred);
    assert!(ring.ring.raw().params().is_setup_single_issuer());
}

/// Set in the child processes that have io_uring taken away.
const DENIED: &str = "STRATAL_TEST_DENIED_SYSCALL";

/// Runs in a child whose filter denies one system call of io_uring: the bytes come all the same, by threads.
#[test]
fn inside_a_filter_threads_take_over() {
    let Ok(step) = std::env::var(DENIED) else { return };
    let (mut driver, refused) = open::<AlignedBuf>(4).unwrap();
    let refused = refused.expect("the filter denies io_uring");
    assert_eq!((driver.name(), refused.kind()), ("threads", ErrorKind::Unsupported));
    assert_eq!(refused.fact("step"), Some(step.as_str()), "{refused}");
    let dir = scratch();
    let (_, file) = patterned(&dir, "weights", 8192);
    let slot = driver.attach(file).unwrap();
    driver.submit(crate::io::conformance::read(slot, 4096, 4096)).unwrap();
    let done = crate::io::conformance::finish(&mut driver);
    assert!(done[0].result.is_ok() && done[0].flight.buf[0] == pattern(4096));
    println!("took over after {refused}");
}

/// A container may deny the setup of a ring, or allow it and deny entering it: both are noticed at opening.
#[test]
fn a_machine_that_refuses_io_uring_gets_threads() {
    for (step, call) in [("setup", libc::SYS_io_uring_setup), ("enter", libc::SYS_io_uring_enter)] {
        if step == "enter"
            && let Err(refused) = Uring::<AlignedBuf>::open(1)
        {
            eprintln!("SKIPPED the refusal of enter: this machine refuses io_uring already: {refused}");
            continue;
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "io::uring::tests::inside_a_filter_threads_take_over", "--nocapture"]);
        child.env(DENIED, step);
        // SAFETY:
        // - between fork and exec the child only makes two prctl calls, which are safe there
        unsafe { child.pre_exec(move || deny(call as u32)) };
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("took over"), "{said}");
    }
}

/// Makes one system call fail with EPERM in this process and its children, for good.
fn deny(call: u32) -> io::Result<()> {
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut filter = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, call),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY:
    // - the call takes numbers only
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY:
    // - `program` and the filter it names outlive the call, which copies them
    if unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
