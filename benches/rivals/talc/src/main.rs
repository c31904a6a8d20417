//! The shared workload under talc: one heap behind a spin lock, growing by 64 MiB of fresh pages at a time.

use spinning_top::RawSpinlock;
use std::alloc::Layout;
use talc::TalcLock;
use talc::base::Talc;
use talc::base::binning::Binning;
use talc::source::Source;

/// Least that is asked of the kernel at once.
const STEP: usize = 64 << 20;
/// What the heap keeps for itself of each piece, at most.
const OVERHEAD: usize = 64 << 10;

#[global_allocator]
static GLOBAL: TalcLock<RawSpinlock, Pages> = TalcLock::new(Pages);

fn main() -> std::process::ExitCode {
    workload::main()
}

/// Memory straight from the kernel, never given back.
#[derive(Debug)]
struct Pages;

// SAFETY:
// - it reaches the heap through the reference it is given, and allocates from nobody;
// - what it claims is mapped, writable and owned by nobody else.
unsafe impl Source for Pages {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let bytes = (layout.size() + layout.align() + OVERHEAD).next_multiple_of(STEP);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a fresh mapping at a place the kernel chooses; nothing is replaced.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(());
        }
        // SAFETY: `bytes` from `start` were just mapped, and are given to this heap alone.
        unsafe { talc.claim(start.cast(), bytes) }.map(|_| ()).ok_or(())
    }
}
