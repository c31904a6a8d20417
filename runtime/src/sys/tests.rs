//! Promise: reserved ranges are aligned, zero and private to their owner; moving pages moves every byte and leaves
//! the source reserved and zero.

use super::*;
use crate::align::HUGE_PAGE;

/// A reservation that is released at the end of a test.
struct Window {
    start: NonNull<u8>,
    len: usize,
}

impl Window {
    fn new(len: usize, align: usize) -> Self {
        Self { start: reserve(len, align).unwrap(), len }
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY:
        // - `len` bytes were reserved at `start`, readable, writable and zero when fresh.
        // - `&mut self` makes the slice the only access.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    fn fill(&mut self) {
        for (i, byte) in self.bytes().iter_mut().enumerate() {
            *byte = pattern(i);
        }
    }

    fn holds_pattern(&mut self) -> bool {
        self.bytes().iter().enumerate().all(|(i, &byte)| byte == pattern(i))
    }

    fn is_zero(&mut self) -> bool {
        self.bytes().iter().all(|&byte| byte == 0)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: reserved by `new`, and its borrows ended.
        unsafe { release(self.start, self.len) }.unwrap();
    }
}

fn pattern(i: usize) -> u8 {
    (i ^ (i >> 8) ^ (i >> 16)) as u8 | 1
}

#[test]
fn every_alignment_is_met_and_the_range_is_zero() {
    for shift in [0, 12, 13, 16, 21, 25] {
        let mut window = Window::new(3 * page_size(), 1 << shift);
        assert_eq!(window.start.as_ptr().addr() % (1 << shift), 0, "align 2^{shift}");
        assert!(window.is_zero());
        window.fill();
        assert!(window.holds_pattern());
    }
}

#[test]
fn impossible_reservations_are_errors() {
    assert_eq!(reserve(0, 1).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(reserve(4096, 3).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(reserve(usize::MAX, 1).unwrap_err().kind(), ErrorKind::OutOfMemory);
    assert_eq!(reserve(usize::MAX / 4, HUGE_PAGE).unwrap_err().kind(), ErrorKind::OutOfMemory);
}

#[test]
fn decommitted_ranges_read_zero_and_stay_usable() {
    let mut window = Window::new(HUGE_PAGE, HUGE_PAGE);
    window.fill();
    // SAFETY: the window's own range; its contents may go.
    unsafe { decommit(window.start, window.len) }.unwrap();
    assert!(window.is_zero());
    window.fill();
    assert!(window.holds_pattern());
}

#[test]
fn populating_keeps_the_contents() {
    let mut window = Window::new(16 * page_size(), 1);
    window.fill();
    // SAFETY: the window's own range, accessed by nobody meanwhile.
    unsafe { populate(window.start, window.len) }.unwrap();
    assert!(window.holds_pattern());
}

#[test]
fn remapping_moves_every_byte_and_leaves_the_source_reserved() {
    let mut source = Window::new(4 * page_size(), 1);
    let mut target = Window::new(4 * page_size(), 1);
    source.fill();
    for _ in 0..3 {
        // SAFETY: two windows of this test, disjoint, not accessed meanwhile.
        unsafe { remap(source.start, source.len, target.start) }.unwrap();
        assert!(target.holds_pattern());
        assert!(source.is_zero());
        std::mem::swap(&mut source, &mut target);
    }
}

#[test]
fn part_of_a_reservation_can_be_moved_into_the_middle_of_another() {
    let page = page_size();
    let mut source = Window::new(4 * page, 1);
    let mut target = Window::new(4 * page, 1);
    source.fill();
    // SAFETY: both offsets lie inside their windows.
    let (from, to) = unsafe { (source.start.add(page), target.start.add(2 * page)) };
    // SAFETY: one page of each window, disjoint, not accessed meanwhile.
    unsafe { remap(from, page, to) }.unwrap();
    assert!((0..page).all(|i| target.bytes()[2 * page + i] == pattern(page + i)));
    assert!(target.bytes()[..2 * page].iter().all(|&byte| byte == 0));
    assert!(source.bytes()[page..2 * page].iter().all(|&byte| byte == 0));
    assert!((0..page).all(|i| source.bytes()[i] == pattern(i)));
}

#[cfg(not(miri))]
#[test]
fn a_refused_remap_leaves_both_ranges_usable() {
    let page = page_size();
    let mut source = Window::new(2 * page, 1);
    let mut target = Window::new(2 * page, 1);
    source.fill();
    // SAFETY: one byte into the window.
    let odd = unsafe { target.start.add(1) };
    // SAFETY: the kernel refuses an address that is no page; the windows are not accessed meanwhile.
    let refused = unsafe { remap(source.start, page, odd) };
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(source.holds_pattern());
    target.fill();
    assert!(target.holds_pattern());
}

#[cfg(not(miri))]
#[test]
fn huge_pages_move_whole() {
    let mut source = Window::new(2 * HUGE_PAGE, HUGE_PAGE);
    let mut target = Window::new(2 * HUGE_PAGE, HUGE_PAGE);
    // SAFETY: the window's own range.
    let advised = unsafe { advise_huge(source.start, source.len) };
    source.fill();
    if !advised || huge_bytes(&source) < source.len {
        eprintln!("SKIPPED huge_pages_move_whole: the system gives no transparent huge pages");
        return;
    }
    // SAFETY: two windows of this test, disjoint, not accessed meanwhile.
    unsafe { remap(source.start, source.len, target.start) }.unwrap();
    assert_eq!(huge_bytes(&target), target.len);
    assert_eq!(huge_bytes(&source), 0);
    assert!(target.holds_pattern());
    assert!(source.is_zero());
}

/// Bytes of `window` that huge pages back, as the kernel lists them.
#[cfg(not(miri))]
fn huge_bytes(window: &Window) -> usize {
    let start = window.start.as_ptr().addr();
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    let mut bytes = 0;
    for line in maps.lines() {
        if let Some((from, _)) = line.split_once('-').filter(|_| !line.contains("kB")) {
            inside =
                usize::from_str_radix(from, 16).is_ok_and(|from| from >= start && from < start + window.len);
        } else if let Some(kib) = line.strip_prefix("AnonHugePages:").filter(|_| inside) {
            bytes += kib.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024;
        }
    }
    bytes
}

#[cfg(not(miri))]
#[test]
fn a_forked_child_does_not_see_the_range() {
    let mut window = Window::new(page_size(), 1);
    window.fill();
    // SAFETY: no child accesses the window; the kernel only inspects its mapping.
    assert!(unsafe { dont_fork(window.start, window.len) });
    // SAFETY: the window's own range.
    assert!(unsafe { dont_dump(window.start, window.len) });
    // SAFETY: the child below calls only async-signal-safe functions, then `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let mut residency = 0u8;
        // SAFETY: mincore writes one byte for one page, and fails with ENOMEM where nothing is mapped.
        let status = unsafe { libc::mincore(window.start.as_ptr().cast(), page_size(), &raw mut residency) };
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(status + 1) };
    }
    let mut status = 0;
    // SAFETY: `child` was forked above; `status` outlives the call.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status));
    assert_eq!(libc::WEXITSTATUS(status), 0, "mincore must fail in the child");
    assert!(window.holds_pattern());
}

