//! CPU time of this process, for workloads that run in processes of their own.

/// CPU time of all threads so far, in ns.
pub(crate) fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes, and the clock exists on every Linux.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0, "the process clock is always there");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
