//! Promise: rounding never wraps and never moves in the wrong direction.

use super::*;

#[test]
fn rounding_brackets_the_value_for_every_power_of_two() {
    for shift in 0..usize::BITS {
        let align = 1usize << shift;
        for value in [0, 1, align / 2, align - 1, align, align.saturating_add(1), usize::MAX] {
            let down = align_down(value, align).unwrap();
            assert!(down <= value && value - down < align && is_aligned(down, align));
            match align_up(value, align) {
                Some(up) => assert!(up >= value && up - value < align && is_aligned(up, align)),
                None => assert!(value > usize::MAX - (align - 1)),
            }
        }
    }
}

#[test]
fn an_alignment_that_is_no_power_of_two_is_refused() {
    for align in [0, 3, 6, 12, usize::MAX] {
        assert_eq!(align_up(5, align), None);
        assert_eq!(align_down(5, align), None);
        assert!(!is_aligned(0, align));
    }
}
