//! Sizes are read as people write them, and nothing else is taken for one.

use super::{BadBytes, Bytes};

/// Promise: every usual spelling is read, in binary and decimal units.
#[test]
fn reads_usual_spellings() {
    for (text, bytes) in [
        ("0", 0),
        ("4096", 4096),
        ("256MiB", 256 << 20),
        (" 1.5 gib ", 3 << 29),
        ("2GB", 2_000_000_000),
        ("12 B", 12),
        ("0.25GiB", 1 << 28),
    ] {
        assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
    }
}

/// Promise: nonsense, negative and endless sizes are refused.
#[test]
fn refuses_the_rest() {
    for text in ["", "MiB", "-1", "-1MiB", "ten", "1e400", "NaN", "inf", "17179869184GiB", "4 pages", "é"] {
        assert_eq!(text.parse::<Bytes>(), Err(BadBytes), "{text}");
    }
}

/// Promise: sizes print exactly where they can.
#[test]
fn prints_in_binary_units() {
    assert_eq!(Bytes(256 << 20).to_string(), "256 MiB");
    assert_eq!(Bytes(1000).to_string(), "1000 B");
    assert_eq!(Bytes(1536).to_string(), "1.50 KiB");
}
