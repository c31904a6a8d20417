//! A call without its types, for whoever runs it elsewhere than on the host; and one stage of it over plain bytes.
//!
//! ```text
//! Call<K> ── request ──> Request{descriptor, sizes, tensors, scalars} ── a device ──> new tensors ── finish ──> Output
//!                               └── host(stage, HostStage) : the same stage as Rust, over bytes
//! ```
//!
//! Invariant: the sizes of a request agree with the shapes of its tensors.

use super::Descriptor;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{AnyTensor, DType, Element, Shape, Tensor, as_bytes, as_elements, as_elements_mut};
use std::fmt;

/// Bytes that a stage was given are no elements: a mistake of whoever runs it.
pub const BROKEN: u32 = 4;

/// What a call asks for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The table of the kernel.
    pub descriptor: &'static Descriptor,
    /// The size of each dimension, by its place in [`Descriptor::symbols`].
    pub sizes: &'a [usize],
    /// The tensors that are passed, by their place in [`Descriptor::tensors`].
    pub tensors: &'a [&'a AnyTensor],
    /// The numbers that are passed, by their place in [`Descriptor::scalars`]: their bytes, the rest zero.
    pub scalars: &'a [[u8; 8]],
    /// Computes a stage, by its number, where the host does; gives what went wrong, 0 if nothing.
    pub host: fn(usize, HostStage<'_>) -> u32,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {:?})", self.descriptor.name, self.sizes)
    }
}

/// One stage, over bytes at hand: for a device that is simulated by the host.
#[derive(Debug)]
pub struct HostStage<'a> {
    /// The buffer that is written.
    pub written: &'a mut [u8],
    /// The buffers that are read, in the order of the stage's arguments.
    pub read: &'a [&'a [u8]],
    /// The size of each dimension.
    pub sizes: &'a [usize],
    /// The numbers, in the order of the stage's arguments.
    pub scalars: &'a [[u8; 8]],
}

impl<'a> HostStage<'a> {
    /// Takes the written buffer and those that are read.
    pub fn memory(&mut self) -> (&'a mut [u8], &'a [&'a [u8]]) {
        (std::mem::take(&mut self.written), self.read)
    }

    /// A number; zero if there is none there.
    #[must_use]
    pub fn scalar<T: Element + Copy + Default>(&self, at: usize) -> T {
        self.scalars.get(at).map_or_else(T::default, |bytes| from_word(*bytes))
    }
}

/// The bytes of a number, the rest zero.
#[must_use]
pub fn to_word<T: Element>(number: T) -> [u8; 8] {
    let mut word = [0; 8];
    let number = [number];
    let bytes = as_bytes(&number);
    if let Some(place) = word.get_mut(..bytes.len()) {
        place.copy_from_slice(bytes);
    }
    word
}

fn from_word<T: Element + Copy + Default>(word: [u8; 8]) -> T {
    // Where any number may stand.
    let place = [u64::from_ne_bytes(word)];
    let bytes = as_bytes(&place).get(..size_of::<T>()).unwrap_or_default();
    as_elements(bytes).ok().and_then(|found| found.first().copied()).unwrap_or_default()
}

/// The elements of a buffer that a stage reads.
///
/// # Errors
/// [`BROKEN`].
pub fn read_as<'a, T: Element>(read: &[&'a [u8]], at: usize) -> Result<&'a [T], u32> {
    let bytes: &'a [u8] = read.get(at).ok_or(BROKEN)?;
    as_elements(bytes).map_err(|_| BROKEN)
}

/// The elements of the buffer that a stage writes.
///
/// # Errors
/// [`BROKEN`].
pub fn written_as<T: Element>(written: &mut [u8]) -> Result<&mut [T], u32> {
    if T::DTYPE == DType::Bool && as_elements::<T>(written).is_err() {
        // What was there before may be no bools; a stage writes all of them.
        written.fill(0);
    }
    as_elements_mut(written).map_err(|_| BROKEN)
}

/// The next of the tensors that were made for a call.
///
/// # Errors
/// [`ErrorKind::Missing`] if there is none; [`ErrorKind::Shape`] and [`ErrorKind::Dtype`] if it is another.
pub fn made<T: Element, S: Shape>(made: &mut impl Iterator<Item = AnyTensor>) -> Result<Tensor<T, S>> {
    let any =
        made.next().ok_or_else(|| Error::new(ErrorKind::Missing, "fewer tensors than the kernel returns"))?;
    Ok(Tensor::from_any(any)?)
}
