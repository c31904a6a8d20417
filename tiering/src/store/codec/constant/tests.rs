//! Promises of constant chunks: found where they are, and only there.

use super::*;
use proptest::prelude::*;

proptest! {
    /// What repeats is found and filled in again; with one other byte it is found only where that still repeats.
    #[test]
    fn what_repeats_is_found(word in any::<u64>(), len in 8_usize..5000, at in any::<prop::sample::Index>()) {
        let mut bytes = vec![0; len];
        fill(word, &mut bytes);
        prop_assert_eq!(find(&bytes), Some(word));
        bytes[at.index(len)] ^= 1;
        let repeats = bytes.iter().enumerate().all(|(i, byte)| *byte == bytes[i % 8]);
        prop_assert!(!repeats || len < 16, "the first word and the last differ");
        let found = find(&bytes);
        prop_assert_eq!(found.is_some(), repeats);
        if let Some(word) = found {
            let changed = bytes.clone();
            fill(word, &mut bytes);
            prop_assert_eq!(bytes, changed);
        }
    }
}

/// Fewer bytes than a word repeat nothing.
#[test]
fn short_chunks_are_none() {
    assert_eq!(find(&[0; 7]), None);
    assert_eq!(find(&[]), None);
}
