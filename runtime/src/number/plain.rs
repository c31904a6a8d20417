//! The numbers that Rust has, whose conversions are `as`.

use super::Exact;
use super::sealed::{Stored, Value};

macro_rules! plain {
    ($($number:ty => $exact:ident as $wide:ty;)*) => {
        $(
            impl Value for $number {
                #[inline(always)]
                fn exact(self) -> Exact {
                    Exact::$exact(<$wide>::from(self))
                }

                #[inline(always)]
                fn nearest(value: Exact) -> Self {
                    match value {
                        Exact::F32(x) => x as $number,
                        Exact::F64(x) | Exact::Complex(x, _) => x as $number,
                        Exact::I64(x) => x as $number,
                        Exact::U64(x) => x as $number,
                    }
                }
            }

            impl Stored for $number {
                type Value = Self;
            }
        )*
    };
}

plain! {
    f64 => F64 as f64;
    f32 => F32 as f32;
    i64 => I64 as i64;
    i32 => I64 as i64;
    i16 => I64 as i64;
    i8 => I64 as i64;
    u64 => U64 as u64;
    u32 => I64 as i64;
    u16 => I64 as i64;
    u8 => I64 as i64;
}
