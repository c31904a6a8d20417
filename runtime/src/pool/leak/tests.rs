//! Promises of the leak detector: it names type, size and place of what is live, and nothing else.

use super::*;
use crate::pool::Pool;

/// What was asked for in one place is one line, with its type, its bytes and its pool; what came back is none.
#[test]
fn a_pool_names_who_holds_its_blocks() {
    let pool = Pool::builder().name("leaky").capacity(1 << 16).build().unwrap();
    let line = line!();
    let kept: Vec<_> = (0..3).map(|_| pool.allocate_for::<u64>(10).unwrap()).collect();
    let other = pool.allocate(100).unwrap();
    drop(pool.allocate(1000).unwrap());
    let report = LeakDetector::of(&pool);
    if !LeakDetector::IS_ACTIVE {
        assert!(report.is_empty());
        return;
    }
    let here = file!();
    let said: Vec<_> = report.leaks().iter().map(ToString::to_string).collect();
    let expected = [
        format!("240 bytes in 3 blocks of u64, from pool `leaky`, asked for at {here}:{}:44", line + 1),
        format!("100 bytes in 1 block, from pool `leaky`, asked for at {here}:{}:22", line + 2),
    ];
    assert_eq!(said, expected);
    drop((kept, other));
    assert_eq!(LeakDetector::of(&pool).to_string(), "nothing is live");
}

/// Blocks of a tensor are named by the line that made the tensor.
#[test]
fn a_tensor_is_named_by_its_maker() {
    use crate::tensor::{AnyTensor, DType};
    let pool = Pool::builder().capacity(1 << 16).build().unwrap();
    let line = line!();
    let tensor = AnyTensor::zeros_in(&pool, DType::F32, &[4, 4]).unwrap();
    let report = LeakDetector::of(&pool);
    let place = format!("{}:{}:18", file!(), line + 1);
    assert!(!LeakDetector::IS_ACTIVE || report.to_string().contains(&place), "{report}");
    drop(tensor);
}
