//! Lossless storage: elements split into planes, each plane stored by what suits it: one byte, LZ4, or as it is.
//!
//! Works through parts of 32 Ki elements, so that planes stay in the processor's cache. What the bytes mean is
//! specified in `tiering/FORMAT.md`, "Planes".
//!
//! ```text
//! elements  |part 0            |part 1            |..|rest|     rest: what is less than an element
//! stored    |word per plane ...|plane 0.0|plane 0.1|plane 1.0|..|rest|
//! ```

use super::shuffle;
use crate::error::{Error, ErrorKind, Result};
use std::ops::Range;

/// Elements of one part.
const PART_ELEMENTS: usize = 32 << 10;

/// Widest element.
const WIDTH_MAX: usize = 16;

/// Bytes of a plane's word: how it is stored, in the upper two bits, and how many bytes it takes.
const WORD_BYTES: usize = 4;
const AS_IT_IS: u32 = 0 << 30;
const LZ4: u32 = 1 << 30;
const ONE_BYTE: u32 = 2 << 30;
const KIND: u32 = 3 << 30;

/// Parts for which a plane that did not compress is not tried again.
const REST_PARTS: u8 = 3;

/// Memory that an encoder or decoder works in: less than a megabyte.
#[derive(Debug, Default)]
pub struct Space {
    planes: Vec<u8>,
    packed: Vec<u8>,
}

/// How the elements of a chunk are cut.
#[derive(Clone, Copy)]
struct Cut {
    width: usize,
    elements: usize,
    bytes: usize,
}

impl Cut {
    fn new(width: usize, bytes: usize) -> Option<Self> {
        (1..=WIDTH_MAX).contains(&width).then(|| Self { width, elements: bytes / width, bytes })
    }

    fn parts(&self) -> usize {
        self.elements.div_ceil(PART_ELEMENTS)
    }

    /// Elements of a part.
    fn part(&self, part: usize) -> Range<usize> {
        let start = part * PART_ELEMENTS;
        start..(start + PART_ELEMENTS).min(self.elements)
    }

    fn words_bytes(&self) -> usize {
        self.parts() * self.width * WORD_BYTES
    }
}

/// Stores `input`, elements of `width` bytes, in `output`; says how many bytes that took. `None` where it takes more
/// than `limit` bytes, which one part in the middle is asked first.
pub(super) fn encode(
    width: usize,
    input: &[u8],
    output: &mut [u8],
    limit: usize,
    space: &mut Space,
) -> Option<usize> {
    let cut = Cut::new(width, input.len())?;
    let limit = limit.min(output.len());
    if cut.parts() >= 4 && !sample_pays(&cut, input, limit, space) {
        return None;
    }
    let mut end = cut.words_bytes();
    let mut rests = [0_u8; WIDTH_MAX];
    let mut words = Vec::with_capacity(cut.parts() * width);
    for part in 0..cut.parts() {
        let elements = cut.part(part);
        split_part(&cut, elements.clone(), input, space);
        for (byte, rest) in rests.iter_mut().enumerate().take(width) {
            let plane = byte * elements.len()..(byte + 1) * elements.len();
            let stored = pack(&space.planes[plane], *rest == 0, &mut space.packed);
            *rest = match stored.kind {
                AS_IT_IS if *rest == 0 => REST_PARTS,
                _ => rest.saturating_sub(1),
            };
            let bytes = if stored.kind == AS_IT_IS { stored.raw } else { &space.packed[..stored.len] };
            output
                .get_mut(end..end + bytes.len())
                .filter(|_| end + bytes.len() <= limit)?
                .copy_from_slice(bytes);
            end += bytes.len();
            words.extend_from_slice(&(stored.kind | bytes.len() as u32).to_le_bytes());
        }
    }
    let rest = &input[cut.elements * width..];
    output.get_mut(end..end + rest.len()).filter(|_| end + rest.len() <= limit)?.copy_from_slice(rest);
    output.get_mut(..words.len())?.copy_from_slice(&words);
    Some(end + rest.len())
}

