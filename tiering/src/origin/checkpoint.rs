//! An open checkpoint: its files, and where each tensor lies in them.
//!
//! Invariant: every entry lies inside `len` bytes of its file, as that file was when it was opened.

use super::catalogue::{Catalogue, TensorEntry};
use super::safetensors::open;
use crate::error::Result;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One open file of a checkpoint.
#[derive(Debug)]
pub struct CheckpointFile {
    /// The file, open for reading. Reopen it through `/proc/self/fd` to read it in another mode: the path may name
    /// another file by then.
    pub file: File,
    /// Where it was opened, for messages.
    pub path: PathBuf,
    /// Bytes it had when its header was checked.
    pub len: u64,
}

/// A safetensors checkpoint of one file or many shards, opened without reading its payload. Cloning shares it.
///
/// ```
/// use stratal_runtime::tensor::DType;
/// use stratal_tiering::origin::{Checkpoint, TensorSpec, Writer};
/// # fn main() -> stratal_tiering::error::Result<()> {
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("model.safetensors");
/// let mut writer = Writer::create(&path, &[TensorSpec::new("bias", DType::F32, [2])], &[])?;
/// writer.tensor("bias", &[0; 8])?;
/// writer.finish()?;
///
/// let checkpoint = Checkpoint::open(&path)?;
/// let bias = checkpoint.get("bias").expect("it was just written");
/// assert_eq!((bias.dtype.typed(), bias.shape.as_slice(), bias.bytes), (Some(DType::F32), &[2][..], 8));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    path: PathBuf,
    files: Vec<CheckpointFile>,
    catalogue: Catalogue,
    metadata: Vec<(String, String)>,
}

impl Checkpoint {
    /// Opens a `.safetensors` file, a `model.safetensors.index.json`, or a directory that holds one of them, and
    /// checks every header strictly. The payload is not read.
    ///
    /// # Errors
    /// `Missing`, `Io` when the system refuses a file, `Truncated` when a file ends before its tensors, `Format` when
    /// a header or index is not what the format demands; each names the file, and the tensor and byte where known.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        open::open(path.as_ref())
    }

    /// Joins checked parts.
    pub(super) fn assemble(
        path: &Path,
        files: Vec<CheckpointFile>,
        catalogue: Catalogue,
        metadata: Vec<(String, String)>,
    ) -> Self {
        Self(Arc::new(Parts { path: path.to_owned(), files, catalogue, metadata }))
    }

    /// What was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Its tensors in file order: shard by shard, by offset within each.
    #[must_use]
    pub fn tensors(&self) -> &[TensorEntry] {
        self.0.catalogue.entries()
    }

    /// The tensor called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&TensorEntry> {
        self.0.catalogue.get(name)
    }

    /// The position of the tensor called `name` among [`Checkpoint::tensors`].
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.0.catalogue.position(name)
    }

    /// Its open files; [`TensorEntry::file`] indexes them.
    #[must_use]
    pub fn files(&self) -> &[CheckpointFile] {
        &self.0.files
    }

    /// The free-form pairs of the header, as the first file gives them.
    #[must_use]
    pub fn metadata(&self) -> &[(String, String)] {
        &self.0.metadata
    }

    /// Bytes of all tensors.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.tensors().iter().map(|tensor| tensor.bytes).sum()
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tensors, files) = (self.tensors().len(), self.files().len());
        write!(f, "{}: {tensors} tensors, {} bytes in {files} ", self.path().display(), self.total_bytes())?;
        f.write_str(if files == 1 { "file" } else { "files" })
    }
}
