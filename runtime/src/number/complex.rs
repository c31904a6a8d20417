//! Complex numbers, by crate `num-complex`.

use super::Exact;
use super::sealed::{Value, single};
use num_complex::Complex;

macro_rules! complex {
    ($($part:ty),*) => {
        $(
            impl Value for Complex<$part> {
                #[inline(always)]
                fn exact(self) -> Exact {
                    Exact::Complex(f64::from(self.re), f64::from(self.im))
                }

                #[inline(always)]
                fn nearest(value: Exact) -> Self {
                    match value {
                        Exact::Complex(re, im) => Self::new(re as $part, im as $part),
                        real => Self::new(<$part>::nearest(real), 0.0),
                    }
                }
            }

            single!(Complex<$part>);
        )*
    };
}

complex!(f32, f64);
