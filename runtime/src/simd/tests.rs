//! Promise: whatever the instruction set, length, alignment and path, each value is the one that it becomes alone.
//! `tests/convert` holds every pair of types against an oracle.

use super::blocks::Path;
use super::*;
use crate::error::ErrorKind;
use crate::number::{self, F4x2, F8E4M3, F8E5M2, I4x2, Single, U4x2, bf16, f16};

/// Bytes that are many different values of any type.
fn samples<T: Single>(count: usize) -> Vec<T> {
    (0..count as i64).map(|i| number::convert((i * 2_654_435_761) ^ (i << 40))).collect()
}

/// Whether two values are one, NaN among them.
fn same<T: Single>(a: &[T], b: &[T]) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

/// Converts at every offset from a line, of every length around a line and a block, through the cache and past it.
fn everywhere<T: Single, U: Single>() {
    let from = samples::<T>(5000);
    let wanted: Vec<U> = from.iter().map(|x| number::convert(*x)).collect();
    for set in InstructionSet::available() {
        for path in [Path::Cached, Path::PastCache] {
            for (offset, len) in PLACES {
                let mut found = vec![U::default(); offset + len + 1];
                set.convert_by(&from[offset..offset + len], &mut found[offset..offset + len], path);
                let right = same(&found[offset..offset + len], &wanted[offset..offset + len]);
                assert!(right, "{set}, {path:?}, {len} from {offset}");
                let untouched = [&found[..offset], &found[offset + len..]].concat();
                assert!(same(&untouched, &vec![U::default(); offset + 1]), "{set}: written outside");
            }
        }
    }
}

/// Offsets from an allocation, and lengths.
const PLACES: [(usize, usize); 12] = [
    (0, 0),
    (1, 1),
    (0, 15),
    (3, 16),
    (7, 33),
    (0, 64),
    (16, 200),
    (69, 1023),
    (1, 1025),
    (0, 4096),
    (33, 4099),
    (5, 4500),
];

/// Neither where a slice lies nor how long it is changes what is written, and nothing outside of it is.
#[test]
fn neither_place_nor_length_matters() {
    everywhere::<f32, f16>();
    everywhere::<f16, f32>();
    everywhere::<f16, u8>();
    everywhere::<i64, f16>();
    everywhere::<u8, f64>();
    everywhere::<f64, F8E4M3>();
    everywhere::<i64, F8E5M2>();
    everywhere::<u32, F8E4M3>();
    everywhere::<i32, bf16>();
    everywhere::<bf16, F8E5M2>();
}

/// Pairs that begin before a cache line are not torn apart, on any path.
#[test]
fn pairs_are_not_torn() {
    let pairs: Vec<U4x2> = (0..=u8::MAX).cycle().take(3000).map(U4x2::from_bits).collect();
    let values: Vec<u8> = pairs.iter().flat_map(|pair| pair.values()).collect();
    for set in InstructionSet::available() {
        for path in [Path::Cached, Path::PastCache] {
            for offset in 0..70 {
                let mut found = vec![0u8; offset + 6000];
                set.convert_by(&pairs, &mut found[offset..], path);
                assert_eq!(found[offset..], values);
                let mut found = vec![U4x2::default(); offset + 3000];
                set.convert_by(&values, &mut found[offset..], path);
                assert_eq!(found[offset..], pairs);
            }
        }
    }
}

/// Every byte, so often that a table is worth it, becomes what it becomes alone, wherever it lies.
fn by_table<T: Number, U: Number>() {
    let every: Vec<T> = (0..=u8::MAX).filter_map(T::of_byte).cycle().take(5003 * U::VALUES).collect();
    for set in InstructionSet::available() {
        for (offset, path) in [(0, Path::Cached), (7, Path::Cached), (3, Path::PastCache)] {
            let few = 256;
            let mut wanted = vec![U::default(); every.len() * T::VALUES / U::VALUES];
            for (from, to) in every.chunks(few).zip(wanted.chunks_mut(few * T::VALUES / U::VALUES)) {
                set.convert_by(from, to, Path::Cached);
            }
            let mut found = vec![U::default(); offset + wanted.len()];
            set.convert_by(&every, &mut found[offset..], path);
            assert!(format!("{:?}", &found[offset..]) == format!("{wanted:?}"), "{set}, {path:?}");
        }
    }
}

/// Tables, rows and planes, give what arithmetic gives: one, two and four bytes for one, pairs taken apart and made.
#[test]
fn look_ups_are_conversions() {
    by_table::<F8E4M3, F8E5M2>();
    by_table::<F8E5M2, bf16>();
    by_table::<F8E4M3, f16>();
    by_table::<bool, F8E4M3>();
    by_table::<i8, U4x2>();
    by_table::<F8E4M3, I4x2>();
    by_table::<I4x2, F4x2>();
    by_table::<F4x2, i8>();
    by_table::<I4x2, bf16>();
    by_table::<U4x2, f32>();
}

/// Filling reaches every element and none beside, on every path.
#[test]
fn filling_fills() {
    for set in InstructionSet::available() {
        for path in [Path::Cached, Path::PastCache] {
            for (offset, len) in [(0, 0), (1, 1), (3, 700), (16, 64), (5, 4096)] {
                let mut found = vec![0u32; offset + len + 1];
                set.fill(blocks::as_slots(&mut found[offset..offset + len]), 0x0102_0304, path);
                assert!(found[offset..offset + len].iter().all(|x| *x == 0x0102_0304));
                assert!(found[..offset].iter().all(|x| *x == 0) && found[offset + len] == 0);
            }
        }
    }
}

/// However many threads there are, they do the whole work once.
#[test]
fn threads_divide_the_work() {
    let from: Vec<i32> = (0..100_003).collect();
    for threads in [1, 2, 3, 8, 5000] {
        let mut to = vec![0f64; from.len()];
        convert_threaded(&from, &mut to, NonZero::new(threads).unwrap()).unwrap();
        assert!(to.iter().zip(&from).all(|(to, from)| *to == f64::from(*from)));
    }
    let pairs = vec![I4x2::new(1, -1); 70_001];
    let mut to = vec![0f32; 140_002];
    convert_threaded(&pairs, &mut to, NonZero::new(3).unwrap()).unwrap();
    assert!(to.chunks(2).all(|two| two == [1.0, -1.0]));
}

/// A number of values that does not fit is an error that names both, never a panic.
#[test]
fn lengths_that_differ_are_an_error() {
    let error = convert(&[1f32; 3], &mut [0f64; 4]).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Shape, "shape mismatch: 3 values cannot fill 4")
    );
    assert!(convert(&[1f32; 3], &mut [I4x2::default(); 2]).is_err());
    assert!(convert(&[I4x2::default(); 2], &mut [0u8; 4]).is_ok());
    assert!(convert_threaded(&[1f32; 3], &mut [0f64; 4], NonZero::<usize>::MIN).is_err());
}
