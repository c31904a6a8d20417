//! Promise: a verdict is given only where the pairs support it.

use super::{Ratio, cut, median};

#[test]
fn the_median_is_the_middle() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
}

/// The textbook table of the sign test at 95 %.
#[test]
fn the_interval_is_the_sign_tests() {
    assert_eq!((0..6).map(cut).collect::<Vec<_>>(), [None; 6]);
    assert_eq!([6, 8, 9, 11, 12, 14, 15, 17, 20, 25].map(cut), [0, 0, 1, 1, 2, 2, 3, 4, 5, 7].map(Some));
}

/// Over every outcome of `n` coin tosses the interval misses the median in at most 5 % of them.
#[test]
fn the_interval_covers_what_it_says() {
    for n in 6..16_u32 {
        let skipped = cut(n as usize).expect("enough pairs") as u32;
        let missed = (0..1_u32 << n).filter(|tosses| {
            let below = tosses.count_ones();
            below <= skipped || n - below <= skipped
        });
        assert!(missed.count() as f64 <= 0.05 * f64::from(1_u32 << n), "{n} pairs");
    }
}

#[test]
fn a_goal_inside_the_interval_gives_no_verdict() {
    let rival = [10.0; 7];
    let ratio = Ratio::of(&[8.0, 9.0, 8.5, 9.5, 8.2, 8.8, 9.1], &rival).expect("pairs");
    assert_eq!((ratio.low, ratio.high), (0.8, 0.95));
    assert_eq!(ratio.holds(1.0), Some(true));
    assert_eq!(ratio.holds(0.7), Some(false));
    assert_eq!(ratio.holds(0.9), None);
}

#[test]
fn few_pairs_give_no_verdict() {
    let ratio = Ratio::of(&[1.0, 1.0, 1.0], &[10.0, 10.0, 10.0]).expect("pairs");
    assert_eq!(ratio.median, 0.1);
    assert_eq!(ratio.holds(1.0), None);
    assert_eq!(Ratio::of(&[], &[]), None);
}

/// A disturbance that slows both halves of a pair does not move the ratio.
#[test]
fn pairs_cancel_what_disturbs_both() {
    let ratio =
        Ratio::of(&[1.0, 50.0, 2.0, 1.0, 9.0, 1.0], &[2.0, 100.0, 4.0, 2.0, 18.0, 2.0]).expect("pairs");
    assert_eq!((ratio.low, ratio.median, ratio.high), (0.5, 0.5, 0.5));
}
