//! The rival that reads with `pread` past the page cache, from as many threads as we have flights.

use super::DEPTH;
use std::fs::OpenOptions;
use std::hint::black_box;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use stratal::Result;

const ALIGN: usize = 4096;

/// Reads every block; threads take the next offset as they become free.
pub(super) fn read(path: &Path, offsets: &[u64], block: usize, ready: &mut dyn FnMut()) -> Result<()> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_DIRECT).open(path)?;
    let next = AtomicUsize::new(0);
    let gate = Barrier::new(DEPTH + 1);
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            let mut memory = vec![1_u8; block + ALIGN];
            let start = memory.as_ptr().align_offset(ALIGN);
            gate.wait();
            gate.wait();
            while let Some(&offset) = offsets.get(next.fetch_add(1, Ordering::Relaxed)) {
                file.read_exact_at(&mut memory[start..start + block], offset)?;
                black_box(memory[start]);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..DEPTH).map(|_| scope.spawn(work)).collect();
        // All memory is there at the first meeting; the clock starts before the second.
        gate.wait();
        ready();
        gate.wait();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a reader does not panic"))
    })
}
