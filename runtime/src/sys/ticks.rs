//! A clock of a few nanoseconds a reading, to order what threads did.

/// Ticks of a counter that all processors share, of no particular unit; 0 where the machine has none that a program
/// may read. Two readings, one of which happened before the other, are ordered to within some tens of nanoseconds.
#[inline]
#[must_use]
pub fn ticks() -> u64 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        // SAFETY: reads the time-stamp counter, which every processor of this architecture has.
        unsafe { std::arch::x86_64::_rdtsc() }
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    {
        let ticks: u64;
        // SAFETY: reads the virtual counter, which the architecture lets programs read; no memory is touched.
        unsafe { std::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack)) };
        ticks
    }
    #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
    {
        0
    }
}
