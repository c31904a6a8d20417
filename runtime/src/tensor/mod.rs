//! Typed tensors: bytes get a dtype and a shape here and nowhere else.

#[allow(unsafe_code, reason = "a lease turns a keeper's promise into slices")]
pub mod managed;