/// Whether a part in the middle, stored, keeps to the share of `limit` in the whole.
fn sample_pays(cut: &Cut, input: &[u8], limit: usize, space: &mut Space) -> bool {
    let elements = cut.part(cut.parts() / 2);
    split_part(cut, elements.clone(), input, space);
    let mut stored = 0;
    for byte in 0..cut.width {
        let plane = byte * elements.len()..(byte + 1) * elements.len();
        stored += pack(&space.planes[plane], true, &mut space.packed).len;
    }
    stored as u64 * cut.bytes as u64 <= limit as u64 * (elements.len() * cut.width) as u64
}

fn split_part(cut: &Cut, elements: Range<usize>, input: &[u8], space: &mut Space) {
    let bytes = elements.start * cut.width..elements.end * cut.width;
    space.planes.resize(PART_ELEMENTS * cut.width, 0);
    shuffle::split(cut.width, &input[bytes.clone()], &mut space.planes[..bytes.len()]);
}

/// How a plane is stored.
struct Packed<'a> {
    kind: u32,
    len: usize,
    raw: &'a [u8],
}

/// Packs a plane into `packed`, unless it is best left as it is; LZ4 only where it is to be tried.
fn pack<'a>(plane: &'a [u8], try_lz4: bool, packed: &mut Vec<u8>) -> Packed<'a> {
    let raw = Packed { kind: AS_IT_IS, len: plane.len(), raw: plane };
    let Some(first) = plane.first() else { return raw };
    if plane.iter().skip(1).zip(plane).all(|(next, byte)| next == byte) {
        packed.clear();
        packed.push(*first);
        return Packed { kind: ONE_BYTE, len: 1, raw: plane };
    }
    if !try_lz4 {
        return raw;
    }
    packed.resize(lz4_flex::block::get_maximum_output_size(plane.len()), 0);
    match lz4_flex::block::compress_into(plane, packed) {
        Ok(len) if len < plane.len() / 16 * 15 => Packed { kind: LZ4, len, raw: plane },
        _ => raw,
    }
}

/// Restores what [`encode`] stored.
///
/// # Errors
/// `Corrupt` where `stored` is not such bytes.
pub(super) fn decode(width: usize, stored: &[u8], output: &mut [u8], space: &mut Space) -> Result<()> {
    let broken = |what| Error::new(ErrorKind::Corrupt, format!("a stored chunk cannot be decoded: {what}"));
    let cut = Cut::new(width, output.len()).ok_or_else(|| broken("its elements have no such width"))?;
    let (words, mut planes) = stored
        .split_at_checked(cut.words_bytes())
        .ok_or_else(|| broken("its list of planes is cut short"))?;
    let mut words = words.as_chunks::<WORD_BYTES>().0.iter().map(|word| u32::from_le_bytes(*word));
    space.packed.resize(PART_ELEMENTS * width, 0);
    for part in 0..cut.parts() {
        let elements = cut.part(part);
        let mut unpacked = space.packed.chunks_exact_mut(PART_ELEMENTS);
        let mut joined: [&[u8]; WIDTH_MAX] = [&[]; WIDTH_MAX];
        for plane in joined.iter_mut().take(width) {
            let (word, room) =
                words.next().zip(unpacked.next()).ok_or_else(|| broken("a plane is missing"))?;
            let (bytes, after) = planes
                .split_at_checked((word & !KIND) as usize)
                .ok_or_else(|| broken("a plane is cut short"))?;
            planes = after;
            *plane =
                unpack(word & KIND, bytes, &mut room[..elements.len()]).ok_or_else(|| broken("a plane"))?;
        }
        let bytes = elements.start * width..elements.end * width;
        shuffle::join(&joined[..width], &mut output[bytes]);
    }
    let rest = &mut output[cut.elements * width..];
    if planes.len() != rest.len() {
        return Err(broken("its end"));
    }
    rest.copy_from_slice(planes);
    Ok(())
}

/// The plane that was stored as `bytes`, as long as `room`.
fn unpack<'a>(kind: u32, bytes: &'a [u8], room: &'a mut [u8]) -> Option<&'a [u8]> {
    match (kind, bytes) {
        (AS_IT_IS, bytes) => (bytes.len() == room.len()).then_some(bytes),
        (ONE_BYTE, [byte]) => {
            room.fill(*byte);
            Some(room)
        }
        (LZ4, bytes) => {
            let len = lz4_flex::block::decompress_into(bytes, room).ok()?;
            (len == room.len()).then_some(room)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
