//! Alignment arithmetic and the alignments that matter here: cache line, device transfer, huge page.
//!
//! Every function is total: a size that cannot be rounded up without wrapping gives `None`.

/// Bytes of a cache line, and the alignment of every tensor buffer.
pub const CACHE_LINE: usize = 64;

/// Alignment that device transfers and registered I/O buffers want, in bytes.
pub const DEVICE: usize = 256;

/// Bytes of a transparent huge page.
pub const HUGE_PAGE: usize = 2 << 20;

/// The smallest multiple of `align` that is at least `value`; `None` if it would wrap or `align` is not a
/// power of two.
///
/// ```
/// use stratal_runtime::align::{CACHE_LINE, align_up};
/// assert_eq!(align_up(65, CACHE_LINE), Some(128));
/// assert_eq!(align_up(usize::MAX, CACHE_LINE), None);
/// ```
#[must_use]
pub const fn align_up(value: usize, align: usize) -> Option<usize> {
    if !align.is_power_of_two() {
        return None;
    }
    match value.checked_add(align - 1) {
        Some(sum) => Some(sum & !(align - 1)),
        None => None,
    }
}

/// The largest multiple of `align` that is at most `value`; `None` if `align` is not a power of two.
///
/// ```
/// assert_eq!(stratal_runtime::align::align_down(4097, 4096), Some(4096));
/// ```
#[must_use]
pub const fn align_down(value: usize, align: usize) -> Option<usize> {
    if align.is_power_of_two() { Some(value & !(align - 1)) } else { None }
}

/// Whether `value` is a multiple of `align`, a power of two.
///
/// ```
/// use stratal_runtime::align::is_aligned;
/// assert!(is_aligned(8192, 4096) && !is_aligned(8193, 4096));
/// ```
#[must_use]
pub const fn is_aligned(value: usize, align: usize) -> bool {
    align.is_power_of_two() && value & (align - 1) == 0
}

#[cfg(test)]
mod tests;
