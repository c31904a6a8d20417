//! Results on standard output: text for people, one JSON object for programs.

use serde::Serialize;
use std::fmt;
use std::io::Write;
use stratal::{Error, ErrorKind, Result};

/// Prints a result: as one JSON object, or as it displays.
///
/// # Errors
/// `Io` when standard output takes no more, except when its reader has left: then there is nobody to tell.
pub(crate) fn print<T: Serialize + fmt::Display>(result: &T, json: bool) -> Result<()> {
    let text = if json { to_json(result)? } else { result.to_string() };
    line(text.trim_end())
}

/// Prints one line.
///
/// # Errors
/// As [`print`].
pub(crate) fn line(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Error::from(error).with("file", "standard output")),
    }
}

/// A result as JSON text.
///
/// # Errors
/// `Unsupported` when a number in it has no JSON.
pub(crate) fn to_json<T: Serialize>(result: &T) -> Result<String> {
    serde_json::to_string_pretty(result)
        .map_err(|error| Error::new(ErrorKind::Unsupported, "the result has no JSON").caused_by(error))
}
