//! A loop over the rows of a result, shared out among threads.
//!
//! Invariant: every row is computed once, by one thread, from the same inputs: how many threads there are does not show.

use crate::sync::threads;

/// Computed elements that are worth a thread of their own: some hundred microseconds of work.
const SHARE: usize = 1 << 18;

/// Calls `compute` for slices of `out` that are whole rows of `row` elements, with the number of the first row, and
/// joins the faults. `work` says how many elements are computed for a row.
pub fn by_rows<T: Send>(
    out: &mut [T],
    row: usize,
    work: usize,
    compute: impl Fn(&mut [T], usize) -> u32 + Sync,
) -> u32 {
    let rows = out.len().checked_div(row).unwrap_or(0);
    if rows == 0 {
        return 0;
    }
    let worth = rows.saturating_mul(work) / SHARE;
    let shares = if worth > 1 { worth.min(threads::available()).min(rows) } else { 1 };
    if shares == 1 {
        return compute(out, 0);
    }
    let each = rows.div_ceil(shares);
    threads::scope(|scope| {
        let mut slices = out.chunks_mut(each * row).enumerate();
        let first = slices.next();
        let compute = &compute;
        let others: Vec<_> =
            slices.map(|(at, slice)| scope.spawn(move || compute(slice, at * each))).collect();
        let mut fault = first.map_or(0, |(_, slice)| compute(slice, 0));
        for other in others {
            match other.join() {
                Ok(found) => fault |= found,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        fault
    })
}

/// The rows of a slice, numbered.
#[inline(always)]
pub fn rows_of<T>(out: &mut [T], row: usize) -> impl Iterator<Item = (usize, &mut [T])> {
    out.chunks_exact_mut(row).enumerate()
}
