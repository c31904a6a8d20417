//! Limits are read from what kernels write.

use super::{HugePages, kibibytes};

/// Promise: fields are read in bytes, and an absent one is 0.
#[test]
fn reads_fields() {
    assert_eq!(kibibytes("MemFree: 1 kB\nMemTotal:       24 kB\n", "MemTotal:"), 24 << 10);
    assert_eq!(kibibytes("", "MemTotal:"), 0);
}

/// Promise: the bracketed mode is the one that holds.
#[test]
fn reads_the_huge_page_mode() {
    for (text, mode, usable) in [
        ("always [madvise] never\n", "madvise", true),
        ("[always] madvise never\n", "always", true),
        ("always madvise [never]\n", "never", false),
        ("", "unknown", false),
    ] {
        assert_eq!(HugePages::parse(text), HugePages { mode: mode.to_owned(), usable });
    }
}
