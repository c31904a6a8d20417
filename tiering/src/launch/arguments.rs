//! Parameters of a stage as bytes: the fields of a C struct, each at a multiple of its own size.
//!
//! ```text
//! | written 8 | read 8 .. | sizes 8 .. | numbers | faults 8 |  sizes of all dimensions, for the host's code alone |
//! ```

use crate::error::{Error, ErrorKind, Result};
use stratal_runtime::kernel::{Argument, Descriptor, Stage};

/// Most bytes of parameters (CUDA C++ Programming Guide, function parameters).
const BYTES_MAX: usize = 4096;

/// Where the parameters of a stage lie.
#[derive(Debug)]
pub(super) struct Layout {
    /// The offset of each.
    pub(super) offsets: Vec<usize>,
    /// All bytes of the parameters.
    pub(super) bytes: usize,
}

impl Layout {
    pub(super) fn of(descriptor: &Descriptor, stage: &Stage) -> Result<Self> {
        let (mut at, mut offsets) = (0_usize, Vec::with_capacity(stage.arguments.len()));
        for argument in stage.arguments {
            let size = size(descriptor, *argument);
            at = at.next_multiple_of(size);
            offsets.push(at);
            at += size;
        }
        if at > BYTES_MAX {
            let message =
                format!("kernel `{}`: its parameters have more than {BYTES_MAX} bytes", descriptor.name);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(Self { offsets, bytes: at })
    }

    /// Where the sizes of all dimensions begin that the host's code finds behind the parameters.
    pub(super) fn sizes_at(&self) -> usize {
        self.bytes.next_multiple_of(8)
    }
}

/// Bytes of a parameter.
pub(super) fn size(descriptor: &Descriptor, argument: Argument) -> usize {
    match argument {
        Argument::Written(_) | Argument::Read(_) | Argument::Size(_) | Argument::Faults => 8,
        Argument::Scalar(at) => descriptor.scalars.get(at).map_or(8, |scalar| scalar.dtype.size().max(1)),
        Argument::Count(_, dtype) => dtype.size().max(1),
    }
}

/// Bytes of parameters, in place unless they are many.
#[derive(Debug)]
pub(super) struct Packed {
    near: [u8; 192],
    far: Vec<u8>,
    len: usize,
}

impl Packed {
    pub(super) fn zeros(len: usize) -> Self {
        let near = [0; 192];
        Self { far: if len > near.len() { vec![0; len] } else { Vec::new() }, near, len }
    }

    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        let all = if self.far.is_empty() { &mut self.near[..] } else { &mut self.far[..] };
        if let Some(place) = all.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        let all = if self.far.is_empty() { &self.near[..] } else { &self.far[..] };
        all.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
