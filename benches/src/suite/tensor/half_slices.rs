//! The slice conversions of crate `half`.

use half::slice::HalfFloatSliceExt;

pub(super) fn narrow<U>(from: &[f32], to: &mut [U])
where
    [U]: HalfFloatSliceExt,
{
    to.convert_from_f32_slice(from);
}

pub(super) fn narrow_wide<U>(from: &[f64], to: &mut [U])
where
    [U]: HalfFloatSliceExt,
{
    to.convert_from_f64_slice(from);
}

pub(super) fn widen<T>(from: &[T], to: &mut [f32])
where
    [T]: HalfFloatSliceExt,
{
    from.convert_to_f32_slice(to);
}
