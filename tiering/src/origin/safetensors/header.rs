//! The judge of a safetensors header: bytes in, checked entries out. Pure: no file, no clock.
//!
//! ```text
//! 0         8                    8 + N                                  file_bytes
//! │ N, LE64 │ JSON, then spaces  │ payload: tensors back to back, no hole, no overlap │
//! ```
//!
//! Invariant: an accepted header describes every payload byte exactly once, and each tensor has exactly the bytes
//! that its dtype and shape demand. Memory stays below 16 bytes per byte of header: ranks and metadata are bounded,
//! and nothing is built for a value that is not expected.

use super::super::catalogue::{Catalogue, TensorEntry};
use super::super::dtype::StoredDtype;
use super::json;
use crate::error::{Error, ErrorKind, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::sync::Arc;

/// Longest header that is read.
pub const MAX_HEADER_BYTES: u64 = 100 << 20;
/// Bytes before the header: its length.
pub const PREFIX_BYTES: u64 = 8;
const MAX_RANK: usize = 32;
const MAX_METADATA_PAIRS: usize = 4096;
const MAX_NAME_BYTES: usize = 4096;
const METADATA_KEY: &str = "__metadata__";

/// A header that passed every check.
#[derive(Debug)]
pub struct Header {
    catalogue: Catalogue,
    metadata: Vec<(String, String)>,
}

impl Header {
    /// Its tensors by offset; offsets count from the start of the file, and `file` is 0.
    #[must_use]
    pub fn tensors(&self) -> &[TensorEntry] {
        self.catalogue.entries()
    }

    /// Its free-form pairs, in the order of the header.
    #[must_use]
    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// Its parts.
    pub(in super::super) fn into_parts(self) -> (Catalogue, Vec<(String, String)>) {
        (self.catalogue, self.metadata)
    }
}

/// Length of the header in bytes, from the first eight bytes of a file of `file_bytes`.
///
/// # Errors
/// `Format` when the length is 0 or above [`MAX_HEADER_BYTES`], `Truncated` when the file ends before it.
pub fn header_bytes(prefix: [u8; 8], file_bytes: u64) -> Result<usize> {
    let len = u64::from_le_bytes(prefix);
    let there = file_bytes.saturating_sub(PREFIX_BYTES);
    if len == 0 {
        return Err(Error::new(ErrorKind::Format, "the header length is 0").with("byte", 0));
    }
    if len > MAX_HEADER_BYTES {
        let message = format!("the header length is {len} bytes, at most {MAX_HEADER_BYTES} are allowed");
        return Err(Error::new(ErrorKind::Format, message).with("byte", 0));
    }
    if len > there {
        let message = format!("the header has {len} bytes, {there} are there");
        return Err(Error::new(ErrorKind::Truncated, message).with("byte", file_bytes));
    }
    usize::try_from(len)
        .map_err(|_| Error::new(ErrorKind::Unsupported, "the header exceeds the address space"))
}

/// Checks the header `text` (the bytes after the length) of a file of `file_bytes` in all.
///
/// # Errors
/// `Format` or `Truncated`, naming the tensor and the byte of the file where known.
pub fn parse(text: &[u8], file_bytes: u64) -> Result<Header> {
    let mut found = Found::default();
    read(text, &mut found)?;
    let Found { mut entries, metadata, .. } = found;
    let payload_start = PREFIX_BYTES + text.len() as u64;
    let payload_bytes = file_bytes.checked_sub(payload_start).ok_or_else(|| {
        Error::new(ErrorKind::Truncated, "the file ends inside its header").with("byte", file_bytes)
    })?;
    entries.sort_by_key(|entry| (entry.offset, entry.bytes));
    check_layout(&entries, payload_bytes)?;
    for entry in &mut entries {
        entry.offset += payload_start;
    }
    Ok(Header { catalogue: Catalogue::new(entries)?, metadata })
}

/// Tensors sorted by offset fill the payload, each byte once.
fn check_layout(entries: &[TensorEntry], payload_bytes: u64) -> Result<()> {
    let mut next = 0;
    let mut previous = "the start of the payload";
    for entry in entries {
        let (begin, end) = (entry.offset, entry.end());
        let wrong = |kind, message: String| {
            Error::new(kind, message).with("tensor", &entry.name).with("offset", begin)
        };
        if begin < next {
            return Err(wrong(ErrorKind::Format, format!("overlaps `{previous}`, which ends at {next}")));
        }
        if begin > next {
            let hole =
                format!("bytes {next}..{begin} of the payload, after `{previous}`, belong to no tensor");
            return Err(wrong(ErrorKind::Format, hole));
        }
        if end > payload_bytes {
            let cut = format!("ends at byte {end} of the payload, which has {payload_bytes} bytes");
            return Err(wrong(ErrorKind::Truncated, cut));
        }
        next = end;
        previous = &entry.name;
    }
    if next == payload_bytes {
        return Ok(());
    }
    let trailing = format!("{} bytes after the last tensor belong to no tensor", payload_bytes - next);
    Err(Error::new(ErrorKind::Format, trailing).with("offset", next))
}

/// What the reader has seen so far; `tensor` is where it stands, for messages.
#[derive(Default)]
struct Found {
    entries: Vec<TensorEntry>,
    metadata: Vec<(String, String)>,
    has_metadata: bool,
    tensor: Option<Arc<str>>,
}

/// Reads the JSON of `text` into `found`.
fn read(text: &[u8], found: &mut Found) -> Result<()> {
    if text.first() != Some(&b'{') {
        return Err(
            Error::new(ErrorKind::Format, "the header does not start with `{`").with("byte", PREFIX_BYTES)
        );
    }
    let padding = text.iter().rev().take_while(|byte| **byte == b' ').count();
    let body = &text[..text.len() - padding];
    if body.last() != Some(&b'}') {
        let end = PREFIX_BYTES + body.len() as u64;
        return Err(
            Error::new(ErrorKind::Format, "the header does not end with `}` and spaces").with("byte", end)
        );
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    (&mut json).deserialize_map(Whole(&mut *found)).and_then(|()| json.end()).map_err(|error| {
        let mut wrong = json::malformed(&error);
        if let Some(tensor) = &found.tensor {
            wrong = wrong.with("tensor", tensor);
        }
        wrong.with("byte", PREFIX_BYTES + json::byte_of(&error, body) as u64)
    })
}

/// The whole header: tensors by name, and at most one table of metadata.
struct Whole<'a>(&'a mut Found);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let found = self.0;
        while let Some(key) = map.next_key_seed(Key)? {
            if let Some(name) = key {
                found.tensor = Some(Arc::clone(&name));
                found.entries.push(map.next_value_seed(Tensor(name))?);
                found.tensor = None;
            } else if std::mem::replace(&mut found.has_metadata, true) {
                return Err(A::Error::custom("duplicate `__metadata__`"));
            } else {
                found.metadata = map.next_value_seed(Metadata)?;
            }
        }
        Ok(())
    }
}

