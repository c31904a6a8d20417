//! Heap corruption: one line to standard error, then SIGABRT. Allocates nothing, unwinds nothing.

use std::io::Write;

use crate::sys::process;

/// Ends the process because of what was found at `address`.
#[cold]
#[inline(never)]
pub(crate) fn corrupt(found: &str, address: usize) -> ! {
    let mut line = [0u8; 160];
    let mut rest = &mut line[..];
    // Integers and strings are formatted without allocating; a line that does not fit is cut short.
    let _ = writeln!(rest, "stratal: heap corruption: {found} at {address:#x}");
    let left = rest.len();
    process::abort_with(&line[..line.len() - left])
}
