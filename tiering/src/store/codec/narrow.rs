//! Lossy storage of `f32`: as `bf16`, as `f16`, or as blocks of `i8` with a scale. Only for tensors whose owner asked.
//!
//! | stored as | bytes of 4 | error of a number `x` |
//! |---|---|---|
//! | `bf16` | 2 | at most `abs(x)` / 256; at most 2^-134 where that is smaller |
//! | `f16` | 2 | at most `abs(x)` / 2048; at most 2^-25 where that is smaller |
//! | `i8` | 1.06 | at most 1 / 253 of the greatest `abs(x)` of its block of 64; at most 2^-119 where that is smaller |
//!
//! Rounding is to nearest. A chunk with a number that is infinite or none, or too large for `f16`, is stored as it is;
//! so is one whose bytes are not whole numbers. The bounds are tested; `i8` blocks are those of LLM.int8() and of
//! llama.cpp's Q8_0, with 64 numbers in place of 32.

use crate::error::{Error, ErrorKind, Result};
use stratal_runtime::number::Number;
use stratal_runtime::simd::convert;
use stratal_runtime::tensor::{Element, as_elements, as_elements_mut, bf16, f16};

/// Numbers that share a scale.
pub const BLOCK: usize = 64;

/// Bytes of a stored block: the scale, then a byte per number.
const BLOCK_BYTES: usize = 4 + BLOCK;

/// Stores `f32` numbers as `bf16`; the bytes it took. `None` where it cannot.
pub(super) fn encode_bf16(input: &[u8], output: &mut [u8]) -> Option<usize> {
    // A little further the nearest `bf16` is an infinity.
    encode_half::<bf16>(input, output, 3.39e38)
}

/// Stores `f32` numbers as `f16`; the bytes it took. `None` where it cannot.
pub(super) fn encode_f16(input: &[u8], output: &mut [u8]) -> Option<usize> {
    // From here on the nearest `f16` is an infinity.
    encode_half::<f16>(input, output, 65_519.0)
}

fn encode_half<H: Number + Element>(input: &[u8], output: &mut [u8], limit: f32) -> Option<usize> {
    let numbers = as_elements::<f32>(input).ok()?;
    if !all_within(numbers, limit) {
        return None;
    }
    let len = size_of_val(numbers) / 2;
    let stored = as_elements_mut::<H>(output.get_mut(..len)?).ok()?;
    convert(numbers, stored).ok()?;
    Some(len)
}

/// Whether all are numbers of at most `limit`, either sign.
fn all_within(numbers: &[f32], limit: f32) -> bool {
    // No shortcut within a run: the compiler makes vectors of it.
    numbers.chunks(1024).all(|run| run.iter().fold(true, |within, number| within & (number.abs() <= limit)))
}

/// Restores `f32` numbers from `bf16`.
///
/// # Errors
/// `Corrupt` where `stored` is not as long as `output` demands.
pub(super) fn decode_bf16(stored: &[u8], output: &mut [u8]) -> Result<()> {
    decode_half::<bf16>(stored, output)
}

/// Restores `f32` numbers from `f16`.
///
/// # Errors
/// As [`decode_bf16`].
pub(super) fn decode_f16(stored: &[u8], output: &mut [u8]) -> Result<()> {
    decode_half::<f16>(stored, output)
}

fn decode_half<H: Number + Element>(stored: &[u8], output: &mut [u8]) -> Result<()> {
    let (stored, numbers) = (as_elements::<H>(stored)?, as_elements_mut::<f32>(output)?);
    convert(stored, numbers).map_err(|_| broken())
}

fn broken() -> Error {
    Error::new(ErrorKind::Corrupt, "a stored chunk of numbers has another length than its tensor")
}

/// Stores `f32` numbers as blocks of `i8` and a scale; the bytes it took. `None` where it cannot.
pub(super) fn encode_int8(input: &[u8], output: &mut [u8]) -> Option<usize> {
    let numbers = as_elements::<f32>(input).ok()?;
    if !all_within(numbers, f32::MAX) {
        return None;
    }
    let len = int8_bytes(numbers.len());
    let stored = output.get_mut(..len)?;
    for (block, stored) in numbers.chunks(BLOCK).zip(stored.chunks_mut(BLOCK_BYTES)) {
        let (scale_bytes, bytes) = stored.split_at_mut(4);
        let greatest = block.iter().fold(0.0_f32, |greatest, number| greatest.max(number.abs()));
        let scale = greatest / 127.0;
        let inverse = if scale >= f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 };
        scale_bytes.copy_from_slice(&if inverse > 0.0 { scale } else { 0.0 }.to_le_bytes());
        bytes.iter_mut().zip(block).for_each(|(byte, number)| *byte = nearest(number * inverse));
    }
    Some(len)
}

/// The bytes of so many numbers.
fn int8_bytes(numbers: usize) -> usize {
    numbers + 4 * numbers.div_ceil(BLOCK)
}

/// The nearest whole number, ties to even, of one from -127.5 to 127.5: added to 1.5 * 2^23, its last bits are it.
fn nearest(number: f32) -> u8 {
    (number + 12_582_912.0).to_bits() as u8
}

/// Restores `f32` numbers from blocks of `i8` and a scale.
///
/// # Errors
/// As [`decode_bf16`].
pub(super) fn decode_int8(stored: &[u8], output: &mut [u8]) -> Result<()> {
    let numbers = as_elements_mut::<f32>(output)?;
    if stored.len() != int8_bytes(numbers.len()) {
        return Err(broken());
    }
    for (block, stored) in numbers.chunks_mut(BLOCK).zip(stored.chunks(BLOCK_BYTES)) {
        let Some((scale, bytes)) = stored.split_first_chunk::<4>() else { return Err(broken()) };
        let scale = f32::from_le_bytes(*scale);
        block.iter_mut().zip(bytes).for_each(|(number, byte)| *number = f32::from(*byte as i8) * scale);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