/// Files that are looked at in the middle of `malloc` and `free` leave `errno` alone, whether they are there or not.
// Loom builds leave the room `process` out.
#[cfg(not(stratal_loom))]
#[test]
fn files_of_the_system_leave_errno_alone() {
    // SAFETY: takes nothing and returns the address of this thread's errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: this thread's own.
    unsafe { errno.write(libc::EDOM) };
    let mut text = [0u8; 16];
    let missing = process::read_start(c"/sys/none", &mut text).is_none();
    let folder = process::read_start(c"/sys", &mut text).is_none();
    let found = process::read_start(c"/proc/self/stat", &mut text).map(<[u8]>::len);
    let mappings = process::mappings();
    // SAFETY: as above.
    assert_eq!(unsafe { errno.read() }, libc::EDOM);
    if !cfg!(miri) {
        assert!(missing && folder);
        assert_eq!(found, Some(16));
        assert!(mappings.is_some_and(|lines| lines > 5));
    }
}

#[cfg(not(stratal_loom))]
#[test]
fn many_ranges_are_decommitted_at_once_and_what_lies_between_stays() {
    let page = page_size();
    for count in [1, 2, RANGES_MAX] {
        let mut window = Window::new(2 * count * page, page);
        window.fill();
        let ranges: Vec<Range> = (0..count)
            .map(|at| Range { start: window.start.as_ptr().wrapping_add(2 * at * page), len: page })
            .collect();
        // SAFETY: every other page of the window, whose contents nobody needs.
        unsafe { decommit_each(&ranges) };
        for (at, bytes) in window.bytes().chunks(page).enumerate() {
            let gone = at % 2 == 0;
            assert!(bytes.iter().all(|&byte| (byte == 0) == gone), "page {at} of {count} ranges");
        }
    }
}

/// Whether one call takes them all or each takes one, a refusal concerns the refused range alone.
#[cfg(not(stratal_loom))]
#[test]
#[cfg(not(miri))]
fn a_range_that_is_refused_keeps_no_other_from_going() {
    let page = page_size();
    let mut window = Window::new(4 * page, page);
    for _ in 0..2 {
        window.fill();
        let at = |page_number: usize| window.start.as_ptr().wrapping_add(page_number * page);
        // The middle one starts within a page.
        let ranges = [0, 1, 3].map(|number| Range { start: at(number).wrapping_add(number % 3), len: page });
        // SAFETY: pages of the window, whose contents nobody needs.
        unsafe { decommit_each(&ranges) };
        let is_zero: Vec<bool> =
            window.bytes().chunks(page).map(|bytes| bytes.iter().all(|&byte| byte == 0)).collect();
        assert_eq!(is_zero, [true, false, false, true]);
    }
}
