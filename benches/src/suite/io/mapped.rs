//! The rival that maps the file and touches every page.

use memmap2::{Advice, Mmap};
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use stratal::Result;

const PAGE: usize = 4096;

/// Touches every page of every block, in the order given; the kernel is told what to expect.
pub(super) fn read(path: &Path, offsets: &[u64], block: usize, ready: &mut dyn FnMut()) -> Result<()> {
    let file = File::open(path)?;
    // SAFETY: the file is this program's own and nobody changes it while it is mapped.
    let map = unsafe { Mmap::map(&file)? };
    ready();
    let in_order = offsets.is_sorted();
    map.advise(if in_order { Advice::Sequential } else { Advice::Normal })?;
    for &offset in offsets {
        let start = offset as usize;
        map.advise_range(Advice::WillNeed, start, block)?;
        let bytes = &map[start..start + block];
        black_box(bytes.iter().step_by(PAGE).map(|&byte| u64::from(byte)).sum::<u64>());
    }
    Ok(())
}
