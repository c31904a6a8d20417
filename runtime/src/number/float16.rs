//! The 16-bit floats of crate `half`.

use super::Exact;
use super::sealed::{Value, single};
use super::small::Format;
use half::{bf16, f16};

const HALF: Format = Format {
    exponent_bits: 5,
    mantissa_bits: 10,
    overflow: 0x7c00,
    nan: 0x7e00,
    nan_sign: true,
    special: 0x7c00,
};

impl Value for f16 {
    const ENTERS_ODD: bool = true;

    #[inline(always)]
    fn exact(self) -> Exact {
        Exact::F32(HALF.widen(u32::from(self.to_bits())))
    }

    #[inline(always)]
    fn nearest(value: Exact) -> Self {
        Self::from_bits(HALF.narrow(value.to_odd_f32()) as u16)
    }
}

impl Value for bf16 {
    const ENTERS_ODD: bool = true;

    #[inline(always)]
    fn exact(self) -> Exact {
        Exact::F32(f32::from_bits(u32::from(self.to_bits()) << 16))
    }

    #[inline(always)]
    fn nearest(value: Exact) -> Self {
        let value = value.to_odd_f32();
        let bits = value.to_bits();
        let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
        // Without the quiet bit, a NaN whose payload lies in the lower half would become infinite.
        let quiet = (bits >> 16) | 0x40;
        Self::from_bits(if value.is_nan() { quiet } else { rounded } as u16)
    }
}

single!(f16);
single!(bf16);
