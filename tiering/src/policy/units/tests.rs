//! Promise: numbers with units are read exactly, printed so that they read back the same, and refused in words.

use super::*;
use proptest::prelude::*;

#[test]
fn units_are_exact() {
    let sizes = [
        ("0 B", 0),
        ("1B", 1),
        ("256 MiB", 256 << 20),
        ("  2.5 GiB ", 5 << 29),
        ("1_000 KB", 1_000_000),
        ("1.5 MB", 1_500_000),
        ("0.3 KiB", 307),
        ("1 TB", 1_000_000_000_000),
        ("4 TiB", 4 << 40),
        ("0.999999999999999999999 B", 0),
    ];
    for (text, bytes) in sizes {
        assert_eq!(BYTES.read(text).unwrap(), bytes, "{text}");
    }
    assert_eq!(RATE.read("2.5 GB/s").unwrap(), 2_500_000_000);
    assert_eq!(TIME.read("100 us").unwrap(), 100_000);
    assert_eq!(TIME.read("2 min").unwrap(), 120_000_000_000);
}

#[test]
fn what_is_no_quantity_is_refused_with_the_units_that_are() {
    for text in [
        "", "MiB", "12", "12 XB", "12 mib", "1e3 B", "1..5 B", ".5 B", "5. B", "1.5.2 B", "+1 B", "0x10 B",
        "∞ B", "1 GB/s",
    ] {
        let error = BYTES.read(text).expect_err(text).to_string();
        assert!(error.contains("is not a size: write a number and one of B, KB, KiB"), "{error}");
    }
    assert!(BYTES.read("-1 MiB").unwrap_err().to_string().contains("is negative"));
    for text in ["9223372036854775808 B", "99999999999999999999999999999999999999999999 TiB", "8388608 TiB"] {
        assert!(BYTES.read(text).unwrap_err().to_string().contains("is too large"), "{text}");
    }
    assert!(TIME.read("30").unwrap_err().to_string().contains("one of ns, us, ms, s, min"));
    assert!(RATE.read("3 GB").unwrap_err().to_string().contains("is not a bandwidth"));
}

#[test]
fn budgets_may_be_parts_of_memory() {
    let of = |text: &str| Size::read(text).map(|size| (size.print(), size.bytes(1 << 30)));
    assert_eq!(of("auto").unwrap(), ("auto".to_owned(), 1 << 29));
    assert_eq!(of("25%").unwrap(), ("25 %".to_owned(), 1 << 28));
    assert_eq!(of("12.5 %").unwrap(), ("12.50 %".to_owned(), 1 << 27));
    assert_eq!(of("100 %").unwrap(), ("100 %".to_owned(), 1 << 30));
    assert_eq!(of("1 KiB").unwrap(), ("1 KiB".to_owned(), 1024));
    for text in ["0 %", "100.01 %", "%", "-5 %", "0.001 %"] {
        assert!(of(text).unwrap_err().to_string().contains('%'), "{text}");
    }
}

#[test]
fn numbers_print_in_the_largest_unit_that_divides_them() {
    let printed =
        [(0, "0 B"), (1, "1 B"), (1024, "1 KiB"), (1000, "1 KB"), (1536, "1536 B"), (3 << 30, "3 GiB")];
    for (bytes, text) in printed {
        assert_eq!(BYTES.print(bytes), text);
    }
    assert_eq!(TIME.print(30_000_000_000), "30 s");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What is printed is read back as the same number.
    #[test]
    fn print_then_read_is_identity(value in 0..=i64::MAX as u64, shift in 0..63u32) {
        let value = value >> shift << (shift / 2);
        for scale in [&BYTES, &RATE, &TIME] {
            prop_assert_eq!(scale.read(&scale.print(value)).unwrap(), value);
        }
    }

    /// Any text is an answer, never a panic.
    #[test]
    fn any_text_is_answered(text in "\\PC{0,40}", number in "[0-9._]{0,60}", unit in "[KMGT]?i?B|s|%") {
        let _ = Size::read(&text);
        let sum = format!("{number} {unit}");
        if let Ok(size) = Size::read(&sum) {
            prop_assert!(size == Size::read(&size.print()).unwrap(), "{}", sum);
        }
    }
}
