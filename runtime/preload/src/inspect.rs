//! Asking and tuning: `malloc_usable_size(3)`, `mallinfo(3)`, `malloc_trim(3)`, `malloc_stats(3)`, `mallopt(3)`.

use std::ffi::{c_int, c_void};
use std::io::Write;

use crate::block::{self, POOL};

/// `malloc_usable_size(3)`: what the owner may use, 0 for null.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    block::usable(block.cast())
}

/// `malloc_trim(3)`: gives free memory back to the system, and returns whether there was any. All of it goes:
/// `_pad` is not kept.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_trim(_pad: usize) -> c_int {
    let before = POOL.stats().committed_bytes;
    POOL.purge();
    c_int::from(POOL.stats().committed_bytes < before)
}

/// `mallopt(3)`: accepts every parameter and changes nothing.
#[unsafe(no_mangle)]
pub extern "C" fn mallopt(_parameter: c_int, _value: c_int) -> c_int {
    1
}

/// `struct mallinfo2`: bytes and counts, in glibc's order.
#[derive(Debug)]
#[repr(C)]
pub struct MallInfo2 {
    /// Bytes in slabs and runs that are not one block each: committed, less `hblkhd`.
    arena: usize,
    /// Free chunks; not counted, 0.
    ordblks: usize,
    /// Free fast chunks; there are none, 0.
    smblks: usize,
    /// Blocks above 64 KiB; not counted, 0.
    hblks: usize,
    /// Bytes in blocks above 64 KiB.
    hblkhd: usize,
    /// 0, as in glibc.
    usmblks: usize,
    /// Bytes in free fast chunks; there are none, 0.
    fsmblks: usize,
    /// Bytes in live blocks of at most 64 KiB.
    uordblks: usize,
    /// Bytes that are committed and not live.
    fordblks: usize,
    /// Bytes that `malloc_trim` could give back at most.
    keepcost: usize,
}

/// `struct mallinfo`, whose fields of the same names wrap at 2 GiB; that is why `mallinfo2` exists.
#[derive(Debug)]
#[repr(C)]
pub struct MallInfo {
    fields: [c_int; 10],
}

/// `mallinfo2(3)`: takes three short locks.
#[unsafe(no_mangle)]
pub extern "C" fn mallinfo2() -> MallInfo2 {
    let stats = POOL.stats();
    let free = stats.committed_bytes.saturating_sub(stats.live_bytes);
    MallInfo2 {
        arena: stats.committed_bytes.saturating_sub(stats.large_bytes),
        ordblks: 0,
        smblks: 0,
        hblks: 0,
        hblkhd: stats.large_bytes,
        usmblks: 0,
        fsmblks: 0,
        uordblks: stats.live_bytes.saturating_sub(stats.large_bytes),
        fordblks: free,
        keepcost: free,
    }
}

/// `mallinfo(3)`.
#[unsafe(no_mangle)]
pub extern "C" fn mallinfo() -> MallInfo {
    let info = mallinfo2();
    let fields = [
        info.arena,
        info.ordblks,
        info.smblks,
        info.hblks,
        info.hblkhd,
        info.usmblks,
        info.fsmblks,
        info.uordblks,
        info.fordblks,
        info.keepcost,
    ];
    MallInfo { fields: fields.map(|field| field as c_int) }
}

/// `malloc_stats(3)`: prints what the pool holds to standard error, in one piece.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_stats() {
    let stats = POOL.stats();
    let mut text = [0u8; 512];
    let mut rest = &mut text[..];
    // Integers are formatted without allocating; a text that does not fit is cut short.
    let _ = writeln!(
        rest,
        "stratal: live {} bytes, of them {} in blocks above 64 KiB\nstratal: committed {} bytes, reserved {} bytes",
        stats.live_bytes, stats.large_bytes, stats.committed_bytes, stats.reserved_bytes,
    );
    let left = rest.len();
    let text = &text[..text.len() - left];
    // SAFETY: readable for its length. A failed write has nobody to be told.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
