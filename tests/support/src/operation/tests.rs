//! Promise: the programs that are run reach every kind of call, size and alignment.

use super::*;
use crate::dice::Dice;

#[test]
fn random_bytes_reach_every_kind_of_operation() {
    let mut dice = Dice::new(1);
    let (mut kinds, mut sizes, mut aligns) = ([0u32; 4], [0u32; 24], [0u32; 17]);
    for _ in 0..200_000 {
        let operation = Operation::decode((dice.roll() as u32).to_le_bytes());
        let (kind, layout) = match operation {
            Operation::Alloc(layout) => (0, Some(layout)),
            Operation::AllocZeroed(layout) => (1, Some(layout)),
            Operation::Realloc(..) => (2, None),
            Operation::Free(_) => (3, None),
        };
        kinds[kind] += 1;
        if let Some(layout) = layout {
            sizes[layout.size().ilog2() as usize] += 1;
            aligns[layout.align().ilog2() as usize] += 1;
        }
    }
    assert!(kinds.iter().all(|&count| count > 10_000), "{kinds:?}");
    assert!(sizes[..22].iter().all(|&count| count > 0), "{sizes:?}");
    assert!(aligns.iter().all(|&count| count > 0), "{aligns:?}");
}
