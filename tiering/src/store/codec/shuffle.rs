//! Bytes of elements sorted by their place in the element: all first bytes, all second bytes, and so on. Exponents of
//! neighbouring numbers are alike and mantissas are not, so some of these planes compress well and others not at all.
//!
//! Invariant: [`join`] undoes [`split`], for every width and length, on every instruction set.

/// Splits `input`, whole elements of `width` bytes, into planes of equal length, one after the other in `planes`.
pub(super) fn split(width: usize, input: &[u8], planes: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY:
        // - the processor has AVX2, asked just now
        return unsafe { avx2::split(width, input, planes) };
    }
    split_plain(width, input, planes);
}

/// Joins `planes`, as many as an element has bytes and each of one byte per element, into whole elements.
pub(super) fn join(planes: &[&[u8]], output: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY:
        // - the processor has AVX2, asked just now
        return unsafe { avx2::join(planes, output) };
    }
    join_plain(planes, output);
}

/// The same loops, for the compiler to use wider instructions in.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    /// # Safety
    /// The processor has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn split(width: usize, input: &[u8], planes: &mut [u8]) {
        super::split_plain(width, input, planes);
    }

    /// # Safety
    /// The processor has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn join(planes: &[&[u8]], output: &mut [u8]) {
        super::join_plain(planes, output);
    }
}

#[inline(always)]
fn split_plain(width: usize, input: &[u8], planes: &mut [u8]) {
    match width {
        2 => split_of::<2>(input, planes),
        4 => split_of::<4>(input, planes),
        8 => split_of::<8>(input, planes),
        _ => split_any(width, input, planes),
    }
}

#[inline(always)]
fn split_of<const W: usize>(input: &[u8], planes: &mut [u8]) {
    let elements = input.as_chunks::<W>().0;
    for (byte, plane) in planes.chunks_exact_mut(elements.len().max(1)).enumerate().take(W) {
        plane.iter_mut().zip(elements).for_each(|(to, element)| *to = element[byte]);
    }
}

fn split_any(width: usize, input: &[u8], planes: &mut [u8]) {
    let count = input.len() / width.max(1);
    for (byte, plane) in planes.chunks_exact_mut(count.max(1)).enumerate().take(width) {
        plane.iter_mut().zip(input.chunks_exact(width)).for_each(|(to, element)| *to = element[byte]);
    }
}

#[inline(always)]
fn join_plain(planes: &[&[u8]], output: &mut [u8]) {
    match *planes {
        [a, b] => join_of([a, b], output),
        [a, b, c, d] => join_of([a, b, c, d], output),
        [a, b, c, d, e, f, g, h] => join_of([a, b, c, d, e, f, g, h], output),
        _ => join_any(planes, output),
    }
}

#[inline(always)]
fn join_of<const W: usize>(planes: [&[u8]; W], output: &mut [u8]) {
    let elements = output.as_chunks_mut::<W>().0;
    let count = planes.iter().map(|plane| plane.len()).min().unwrap_or(0).min(elements.len());
    let planes = planes.map(|plane| &plane[..count]);
    for (at, element) in elements[..count].iter_mut().enumerate() {
        *element = std::array::from_fn(|byte| planes[byte][at]);
    }
}

fn join_any(planes: &[&[u8]], output: &mut [u8]) {
    for (byte, plane) in planes.iter().enumerate() {
        output.chunks_exact_mut(planes.len()).zip(*plane).for_each(|(element, from)| element[byte] = *from);
    }
}

#[cfg(test)]
mod tests;
