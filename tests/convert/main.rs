//! Promise: converting between any two dtypes gives what an oracle gives that knows no bit tricks, on every instruction
//! set of this machine.

use case::Case;
use oracle::Real;
use std::any::Any;
use stratal::runtime::number::{self, Number};
use stratal::runtime::simd::{InstructionSet, convert};
use stratal::{F4x2, F8E4M3, F8E5M2, I4x2, U4x2, bf16, f16};

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
        set.convert(&from, &mut found).expect("as many values");
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
        set.convert(&from, &mut found).expect("as many values");
        for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_eq!(found, wanted, "{set}: {:?}", &from[2 * at..2 * at + 2]);
        }
        let mut found = vec![T::default(); back.len()];
        set.convert(&pairs, &mut found).expect("as many values");
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
