//! Levels are reached at their part and left a little below it.

use super::*;
use proptest::prelude::*;

const LEVELS: [f64; 3] = [0.70, 0.85, 0.95];

#[test]
fn levels_are_left_below_where_they_were_reached() {
    let mut before = 0;
    let parts =
        [(0.69, 0), (0.70, 1), (0.66, 1), (0.64, 0), (0.99, 3), (0.91, 3), (0.89, 2), (0.79, 1), (0.1, 0)];
    for (part, expected) in parts {
        before = reached(&LEVELS, before, part);
        assert_eq!(before, expected, "at {part}");
    }
    assert_eq!(reached(&[], 0, 1.0), 0);
}

proptest! {
    /// Looking twice at the same part changes nothing, and what is above a level has reached it.
    #[test]
    fn a_part_that_stays_tells_nothing_new(before in 0..=3_usize, part in 0.0..1.5_f64) {
        let now = reached(&LEVELS, before, part);
        prop_assert_eq!(reached(&LEVELS, now, part), now);
        prop_assert!(LEVELS.iter().skip(now).all(|level| part < *level));
        prop_assert!(LEVELS.iter().take(now).all(|level| part >= *level - SLACK));
    }
}
