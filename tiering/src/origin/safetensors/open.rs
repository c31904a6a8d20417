//! From a path to a checked checkpoint: opens files, reads headers by bounded reads, never the payload.

use super::super::checkpoint::{Checkpoint, CheckpointFile};
use super::header::{self, Header};
use super::index;
use crate::error::{Error, ErrorKind, Result};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What a single model file is called.
const FILE_NAME: &str = "model.safetensors";
/// How the index of a sharded model ends.
const INDEX_SUFFIX: &str = ".safetensors.index.json";
/// How a model file ends.
const FILE_SUFFIX: &str = ".safetensors";

/// Opens what `path` names: a file, an index, or a directory with one of them.
pub(in super::super) fn open(path: &Path) -> Result<Checkpoint> {
    let named = |error: Error| error.with("file", path.display());
    if path.is_dir() {
        return open_file_or_index(&choose(path).map_err(named)?);
    }
    open_file_or_index(path)
}

fn open_file_or_index(path: &Path) -> Result<Checkpoint> {
    let is_index = path.extension().is_some_and(|extension| extension == "json");
    if is_index { open_shards(path) } else { open_single(path) }
}

/// The checkpoint of a directory: `model.safetensors`, else its only index, else its only model file.
fn choose(directory: &Path) -> Result<PathBuf> {
    let single = directory.join(FILE_NAME);
    if single.exists() {
        return Ok(single);
    }
    for suffix in [INDEX_SUFFIX, FILE_SUFFIX] {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let name = entry?.file_name();
            if name.as_encoded_bytes().ends_with(suffix.as_bytes()) {
                found.push(name);
            }
        }
        match found.as_slice() {
            [] => {}
            [only] => return Ok(directory.join(only)),
            several => {
                let message = format!("{} files end in {suffix}: name one of them", several.len());
                return Err(Error::new(ErrorKind::Missing, message));
            }
        }
    }
    let message = format!("the directory holds no {FILE_NAME} and no *{INDEX_SUFFIX}");
    Err(Error::new(ErrorKind::Missing, message))
}

fn open_single(path: &Path) -> Result<Checkpoint> {
    let (file, header) = open_header(path)?;
    let (catalogue, metadata) = header.into_parts();
    Ok(Checkpoint::assemble(path, vec![file], catalogue, metadata))
}

fn open_shards(path: &Path) -> Result<Checkpoint> {
    let named = |error: Error| error.with("file", path.display());
    let index = index::parse(&read_index(path).map_err(named)?).map_err(named)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let (mut files, mut shards, mut metadata) = (Vec::new(), Vec::new(), Vec::new());
    for shard in index.shards() {
        let (file, header) = open_header(&directory.join(shard))?;
        let (catalogue, pairs) = header.into_parts();
        if files.is_empty() {
            metadata = pairs;
        }
        files.push(file);
        shards.push(catalogue);
    }
    let catalogue = index.merge(shards).map_err(named)?;
    Ok(Checkpoint::assemble(path, files, catalogue, metadata))
}

/// Opens one file and checks its header.
fn open_header(path: &Path) -> Result<(CheckpointFile, Header)> {
    let read = || {
        let (file, len) = open_regular(path)?;
        let header = read_header(&file, len)?;
        Ok((CheckpointFile { file, path: path.to_owned(), len }, header))
    };
    read().map_err(|error: Error| error.with("file", path.display()))
}

/// Opens a regular file and its length. Opening a named pipe must not hang, hence `O_NONBLOCK`; it means nothing to a
/// regular file.
fn open_regular(path: &Path) -> Result<(File, u64)> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::Unsupported, "it is not a regular file"));
    }
    Ok((file, metadata.len()))
}

fn read_header(file: &File, len: u64) -> Result<Header> {
    if len < header::PREFIX_BYTES {
        let message = format!(
            "the file has {len} bytes, the length of its header alone takes {}",
            header::PREFIX_BYTES
        );
        return Err(Error::new(ErrorKind::Truncated, message).with("byte", len));
    }
    let mut prefix = [0; 8];
    file.read_exact_at(&mut prefix, 0)?;
    let mut text = vec![0; header::header_bytes(prefix, len)?];
    file.read_exact_at(&mut text, header::PREFIX_BYTES)?;
    header::parse(&text, len)
}

fn read_index(path: &Path) -> Result<Vec<u8>> {
    let (file, len) = open_regular(path)?;
    if len > header::MAX_HEADER_BYTES {
        let message = format!("the index has {len} bytes, at most {} are allowed", header::MAX_HEADER_BYTES);
        return Err(Error::new(ErrorKind::Format, message));
    }
    let len =
        usize::try_from(len).map_err(|_| Error::new(ErrorKind::Unsupported, "the index exceeds memory"))?;
    let mut text = vec![0; len];
    file.read_exact_at(&mut text, 0)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
