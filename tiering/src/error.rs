//! The workspace's one error type, as tiering uses it.

pub use stratal_runtime::error::{Error, ErrorKind, Result};