/// The name of a tensor, or `None` for the key of the metadata.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<Arc<str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<Arc<str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a tensor")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        if name == METADATA_KEY {
            return Ok(None);
        }
        check_name(name).map(|()| Some(name.into()))
    }
}

/// A name that cannot surprise a terminal, a C string or a path.
fn check_name<E: serde::de::Error>(name: &str) -> Result<(), E> {
    if name.is_empty() {
        return Err(E::custom("a tensor has an empty name"));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(E::custom(format_args!(
            "a name of {} bytes, at most {MAX_NAME_BYTES} are allowed",
            name.len()
        )));
    }
    if name.chars().any(char::is_control) {
        return Err(E::custom(format_args!("the name {name:?} holds a control character")));
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Err(E::custom(format_args!("the name {name:?} climbs out of a directory")));
    }
    Ok(())
}

/// `{"dtype": …, "shape": […], "data_offsets": [begin, end]}`, each key once, in any order, and nothing else.
struct Tensor(Arc<str>);

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Dtype,
    Shape,
    DataOffsets,
}

impl<'de> DeserializeSeed<'de> for Tensor {
    type Value = TensorEntry;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<TensorEntry, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tensor {
    type Value = TensorEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `dtype`, `shape` and `data_offsets`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TensorEntry, A::Error> {
        let (mut dtype, mut shape, mut range) = (None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Dtype => once("dtype", &mut dtype, map.next_value_seed(Dtype)?)?,
                Field::Shape => once("shape", &mut shape, map.next_value_seed(Shape)?)?,
                Field::DataOffsets => once("data_offsets", &mut range, map.next_value::<[u64; 2]>()?)?,
            }
        }
        let dtype = dtype.ok_or_else(|| A::Error::missing_field("dtype"))?;
        let shape = shape.ok_or_else(|| A::Error::missing_field("shape"))?;
        let range = range.ok_or_else(|| A::Error::missing_field("data_offsets"))?;
        entry(self.0, dtype, shape, range)
    }
}

