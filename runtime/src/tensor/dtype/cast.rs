//! The only casts between bytes and elements: checked once, for as long as a lease holds the bytes still.
//!
//! Invariant of [`Elements`]: its bytes are aligned for `T`, whole elements, and each a valid `T`. Nobody else writes
//! them while the lease is held, and through it they are written as elements only.

use super::super::any::BytesLease;
use super::{DType, Element};
use crate::error::{Error, ErrorKind};
use std::fmt;
use std::marker::PhantomData;

/// Leased bytes that are elements of `T`.
pub(in super::super) struct Elements<T> {
    bytes: BytesLease,
    element: PhantomData<T>,
}

impl<T: Element> Elements<T> {
    /// Checks the leased bytes.
    ///
    /// # Errors
    /// [`NotElements`].
    #[inline]
    pub(in super::super) fn check(bytes: BytesLease) -> Result<Self, NotElements> {
        element_count::<T>(&bytes)?;
        Ok(Self { bytes, element: PhantomData })
    }

    /// The elements.
    #[inline]
    pub(in super::super) fn as_slice(&self) -> &[T] {
        let bytes: &[u8] = &self.bytes;
        let len = bytes.len() / size_of::<T>();
        if len == 0 {
            return &[];
        }
        // SAFETY:
        // - the pointer is aligned for `T`, and `len` elements of it are valid: checked when `self` was made, and kept
        //   by the invariant of this module;
        // - the result borrows `self`, which holds the lease.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<T>(), len) }
    }

    /// The elements to write; `None` if the lease is shared.
    pub(in super::super) fn as_mut_slice(&mut self) -> Option<&mut [T]> {
        let bytes = self.bytes.bytes_mut()?;
        let len = bytes.len() / size_of::<T>();
        if len == 0 {
            return Some(&mut []);
        }
        // SAFETY:
        // - as in `as_slice`; and every `T` is plain bytes without padding;
        // - the result borrows `self` exclusively, which holds the exclusive lease.
        Some(unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<T>(), len) })
    }
}

/// The elements that `bytes` are, without a copy.
///
/// # Errors
/// [`NotElements`] if they are misaligned, end within an element, or hold what is no value of `T`.
///
/// ```
/// use stratal_runtime::tensor::{as_bytes, as_elements};
/// let bytes = as_bytes(&[1.5f32, -2.0]);
/// assert_eq!(as_elements::<f32>(bytes)?, [1.5, -2.0]);
/// let error = as_elements::<bool>(&[0, 1, 2]).unwrap_err();
/// assert_eq!(error.to_string(), "element 2 is byte 0x02, no bool");
/// # Ok::<(), stratal_runtime::tensor::NotElements>(())
/// ```
pub fn as_elements<T: Element>(bytes: &[u8]) -> Result<&[T], NotElements> {
    let len = element_count::<T>(bytes)?;
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY:
    // - the pointer is aligned for `T`, and `len` elements of it are valid, both checked by `element_count`;
    // - the result borrows `bytes`, so it is as readable and as unchanging.
    Ok(unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<T>(), len) })
}

/// The elements that `bytes` are, to write, without a copy.
///
/// # Errors
/// Those of [`as_elements`].
pub fn as_elements_mut<T: Element>(bytes: &mut [u8]) -> Result<&mut [T], NotElements> {
    let len = element_count::<T>(bytes)?;
    if len == 0 {
        return Ok(&mut []);
    }
    // SAFETY:
    // - the pointer is aligned for `T`, and `len` elements of it are valid, both checked by `element_count`;
    // - every `T` is plain bytes without padding, so whatever is written leaves bytes;
    // - the result borrows `bytes` exclusively.
    Ok(unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<T>(), len) })
}

/// The bytes of elements, without a copy.
#[must_use]
pub fn as_bytes<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY:
    // - the elements are initialised and without padding, so each of their bytes can be read;
    // - the result borrows `elements` and is of their size.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast::<u8>(), size_of_val(elements)) }
}

/// How many elements `bytes` holds, if it holds whole and valid ones at their alignment. No bytes hold none, wherever.
#[inline]
fn element_count<T: Element>(bytes: &[u8]) -> Result<usize, NotElements> {
    let fault = |fault| Err(NotElements { dtype: T::DTYPE, fault });
    if bytes.is_empty() {
        return Ok(0);
    }
    let address = bytes.as_ptr().addr();
    if !address.is_multiple_of(align_of::<T>()) {
        return fault(Fault::Misaligned { address, align: align_of::<T>() });
    }
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        return fault(Fault::Partial { len: bytes.len() });
    }
    if let Some(at) = T::first_invalid(bytes) {
        return fault(Fault::Invalid { index: at / size_of::<T>(), byte: bytes[at] });
    }
    Ok(bytes.len() / size_of::<T>())
}

/// Bytes that are no elements of a dtype, and why.
///
/// ```
/// use stratal_runtime::error::ErrorKind;
/// use stratal_runtime::tensor::{Alignment, AnyTensor, C, DType, Tensor, managed::Access};
/// let any = AnyTensor::zeros(DType::Bool, &[3], Alignment::Simd)?.named("mask");
/// any.lease(Access::Write)?.bytes_mut().expect("the lease is exclusive")[1] = 7;
/// let mask = Tensor::<bool, (C<3>,)>::from_any(any)?;
/// let error = mask.read().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Dtype);
/// assert!(error.to_string().contains("element 1 is byte 0x07, no bool (tensor `mask`)"));
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotElements {
    dtype: DType,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Misaligned { address: usize, align: usize },
    Partial { len: usize },
    Invalid { index: usize, byte: u8 },
}

impl fmt::Display for NotElements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dtype = self.dtype;
        match self.fault {
            Fault::Misaligned { address, align } => {
                write!(
                    f,
                    "{dtype} wants an address that is a multiple of {align}, the bytes lie at {address:#x}"
                )
            }
            Fault::Partial { len } => write!(f, "{len} bytes are no whole number of {dtype}"),
            Fault::Invalid { index, byte } => write!(f, "element {index} is byte {byte:#04x}, no {dtype}"),
        }
    }
}

impl std::error::Error for NotElements {}

impl From<NotElements> for Error {
    fn from(error: NotElements) -> Self {
        let kind = match error.fault {
            Fault::Invalid { .. } => ErrorKind::Dtype,
            Fault::Misaligned { .. } | Fault::Partial { .. } => ErrorKind::Unsupported,
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests;
