//! Tensors in the formats of serde (feature `serde`).
//!
//! A tensor is a struct of three fields, whatever order its elements lie in:
//!
//! | field | in JSON and other text | in binary formats |
//! |---|---|---|
//! | `dtype` | `"f32"`: a name of [`DType`](super::DType) | the same |
//! | `shape` | `[2, 3]`: at most six sizes | the same |
//! | `data` | the elements in row-major order, each in little-endian bytes, as hexadecimal digits | these bytes |
//!
//! Bytes, and not numbers, because they come back as they were: JSON has no NaN, and no `f16`.
//!
//! Invariant: no size that the input names is believed. The bytes that are there decide; the tensor is allocated when
//! their number is that of the shape, so memory is at most a small multiple of the input.

use super::any::AnyTensor;
use super::buffer::Alignment;
use super::dtype::{Element, as_bytes};
use super::layout::{Dense, Layout, RowMajor};
use super::managed::Access;
use super::shape::Shape;
use super::typed::Tensor;
use crate::error::{Error, ErrorKind, Result};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;

#[cfg(target_endian = "big")]
compile_error!(
    "tensors are written as they lie in memory, which is little-endian everywhere this crate runs"
);

/// Bytes to write: hexadecimal in text.
struct Data<'a>(&'a [u8]);

impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Data<'_> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(self.0)
        }
    }
}

impl<T: Element, S: Shape, L: Dense> Serialize for Tensor<T, S, L> {
    /// Takes a shared lease for the time of writing: a tensor that a writer holds is an error.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let rows = self.to_layout::<RowMajor>().map_err(Z::Error::custom)?;
        let lease = rows.read().map_err(Z::Error::custom)?;
        let mut fields = serializer.serialize_struct("Tensor", 3)?;
        fields.serialize_field("dtype", T::DTYPE.name())?;
        fields.serialize_field("shape", self.shape())?;
        fields.serialize_field("data", &Data(as_bytes(lease.as_slice())))?;
        fields.end()
    }
}

/// What was read, before anything of it is believed.
#[derive(Deserialize)]
#[serde(rename = "Tensor", deny_unknown_fields)]
struct Raw {
    dtype: String,
    shape: Vec<usize>,
    data: Bytes,
}

/// Bytes that were read.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(BytesVisitor)
        } else {
            deserializer.deserialize_byte_buf(BytesVisitor)
        }
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, or an even number of hexadecimal digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |pair: &[u8]| match pair {
            &[high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        bytes.map(Bytes).ok_or_else(|| E::invalid_value(de::Unexpected::Str("other text"), &self))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Bytes, A::Error> {
        // The length that a format claims is not believed: the vector grows as bytes come.
        let mut read = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            read.push(byte);
        }
        Ok(Bytes(read))
    }
}

impl<'de, T: Element, S: Shape, L: Dense> Deserialize<'de> for Tensor<T, S, L> {
    /// A dtype, a shape or a number of bytes that differs from the declared type is an error that names both.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        checked(&raw).and_then(|rows: Tensor<T, S>| rows.to_layout::<L>()).map_err(de::Error::custom)
    }
}

/// The tensor that was read, if it is one of the declared type.
fn checked<T: Element, S: Shape>(raw: &Raw) -> Result<Tensor<T, S>> {
    if raw.dtype != T::DTYPE.name() {
        return Err(Error::new(ErrorKind::Dtype, format!("{:.32} found, {} declared", raw.dtype, T::DTYPE)));
    }
    S::check(&raw.shape)?;
    let layout = Layout::row_major(&raw.shape, size_of::<T>())?;
    let (found, wanted) = (raw.data.0.len(), layout.num_bytes());
    if found != wanted {
        let message = format!("{found} bytes found, shape {:?} of {} has {wanted}", raw.shape, T::DTYPE);
        return Err(Error::new(ErrorKind::Shape, message));
    }
    let any = AnyTensor::zeros(T::DTYPE, &raw.shape, Alignment::Simd)?;
    if let Some(bytes) = any.lease(Access::Write)?.bytes_mut() {
        bytes.copy_from_slice(&raw.data.0);
    }
    let tensor = Tensor::from_any(any)?;
    // Bytes that are no value of `T`, such as 2 for `bool`, are told now and not at the first use.
    tensor.read()?;
    Ok(tensor)
}
