//! Promises of constant chunks: found where they are, and only there.

use super::*;
use proptest::prelude::*;

proptest! {
    /// What repeats is found and filled in again; with one other byte it is not.
    #[test]
    fn what_repeats_is_found(word in any::<u64>(), len in 8_usize..5000, at in any::<prop::sample::Index>()) {
        let mut bytes = vec![0; len];
        fill(word, &mut bytes);
        prop_assert_eq!(find(&bytes), Some(word));
        if len > 8 {
            let at = at.index(len);
            bytes[at] ^= 1;
            prop_assert_eq!(find(&bytes), None);
        }
    }
}

/// Fewer bytes than a word repeat nothing.
#[test]
fn short_chunks_are_none() {
    assert_eq!(find(&[0; 7]), None);
    assert_eq!(find(&[]), None);
}
