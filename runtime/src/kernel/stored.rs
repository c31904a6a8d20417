//! Between what a tensor stores and what is computed with: half floats as `f32`, small integers as 32 bits.

use crate::tensor::{Element, bf16, f16};

/// An element that kernels compute with.
pub trait Stored: Element + Copy {
    /// What arithmetic is done in.
    type Number: Copy;

    /// The number that is stored.
    fn load(self) -> Self::Number;

    /// What is stored of a number: the nearest half float, ties to even; the low bits of an integer.
    fn store(number: Self::Number) -> Self;
}

macro_rules! stored {
    ($($element:ty: $number:ty, $load:expr, $store:expr;)*) => {
        $(
            impl Stored for $element {
                type Number = $number;

                #[inline(always)]
                fn load(self) -> $number {
                    $load(self)
                }

                #[inline(always)]
                fn store(number: $number) -> Self {
                    $store(number)
                }
            }
        )*
    };
}

stored! {
    f64: f64, |x| x, |x| x;
    f32: f32, |x| x, |x| x;
    f16: f32, f16::to_f32, f16::from_f32;
    bf16: f32, |x: bf16| f32::from_bits(u32::from(x.to_bits()) << 16), bf16::from_f32;
    i64: i64, |x| x, |x| x;
    i32: i32, |x| x, |x| x;
    i16: i32, i32::from, |x| x as i16;
    i8: i32, i32::from, |x| x as i8;
    u64: u64, |x| x, |x| x;
    u32: u32, |x| x, |x| x;
    u16: u32, u32::from, |x| x as u16;
    u8: u32, u32::from, |x| x as u8;
    bool: bool, |x| x, |x| x;
}
