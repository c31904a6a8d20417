//! Promises of the byte shuffle: planes as the definition says, and back.

use super::*;
use proptest::prelude::*;

proptest! {
    /// Plane `b` holds byte `b` of every element; joining gives the elements back, by every way of doing it.
    #[test]
    fn planes_hold_a_byte_of_each_element(width in 1_usize..17, elements in prop::collection::vec(any::<[u8; 16]>(), 0..200)) {
        let input: Vec<u8> = elements.iter().flat_map(|element| &element[..width]).copied().collect();
        let count = elements.len();
        let mut planes = vec![0; input.len()];
        split(width, &input, &mut planes);
        for (at, element) in elements.iter().enumerate() {
            for byte in 0..width {
                prop_assert_eq!(planes[byte * count + at], element[byte]);
            }
        }
        let mut plain = vec![0; input.len()];
        split_any(width, &input, &mut plain);
        prop_assert_eq!(&plain, &planes);
        let planes: Vec<&[u8]> = planes.chunks_exact(count.max(1)).collect();
        let mut output = vec![0; input.len()];
        join(&planes, &mut output);
        prop_assert_eq!(&output, &input);
    }
}
