//! Floats to integers as Rust's `as` does it, in a form that becomes vector instructions: the compiler turns `as` itself
//! into one conversion after the other.

/// Floats that can be cut to integers.
pub(super) trait Truncate<I> {
    /// Towards zero; too large is the largest, NaN is 0.
    fn truncate(self) -> I;
}

/// `$by` is the integer that the machine converts to, at least as wide as `$integer`.
macro_rules! truncate {
    ($($float:ty => $integer:ty, $by:ty;)*) => {
        $(
            impl Truncate<$integer> for $float {
                #[inline(always)]
                fn truncate(self) -> $integer {
                    const LEAST: $float = <$integer>::MIN as $float;
                    // The first that is too large: a power of two, so that it is exact.
                    const BEYOND: $float = (<$integer>::MAX / 2 + 1) as $float * 2.0;
                    let fits = (LEAST..BEYOND).contains(&self);
                    let kept = if fits { self } else { 0.0 };
                    // SAFETY: `kept` lies within the integer's range, whose bounds were just compared, and is not NaN.
                    let cut = unsafe { kept.to_int_unchecked::<$by>() } as $integer;
                    let cut = if self >= BEYOND { <$integer>::MAX } else { cut };
                    if self < LEAST { <$integer>::MIN } else { cut }
                }
            }
        )*
    };
}

macro_rules! truncate_to {
    ($($integer:ty, $by:ty;)*) => {
        $(truncate! { f32 => $integer, $by; f64 => $integer, $by; })*
    };
}

truncate_to! {
    i8, i32; i16, i32; i32, i32; i64, i64;
    u8, i32; u16, i32; u32, u32; u64, u64;
}
