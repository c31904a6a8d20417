#![doc = include_str!("../README.md")]

pub use stratal_runtime::error::{Error, ErrorKind, Result};
