//! Chunks of one value: a record is enough, no byte goes to the disk.

/// Bytes after which a constant chunk repeats: a multiple of most elements' width.
const PERIOD: usize = 8;

/// The eight bytes that `bytes` repeat from beginning to end, if they do. Mostly known after the first few.
#[must_use]
pub fn find(bytes: &[u8]) -> Option<u64> {
    let word = u64::from_le_bytes(*bytes.first_chunk::<PERIOD>()?);
    (bytes[..bytes.len() - PERIOD] == bytes[PERIOD..]).then_some(word)
}

/// Fills `bytes` with a word, over and over.
pub fn fill(word: u64, bytes: &mut [u8]) {
    let (whole, rest) = bytes.as_chunks_mut::<PERIOD>();
    whole.fill(word.to_le_bytes());
    rest.iter_mut().zip(word.to_le_bytes()).for_each(|(to, from)| *to = from);
}

#[cfg(test)]
mod tests;