/// Stores a field that must not have been there yet.
fn once<T, E: serde::de::Error>(field: &'static str, slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(field)),
    }
}

/// An entry whose bytes, counted from the start of the payload, are what its dtype and shape demand.
fn entry<E: serde::de::Error>(
    name: Arc<str>,
    dtype: StoredDtype,
    shape: Vec<usize>,
    [begin, end]: [u64; 2],
) -> Result<TensorEntry, E> {
    let Some(bytes) = end.checked_sub(begin) else {
        return Err(E::custom(format_args!("data_offsets [{begin}, {end}] end before they begin")));
    };
    let Some(demanded) = dtype.bytes_of(&shape) else {
        return Err(E::custom(format_args!("shape {shape:?} of {dtype} has no byte size that can exist")));
    };
    if bytes != demanded {
        return Err(E::custom(format_args!(
            "shape {shape:?} of {dtype} takes {demanded} bytes, data_offsets [{begin}, {end}] hold {bytes}"
        )));
    }
    Ok(TensorEntry { name, dtype, shape, file: 0, offset: begin, bytes })
}

/// The name of a dtype.
struct Dtype;

impl<'de> DeserializeSeed<'de> for Dtype {
    type Value = StoredDtype;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<StoredDtype, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Dtype {
    type Value = StoredDtype;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a dtype")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<StoredDtype, E> {
        StoredDtype::from_name(name)
            .ok_or_else(|| E::custom(format_args!("unknown dtype {:?}", name.get(..32).unwrap_or(name))))
    }
}

/// Dims, at most [`MAX_RANK`].
struct Shape;

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = Vec<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<usize>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = Vec<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of dims")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<usize>, A::Error> {
        let mut dims = [0; MAX_RANK];
        let mut rank = 0;
        while let Some(dim) = list.next_element()? {
            match dims.get_mut(rank) {
                Some(place) => *place = dim,
                None => return Err(A::Error::custom(format_args!("more than {MAX_RANK} dims"))),
            }
            rank += 1;
        }
        Ok(dims[..rank].to_vec())
    }
}

/// Free-form pairs of strings, at most [`MAX_METADATA_PAIRS`], each key once.
struct Metadata;

impl<'de> DeserializeSeed<'de> for Metadata {
    type Value = Vec<(String, String)>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Metadata {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            if pairs.len() == MAX_METADATA_PAIRS {
                return Err(A::Error::custom(format_args!(
                    "more than {MAX_METADATA_PAIRS} pairs of metadata"
                )));
            }
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("duplicate metadata {:?}", key)));
            }
            pairs.push((key, value));
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests;
