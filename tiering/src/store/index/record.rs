//! Records of the index: a tensor with the place of each of its chunks, or the removal of one.
//!
//! Invariant: [`read`] of what [`write`] made is that record; anything else is an error that says where it ends.

use crate::error::{Error, ErrorKind, Result};
use crate::store::checksum::Checksum;
use crate::store::codec::Form;
use crate::store::stripes::{Place, Written};

const TENSOR: u8 = 1;
const REMOVED: u8 = 2;

/// Most dimensions, and most bytes of a name.
const RANK_MAX: usize = 16;
const NAME_BYTES_MAX: usize = 4096;

/// Bytes of a chunk in a record.
const CHUNK_BYTES: usize = 40;

/// A tensor as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: Box<str>,
    /// The name of its dtype.
    pub dtype: Box<str>,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its chunks, in order.
    pub chunks: Vec<StoredChunk>,
}

/// A chunk as a store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredChunk {
    /// Where; nowhere if it is constant.
    pub place: Option<Place>,
    /// What is there.
    pub written: Written,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// The tensor of this name is this one from now on.
    Tensor(Stored),
    /// There is no tensor of this name any more.
    Removed(Box<str>),
}

impl Record {
    /// Appends the record.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Removed(name) => {
                bytes.push(REMOVED);
                text(bytes, name);
            }
            Self::Tensor(stored) => {
                bytes.push(TENSOR);
                text(bytes, &stored.name);
                text(bytes, &stored.dtype);
                // At most `RANK_MAX`.
                bytes.push(stored.shape.len() as u8);
                stored.shape.iter().for_each(|size| bytes.extend_from_slice(&size.to_le_bytes()));
                // A tensor's chunks have numbers of 32 bits.
                bytes.extend_from_slice(&(stored.chunks.len() as u32).to_le_bytes());
                stored.chunks.iter().for_each(|chunk| write_chunk(bytes, chunk));
            }
        }
    }

    /// Takes the first record off `bytes`.
    ///
    /// # Errors
    /// `Format` where there is none.
    pub(super) fn read(bytes: &mut &[u8]) -> Result<Self> {
        let kind = take::<1>(bytes)?[0];
        let name = read_text(bytes)?;
        match kind {
            REMOVED => Ok(Self::Removed(name)),
            TENSOR => {
                let dtype = read_text(bytes)?;
                let rank = usize::from(take::<1>(bytes)?[0]);
                if rank > RANK_MAX {
                    return Err(broken("a tensor has too many dimensions"));
                }
                let shape = (0..rank).map(|_| take(bytes).map(u64::from_le_bytes)).collect::<Result<_>>()?;
                let count = u32::from_le_bytes(take(bytes)?) as usize;
                if count > bytes.len() / CHUNK_BYTES {
                    return Err(broken("a list of chunks is cut short"));
                }
                let chunks = (0..count).map(|_| read_chunk(bytes)).collect::<Result<_>>()?;
                Ok(Self::Tensor(Stored { name, dtype, shape, chunks }))
            }
            _ => Err(broken("a record is of no known kind")),
        }
    }
}

fn write_chunk(bytes: &mut Vec<u8>, chunk: &StoredChunk) {
    let (form, width, word) = match chunk.written.form {
        Form::Raw => (0, 0, 0),
        Form::Constant(word) => (1, 0, word),
        Form::Planes(width) => (2, width, 0),
        Form::Bf16 => (3, 0, 0),
        Form::F16 => (4, 0, 0),
        Form::Int8 => (5, 0, 0),
    };
    let place = chunk.place.unwrap_or(Place { disk: 0, offset: 0, len: 0 });
    bytes.extend_from_slice(&[form, width]);
    bytes.extend_from_slice(&place.disk.to_le_bytes());
    bytes.extend_from_slice(&chunk.written.bytes.to_le_bytes());
    bytes.extend_from_slice(&chunk.written.checksum.bits().to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&place.offset.to_le_bytes());
    bytes.extend_from_slice(&place.len.to_le_bytes());
    bytes.extend_from_slice(&word.to_le_bytes());
}

fn read_chunk(bytes: &mut &[u8]) -> Result<StoredChunk> {
    let [form, width] = take(bytes)?;
    let disk = u16::from_le_bytes(take(bytes)?);
    let stored = u32::from_le_bytes(take(bytes)?);
    let checksum = Checksum::from_bits(u32::from_le_bytes(take(bytes)?));
    take::<4>(bytes)?;
    let (offset, len) = (u64::from_le_bytes(take(bytes)?), u64::from_le_bytes(take(bytes)?));
    let word = u64::from_le_bytes(take(bytes)?);
    let form = match form {
        0 => Form::Raw,
        1 => Form::Constant(word),
        2 => Form::Planes(width),
        3 => Form::Bf16,
        4 => Form::F16,
        5 => Form::Int8,
        _ => return Err(broken("a chunk has no known form")),
    };
    let constant = matches!(form, Form::Constant(_));
    if offset.checked_add(len).is_none() || (!constant && u64::from(stored) > len) {
        return Err(broken("a chunk lies nowhere"));
    }
    let place = (!constant).then_some(Place { disk, offset, len });
    Ok(StoredChunk { place, written: Written { form, bytes: stored, checksum, seal: None } })
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    // At most `NAME_BYTES_MAX`, judged before a tensor is stored.
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn read_text(bytes: &mut &[u8]) -> Result<Box<str>> {
    let len = usize::from(u16::from_le_bytes(take(bytes)?));
    let (text, rest) = bytes
        .split_at_checked(len)
        .filter(|_| len <= NAME_BYTES_MAX)
        .ok_or_else(|| broken("a name is cut short"))?;
    *bytes = rest;
    std::str::from_utf8(text).map(Box::from).map_err(|_| broken("a name is no text"))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>().ok_or_else(|| broken("a record is cut short"))?;
    *bytes = rest;
    Ok(*taken)
}

fn broken(what: &'static str) -> Error {
    Error::new(ErrorKind::Format, format!("the store's index cannot be read: {what}"))
}

/// Whether a name can be stored.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
}
