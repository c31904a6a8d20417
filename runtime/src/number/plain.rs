//! The numbers that Rust has, whose conversions are `as`.

use super::Exact;
use super::sealed::{Value, single};
use super::truncate::Truncate;

/// Value by value: how a number leaves, and how floats and integers enter.
macro_rules! plain {
    ($($number:ty => $exact:ident as $wide:ty, $float:ident => $enter:expr $(, $byte:ident => $of:expr)?;)*) => {
        $(
            impl Value for $number {
                #[inline(always)]
                fn exact(self) -> Exact {
                    Exact::$exact(<$wide>::from(self))
                }

                #[inline(always)]
                fn nearest(value: Exact) -> Self {
                    match value {
                        Exact::F32($float) => $enter,
                        Exact::F64($float) | Exact::Complex($float, _) => $enter,
                        Exact::I32(x) => x as $number,
                        Exact::I64(x) => x as $number,
                        Exact::U64(x) => x as $number,
                    }
                }
            }

            single!($number $(, $byte => $of)?);
        )*
    };
}

plain! {
    f64 => F64 as f64, x => x as f64;
    f32 => F32 as f32, x => x as f32;
    i64 => I64 as i64, x => x.truncate();
    i32 => I32 as i32, x => x.truncate();
    i16 => I32 as i32, x => x.truncate();
    i8 => I32 as i32, x => x.truncate(), byte => byte as i8;
    u64 => U64 as u64, x => x.truncate();
    u32 => I64 as i64, x => x.truncate();
    u16 => I32 as i32, x => x.truncate();
    u8 => I32 as i32, x => x.truncate(), byte => byte;
}
