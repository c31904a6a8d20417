//! The safetensors format: judge, opener, index of shards, writer.
//!
//! We accept a strict subset of what the reference implementation accepts. Refused on purpose: duplicate names and
//! keys, unknown fields, leading white space, padding other than spaces, names that are empty, longer than 4096
//! bytes, hold control characters or a `..` component, shapes whose product wraps even if one dim is 0, ranks above
//! 32, metadata of more than 4096 pairs.

pub mod header;
mod index;
mod json;
pub(super) mod open;
pub(super) mod write;
