//! Promise: whatever the instruction set, length, alignment and path, each value is the one that an oracle gives which
//! knows no bit tricks.

use super::blocks::Path;
use super::*;
use crate::number::{self, F4x2, F8E4M3, F8E5M2, I4x2, U4x2, bf16, f16};
use case::Case;
use oracle::Real;
use std::any::Any;

mod case;
mod oracle;

/// Compares every conversion from `T` with the oracle, on every instruction set of this machine.
fn check<T: Case, U: Case>() {
    let from = T::samples();
    // To its own type a value stays as it is; e5m2, alone, would else lose its infinities.
    let encode = |x: &T| (x as &dyn Any).downcast_ref().copied().unwrap_or_else(|| U::encode(x.decode()));
    let wanted: Vec<U> = from.iter().map(encode).collect();
    for set in InstructionSet::available() {
        let mut found = vec![U::default(); from.len()];
        set.convert(&from, &mut found, Path::Cached);
        for ((x, found), wanted) in from.iter().zip(&found).zip(&wanted) {
            assert!(found.same(*wanted), "{set}: {x:?} is {found:?}, not {wanted:?}");
            assert!(number::convert::<T, U>(*x).same(*wanted), "{x:?} alone is not {wanted:?}");
        }
    }
}

macro_rules! matrix {
    ($($from:ident => $test:ident;)*) => {
        $(
            /// Every conversion from this type, on every instruction set: all bit patterns up to 16 bits, else edges
            /// and random values.
            #[test]
            fn $test() {
                check::<$from, f64>();
                check::<$from, f32>();
                check::<$from, f16>();
                check::<$from, bf16>();
                check::<$from, F8E4M3>();
                check::<$from, F8E5M2>();
                check::<$from, i64>();
                check::<$from, i32>();
                check::<$from, i16>();
                check::<$from, i8>();
                check::<$from, u64>();
                check::<$from, u32>();
                check::<$from, u16>();
                check::<$from, u8>();
                check::<$from, bool>();
                packed::<$from, F4x2>();
                packed::<$from, I4x2>();
                packed::<$from, U4x2>();
            }
        )*
    };
}

matrix! {
    f64 => from_f64; f32 => from_f32; f16 => from_f16; bf16 => from_bf16;
    F8E4M3 => from_f8e4m3; F8E5M2 => from_f8e5m2;
    i64 => from_i64; i32 => from_i32; i16 => from_i16; i8 => from_i8;
    u64 => from_u64; u32 => from_u32; u16 => from_u16; u8 => from_u8; bool => from_bool;
}

/// A packed pair for the tests: its halves as exact numbers, and the code nearest to one.
trait Pair: Number + PartialEq {
    fn halves(self) -> [Real; 2];
    fn code(value: Real) -> u8;
    fn from_code(code: u8) -> Self;
}

macro_rules! pair {
    ($($pair:ident: $encode:expr, $real:expr;)*) => {
        $(
            impl Pair for $pair {
                fn halves(self) -> [Real; 2] {
                    self.values().map($real)
                }

                fn code(value: Real) -> u8 {
                    $encode(value)
                }

                fn from_code(code: u8) -> Self {
                    Self::from_bits(code)
                }
            }
        )*
    };
}

pair! {
    F4x2: oracle::e2m1, |x: f32| Real::Float(f64::from(x));
    I4x2: |x: Real| (x.to_integer(-8, 7) & 0xf) as u8, |x: i8| Real::Integer(i128::from(x));
    U4x2: |x: Real| (x.to_integer(0, 15) & 0xf) as u8, |x: u8| Real::Integer(i128::from(x));
}

/// Compares conversions into pairs with the oracle, and of all pairs back.
fn packed<T: Case, P: Pair>() {
    let mut from = T::samples();
    from.truncate(from.len() & !1);
    let code = |x: T| P::code(x.decode());
    let wanted: Vec<P> = from.chunks(2).map(|two| P::from_code(code(two[0]) | (code(two[1]) << 4))).collect();
    let pairs: Vec<P> = (0..=u8::MAX).map(P::from_code).collect();
    let back: Vec<T> = pairs.iter().flat_map(|pair| pair.halves()).map(T::encode).collect();
    for set in InstructionSet::available() {
        let mut found = vec![P::default(); wanted.len()];
        set.convert(&from, &mut found, Path::Cached);
        for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_eq!(found, wanted, "{set}: {:?}", &from[2 * at..2 * at + 2]);
        }
        let mut found = vec![T::default(); back.len()];
        set.convert(&pairs, &mut found, Path::Cached);
        assert!(found.iter().zip(&back).all(|(found, back)| found.same(*back)), "{set}: {found:?}");
    }
}

/// Pairs become pairs of another kind.
#[test]
fn pairs_become_other_pairs() {
    let all: Vec<I4x2> = (0..=u8::MAX).map(I4x2::from_bits).collect();
    let mut floats = vec![F4x2::default(); 256];
    convert(&all, &mut floats).unwrap();
    for (from, to) in all.iter().zip(&floats) {
        let [low, high] = from.values().map(f32::from);
        assert_eq!(*to, F4x2::new(low, high));
    }
}

/// Converts at every offset from a line, of every length around a line and a block, through the cache and past it.
fn everywhere<T: Case, U: Case>() {
    let samples: Vec<T> = T::samples().into_iter().cycle().take(5000).collect();
    let wanted: Vec<U> = samples.iter().map(|x| U::encode(x.decode())).collect();
    for set in InstructionSet::available() {
        for path in [Path::Cached, Path::PastCache] {
            for offset in (0..70).step_by(3) {
                for len in [0, 1, 15, 16, 33, 64, 200, 1023, 1025, 4099] {
                    let mut found = vec![U::default(); offset + len + 1];
                    set.convert(&samples[offset..offset + len], &mut found[offset..offset + len], path);
                    let right =
                        found[offset..].iter().zip(&wanted[offset..offset + len]).all(|(a, b)| a.same(*b));
                    assert!(right, "{set}, {path:?}, {len} from {offset}");
                    let untouched = [&found[..offset], &found[offset + len..]].concat();
                    assert!(untouched.iter().all(|x| x.same(U::default())), "{set}: written outside");
                }
            }
        }
    }
}

/// Neither where a slice lies nor how long it is changes what is written, and nothing outside of it is.
#[test]
fn neither_place_nor_length_matters() {
    everywhere::<f32, f16>();
    everywhere::<f16, f32>();
    everywhere::<f16, u8>();
    everywhere::<i64, f16>();
    everywhere::<u8, f64>();
    everywhere::<f64, F8E4M3>();
    everywhere::<bool, bool>();
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
                set.convert(&pairs, &mut found[offset..], path);
                assert_eq!(found[offset..], values);
                let mut found = vec![U4x2::default(); offset + 3000];
                set.convert(&values, &mut found[offset..], path);
                assert_eq!(found[offset..], pairs);
            }
        }
    }
}

/// Filling reaches every element and none beside, on every path.
#[test]
fn filling_fills() {
    for set in InstructionSet::available() {
        for path in [Path::Cached, Path::PastCache] {
            for (offset, len) in [(0, 0), (1, 1), (3, 700), (16, 64), (5, 4096)] {
                let mut found = vec![0u32; offset + len + 1];
                set.fill(&mut found[offset..offset + len], 0x0102_0304, path);
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
