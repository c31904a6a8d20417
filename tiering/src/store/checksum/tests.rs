//! Promises of checksums: the published polynomial, and every single flip is seen.

use super::Checksum;
use proptest::prelude::*;

/// Bit by bit, from the definition.
fn oracle(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { sum >> 1 ^ 0x82f6_3b78 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum)))
}

proptest! {
    /// It is the sum of the definition, whole or in parts, and a flipped bit changes it.
    #[test]
    fn sums_follow_the_definition(bytes in prop::collection::vec(any::<u8>(), 1..3000), at in any::<prop::sample::Index>()) {
        let sum = Checksum::of(&bytes);
        prop_assert_eq!(sum.bits(), oracle(&bytes));
        let (start, rest) = bytes.split_at(at.index(bytes.len()));
        prop_assert_eq!(Checksum::of(start).and(rest), sum);
        let mut flipped = bytes.clone();
        flipped[at.index(bytes.len())] ^= 1 << (at.index(8 * bytes.len()) % 8);
        prop_assert!(sum.verify(&flipped).is_err());
    }
}
