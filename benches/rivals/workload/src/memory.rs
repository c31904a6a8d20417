//! Resident memory of this process, as the kernel tells it.

/// Largest resident set so far, in MiB.
pub(crate) fn peak_mib() -> f64 {
    status("VmHWM:")
}

/// Resident set now, in MiB.
pub(crate) fn resident_mib() -> f64 {
    status("VmRSS:")
}

fn status(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux keeps it");
    let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("Linux keeps the key");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}
