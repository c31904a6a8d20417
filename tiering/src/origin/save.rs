//! Parameters written back as a checkpoint, tensor by tensor in pieces: memory for one piece, not for the model.

use super::checkpoint::Checkpoint;
use super::safetensors::write::{TensorSpec, Writer};
use crate::error::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::path::Path;
use stratal_runtime::tensor::{Param, Params};

/// Bytes that are leased at once: one chunk of the engine.
const PIECE_BYTES: usize = 2 << 20;

impl Checkpoint {
    /// Writes every tensor of `params` to a new safetensors file at `path`, in the order of declaration and under the
    /// names they load by, with free-form `metadata`. A tied tensor is written once, under the name it is loaded by.
    /// Until all of it is written, `path` is what it was: it may be the file that the parameters come from.
    ///
    /// ```
    /// use stratal_runtime::tensor::{C, Heap, MemorySource, Params, Tensor};
    /// use stratal_tiering::origin::Checkpoint;
    /// # fn main() -> stratal_tiering::error::Result<()> {
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("rows.safetensors");
    /// type Rows = Vec<Tensor<f32, (C<2>,)>>; // anything that implements `Params`
    /// let rows: Rows = vec![Tensor::full([2], 0.5)?, Tensor::full([2], 1.5)?];
    /// Checkpoint::save(&path, &rows, &[("format", "pt")])?;
    /// assert_eq!(Checkpoint::open(&path)?.get("1").map(|row| row.bytes), Some(8));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Format` when two fields would save to one name, naming both; `Unsupported` for a dtype that the format has not;
    /// those of leases; `Io` and its kin. Nothing is left behind.
    pub fn save<P: Params>(path: impl AsRef<Path>, params: &P, metadata: &[(&str, &str)]) -> Result<()> {
        let params = params.params();
        check_names(&params).map_err(|error| error.with("file", path.as_ref().display()))?;
        let spec = |param: &Param<'_>| TensorSpec::new(param.name(), param.dtype(), param.shape());
        let specs: Vec<TensorSpec> = params.iter().map(spec).collect();
        let mut writer = Writer::create(path, &specs, metadata)?;
        for param in &params {
            let written = param.read_pieces(PIECE_BYTES, |bytes| writer.append(bytes));
            written.map_err(|error| error.with("tensor", param.name()))?;
        }
        writer.finish()
    }
}

/// Each name is that of one field.
fn check_names(params: &[Param<'_>]) -> Result<()> {
    let mut fields = HashMap::with_capacity(params.len());
    for param in params {
        if let Some(first) = fields.insert(param.name(), param.field()) {
            let message = format!("`{first}` and `{}` both save to \"{}\"", param.field(), param.name());
            return Err(Error::new(ErrorKind::Format, message));
        }
    }
    Ok(())
}
