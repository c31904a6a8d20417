//! From a JSON failure to an error that says where: the message without serde's suffix, and the byte.

use crate::error::{Error, ErrorKind};
use serde_json::error::Category;

/// A `Format` error that says what `error` says.
pub(super) fn malformed(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&suffix).unwrap_or(&text);
    match error.classify() {
        Category::Data => Error::new(ErrorKind::Format, message),
        Category::Io | Category::Syntax | Category::Eof => {
            Error::new(ErrorKind::Format, format!("not valid JSON: {message}"))
        }
    }
}

/// The byte of `text` at which `error` was noticed.
pub(super) fn byte_of(error: &serde_json::Error, text: &[u8]) -> usize {
    let mut line_starts = std::iter::once(0).chain(text.iter().enumerate().filter_map(newline_end));
    let start = line_starts.nth(error.line().saturating_sub(1)).unwrap_or(0);
    (start + error.column().saturating_sub(1)).min(text.len())
}

fn newline_end((at, byte): (usize, &u8)) -> Option<usize> {
    (*byte == b'\n').then_some(at + 1)
}
