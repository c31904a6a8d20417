//! Where the command keeps files of its own.

use std::path::{Path, PathBuf};
use stratal::{Error, ErrorKind, Result};

/// The cache directory: the one asked for, else `$XDG_CACHE_HOME/stratal`, else `~/.cache/stratal`.
///
/// # Errors
/// `Missing` when none is asked for and the environment names no home.
pub(crate) fn cache(asked: Option<&Path>) -> Result<PathBuf> {
    if let Some(asked) = asked {
        return Ok(asked.to_owned());
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("stratal"))
        .ok_or_else(|| Error::new(ErrorKind::Missing, "no HOME in the environment; name a --cache-dir"))
}
