//! Promises of counts and launches: right or refused, never wrapped.

use super::*;
use crate::kernel::{Descriptor, Stage};
use crate::tensor::DType;

const N: Term = Term::Size(Extent::Symbol(0));
const M: Term = Term::Size(Extent::Symbol(1));
const THREE: Term = Term::Size(Extent::Fixed(3));
const FOUR: Term = Term::Size(Extent::Fixed(4));
const SIXTEEN: Term = Term::Size(Extent::Fixed(16));
const ONE: Count = Count(&[Term::Size(Extent::Fixed(1))]);
const KERNEL: Descriptor = Descriptor { name: "step", symbols: &["N", "M"], ..Descriptor::REFUSED };

#[test]
fn counts_are_right_or_none() {
    let count = Count(&[N, M, THREE, Term::Product, Term::Sum, SIXTEEN, Term::Quotient]);
    for (n, m) in [(0, 0), (1, 0), (13, 1), (14, 1), (1000, 77)] {
        assert_eq!(count.value(&[n, m]), Some((n + m * 3_usize).div_ceil(16)));
    }
    assert_eq!(count.value(&[usize::MAX, 1]), None);
    assert_eq!(Count(&[N, M, Term::Quotient]).value(&[1, 0]), None);
    for ill in [&[][..], &[N, M], &[Term::Sum], &[N, Term::Product], &[N; 9]] {
        assert_eq!(Count(ill).value(&[1, 1]), None, "{ill:?}");
    }
    assert_eq!(count.told(&["N", "M"], &[1, 5]), "(N + M * 3).div_ceil(16) = 1");
}

#[test]
fn launches_have_limits() {
    let stage = |grid, shared_bytes| Stage {
        entry: "step",
        work: Work::Given { grid, block: [32, 8, 1], shared_bytes },
        arguments: &[],
    };
    let given = stage([Count(&[N]), Count(&[M]), ONE], Count(&[M, FOUR, Term::Product]));
    let geometry = KERNEL.geometry(&given, &[70_000, 65_535 / 6]);
    assert_eq!(
        geometry.expect("it fits"),
        Geometry { grid: [70_000, 10_922, 1], block: [32, 8, 1], shared_bytes: 43_688 }
    );
    let error = KERNEL.geometry(&given, &[1, 65_536]).expect_err("axis y has 16 bits").to_string();
    assert!(error.contains("kernel `step`: axis y of the grid is M = 65536; at most 65535"), "{error}");
    let error = KERNEL.geometry(&given, &[1, 12_289]).expect_err("48 KiB").to_string();
    assert!(error.contains("shared memory in bytes is M * 4 = 49156; at most 49152"), "{error}");
    let rows =
        Stage { work: Work::Elements(&[Extent::Symbol(0), Extent::Symbol(1)]), ..stage([ONE; 3], ONE) };
    let geometry = KERNEL.geometry(&rows, &[3, 100]).expect("it fits");
    assert_eq!((geometry.grid, geometry.block), ([2, 1, 1], [256, 1, 1]));
    assert!(KERNEL.geometry(&rows, &[usize::MAX, 3]).is_err());
}

#[test]
fn passed_counts_fit_their_type() {
    let n = Count(&[N]);
    let passed = |dtype, size| KERNEL.counted(n, dtype, &[size, 0]).ok();
    for (dtype, most) in [(DType::I32, 0x7fff_ffff), (DType::U32, 0xffff_ffff_usize)] {
        assert_eq!((passed(dtype, most), passed(dtype, most + 1)), (u64::try_from(most).ok(), None));
    }
    assert_eq!(passed(DType::U64, usize::MAX), Some(u64::MAX));
    let error = KERNEL.counted(n, DType::I32, &[1 << 31, 0]).expect_err("33 bits").to_string();
    assert!(error.contains("kernel `step`: an argument is N = 2147483648, but passed as i32"), "{error}");
}
