//! The index of a sharded checkpoint: which shard holds which tensor. Pure.
//!
//! ```text
//! {"metadata": {…ignored…}, "weight_map": {"layer.0.weight": "model-00001-of-00002.safetensors", …}}
//! ```
//!
//! Invariant: a merged catalogue holds exactly the tensors of the map, each from the shard that the map names, and
//! no shard holds a tensor more. Shards are plain file names, so nothing outside the directory is ever opened.

use super::super::catalogue::{Catalogue, TensorEntry};
use super::json;
use crate::error::{Error, ErrorKind, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

const MAX_SHARDS: usize = 4096;
const MAX_SHARD_NAME_BYTES: usize = 255;

/// Which shard holds which tensor.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Shard names, in the order they are first named; a tensor's number indexes this.
    shards: Vec<String>,
    tensors: BTreeMap<String, u32>,
}

/// Checks the text of an index.
///
/// # Errors
/// `Format`, naming line and column.
pub(super) fn parse(text: &[u8]) -> Result<Index> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = (&mut json).deserialize_map(Whole).and_then(|index| json.end().map(|()| index));
    read.map_err(|error| json::malformed(&error).with("line", error.line()).with("column", error.column()))
}

impl Index {
    /// Shard names, in the order of their numbers.
    pub(super) fn shards(&self) -> &[String] {
        &self.shards
    }

    /// Joins the shards' catalogues, given in the order of [`shards`](Self::shards).
    ///
    /// # Errors
    /// `Missing` when a shard lacks a tensor that the map puts there, `Format` when it holds one that the map does
    /// not put there; both name tensor and shard.
    pub(super) fn merge(&self, catalogues: Vec<Catalogue>) -> Result<Catalogue> {
        for (name, shard) in &self.tensors {
            if catalogues.get(*shard as usize).and_then(|catalogue| catalogue.get(name)).is_none() {
                let lacking =
                    Error::new(ErrorKind::Missing, "the index puts it in a shard that does not hold it");
                return Err(lacking.with("tensor", name).with("shard", self.shard(*shard)));
            }
        }
        let mut entries = Vec::with_capacity(self.tensors.len());
        for (shard, catalogue) in (0..).zip(catalogues) {
            for entry in catalogue.into_entries() {
                self.check_home(&entry, shard)?;
                entries.push(TensorEntry { file: shard, ..entry });
            }
        }
        Catalogue::new(entries)
    }

    /// The map puts `entry` into `shard`, where it is.
    fn check_home(&self, entry: &TensorEntry, shard: u32) -> Result<()> {
        let message = match self.tensors.get(&*entry.name) {
            Some(home) if *home == shard => return Ok(()),
            Some(home) => format!("the index puts it in `{}`", self.shard(*home)),
            None => "the shard holds it, the index does not name it".to_owned(),
        };
        let stray = Error::new(ErrorKind::Format, message).with("tensor", &entry.name);
        Err(stray.with("shard", self.shard(shard)))
    }

    fn shard(&self, number: u32) -> &str {
        self.shards.get(number as usize).map_or("?", String::as_str)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Metadata,
    WeightMap,
}

/// The whole index: `weight_map` once, and metadata that is not used.
struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `weight_map`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Index, A::Error> {
        let (mut index, mut metadata) = (None, false);
        while let Some(field) = map.next_key()? {
            match field {
                Field::WeightMap if index.is_some() => return Err(A::Error::duplicate_field("weight_map")),
                Field::Metadata if metadata => return Err(A::Error::duplicate_field("metadata")),
                Field::WeightMap => index = Some(map.next_value_seed(WeightMap)?),
                Field::Metadata => metadata = map.next_value::<IgnoredAny>().map(|_| true)?,
            }
        }
        index.ok_or_else(|| A::Error::missing_field("weight_map"))
    }
}

/// Tensor name to shard name, each tensor once.
struct WeightMap;

impl<'de> DeserializeSeed<'de> for WeightMap {
    type Value = Index;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Index, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for WeightMap {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of shard names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Index, A::Error> {
        let mut index = Index::default();
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        while let Some((tensor, shard)) = map.next_entry::<String, String>()? {
            let next = numbers.len();
            let number = match numbers.get(&shard) {
                Some(number) => *number,
                None => {
                    check_shard_name(&shard)?;
                    if next == MAX_SHARDS {
                        return Err(A::Error::custom(format_args!("more than {MAX_SHARDS} shards")));
                    }
                    index.shards.push(shard.clone());
                    numbers.insert(shard, next as u32);
                    next as u32
                }
            };
            if index.tensors.contains_key(&tensor) {
                return Err(A::Error::custom(format_args!("duplicate tensor {tensor:?}")));
            }
            index.tensors.insert(tensor, number);
        }
        Ok(index)
    }
}

/// A plain file name of a shard: no directory, nothing hidden, nothing that a terminal or a C string would misread.
fn check_shard_name<E: serde::de::Error>(name: &str) -> Result<(), E> {
    let plain = !name.contains(['/', '\\']) && !name.chars().any(char::is_control) && !name.starts_with('.');
    if plain && name.len() <= MAX_SHARD_NAME_BYTES && name.ends_with(".safetensors") {
        return Ok(());
    }
    let shown: String = name.chars().take(MAX_SHARD_NAME_BYTES).collect();
    Err(E::custom(format_args!("the shard {shown:?} is not a plain `….safetensors` file name")))
}

#[cfg(test)]
mod tests;
