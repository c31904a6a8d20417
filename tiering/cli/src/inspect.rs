//! `stratal inspect`: what a checkpoint holds, without reading its payload.

use crate::args::InspectArgs;
use crate::output;
use crate::units::Bytes;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use stratal::tiering::origin::{CheckpointFile, TensorEntry};
use stratal::{Checkpoint, Result};

/// Offsets on multiples of this are read straight into place whatever the disk.
const ALIGNMENT_BYTES: u64 = 4096;

/// A checkpoint, as printed.
#[derive(Debug, Serialize)]
struct Inspection {
    path: String,
    total_bytes: u64,
    total_elements: u64,
    metadata: BTreeMap<String, String>,
    files: Vec<FileRow>,
    tensors: Vec<TensorRow>,
}

#[derive(Debug, Serialize)]
struct FileRow {
    path: String,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct TensorRow {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    bytes: u64,
    /// Index into the files.
    file: u32,
    /// First byte in that file.
    offset: u64,
    /// Largest power of two that divides the offset, at most 4096.
    alignment_bytes: u64,
}

/// Opens and prints.
///
/// # Errors
/// Those of [`Checkpoint::open`].
pub(crate) fn inspect(args: &InspectArgs) -> Result<()> {
    let checkpoint = Checkpoint::open(&args.checkpoint)?;
    output::print(&Inspection::of(&checkpoint), args.json)
}

impl Inspection {
    fn of(checkpoint: &Checkpoint) -> Self {
        let file = |file: &CheckpointFile| FileRow { path: file.path.display().to_string(), bytes: file.len };
        Self {
            path: checkpoint.path().display().to_string(),
            total_bytes: checkpoint.total_bytes(),
            total_elements: checkpoint.tensors().iter().map(|tensor| tensor.elements() as u64).sum(),
            metadata: checkpoint.metadata().iter().cloned().collect(),
            files: checkpoint.files().iter().map(file).collect(),
            tensors: checkpoint.tensors().iter().map(TensorRow::of).collect(),
        }
    }
}

impl TensorRow {
    fn of(tensor: &TensorEntry) -> Self {
        Self {
            name: tensor.name.to_string(),
            dtype: tensor.dtype.to_string(),
            shape: tensor.shape.clone(),
            bytes: tensor.bytes,
            file: tensor.file,
            offset: tensor.offset,
            alignment_bytes: 1 << tensor.offset.trailing_zeros().min(ALIGNMENT_BYTES.trailing_zeros()),
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: &dyn Fn(&TensorRow) -> usize| self.tensors.iter().map(text).max().unwrap_or(0);
        let name_width = width(&|row| row.name.chars().count());
        let shapes: Vec<String> = self.tensors.iter().map(|row| format!("{:?}", row.shape)).collect();
        let shape_width = shapes.iter().map(String::len).max().unwrap_or(0);
        for (row, shape) in self.tensors.iter().zip(&shapes) {
            let TensorRow { name, dtype, file, offset, alignment_bytes, .. } = row;
            let bytes = Bytes(row.bytes).to_string();
            write!(f, "{name:name_width$}  {dtype:>8}  {shape:shape_width$}  {bytes:>11}  at {offset}")?;
            if self.files.len() > 1 {
                write!(f, " of file {file}")?;
            }
            if *alignment_bytes < ALIGNMENT_BYTES {
                write!(f, " (aligned to {alignment_bytes})")?;
            }
            writeln!(f)?;
        }
        for (key, value) in &self.metadata {
            writeln!(f, "{key}: {value}")?;
        }
        if self.files.len() > 1 {
            for (index, FileRow { path, bytes }) in self.files.iter().enumerate() {
                writeln!(f, "file {index}: {path}, {}", Bytes(*bytes))?;
            }
        }
        let (tensors, elements) = (self.tensors.len(), self.total_elements);
        write!(f, "{}: {tensors} tensors, {elements} elements, {}", self.path, Bytes(self.total_bytes))
    }
}
