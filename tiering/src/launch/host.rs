//! The stages of a kernel as functions of this process, for a device that the host simulates.
//!
//! ```text
//! bytes of the parameters ── addresses ──> slices ──> Request::host(stage, HostStage) ── fault ──> the word at `faults`
//! ```
//!
//! Invariant: a slice lies inside the block that the launch was submitted with, for as long as the simulator runs it.

use super::arguments::{Layout, size};
use crate::device::{Geometry, HostEntry, Pointer};
use crate::error::Result;
use std::sync::Arc;
use stratal_runtime::kernel::{Argument, Buffer, Descriptor, HostStage};

/// What computes a stage.
pub(super) type Compute = fn(usize, HostStage<'_>) -> u32;

/// An entry for each stage.
pub(super) fn entries(descriptor: &'static Descriptor, compute: Compute) -> Result<Vec<HostEntry>> {
    let one = |number: usize| -> Result<HostEntry> {
        let stage = &descriptor.stages[number];
        let layout = Layout::of(descriptor, stage)?;
        let pointers = stage.arguments.iter().zip(&layout.offsets);
        let pointers = pointers.filter_map(|(argument, &offset)| match argument {
            Argument::Written(_) => Some(Pointer { offset, writes: true }),
            Argument::Read(_) => Some(Pointer { offset, writes: false }),
            _ => None,
        });
        Ok(HostEntry {
            name: stage.entry.to_owned(),
            pointers: pointers.collect(),
            run: Arc::new(move |_: &Geometry, bytes: &[u8]| run(descriptor, number, &layout, compute, bytes)),
        })
    };
    (0..descriptor.stages.len()).map(one).collect()
}

/// Eight bytes at an offset; zero where there are none.
fn word(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u64::from_le_bytes)
}

fn run(descriptor: &Descriptor, number: usize, layout: &Layout, compute: Compute, bytes: &[u8]) {
    let stage = &descriptor.stages[number];
    let sizes: Vec<usize> = (0..descriptor.symbols.len())
        .map(|at| usize::try_from(word(bytes, layout.sizes_at() + 8 * at)).unwrap_or(0))
        .collect();
    let len = |buffer: usize| descriptor.buffers.get(buffer).map_or(0, |buffer| bytes_of(buffer, &sizes));
    let (mut written, mut read, mut scalars, mut faults) = (&mut [][..], Vec::new(), Vec::new(), 0);
    for (argument, &at) in stage.arguments.iter().zip(&layout.offsets) {
        match *argument {
            // SAFETY:
            // - the launch was submitted with a block of that many bytes or more at the address, which stays mapped
            //   until it has ended, and its turn orders everyone else who uses them;
            // - no other buffer of the launch is the same block (`submit` refuses that), so nothing overlaps.
            Argument::Written(buffer) => written = unsafe { slice_mut(word(bytes, at), len(buffer)) },
            // SAFETY: as above; what is only read may be there twice.
            Argument::Read(buffer) => read.push(unsafe { slice(word(bytes, at), len(buffer)) }),
            Argument::Scalar(_) => {
                let size = size(descriptor, *argument);
                let mut word = [0; 8];
                word[..size].copy_from_slice(bytes.get(at..at + size).unwrap_or(&[0; 8][..size]));
                scalars.push(word);
            }
            Argument::Faults => faults = word(bytes, at),
            Argument::Size(_) | Argument::Count(..) => {}
        }
    }
    let fault = compute(number, HostStage { written, read: &read, sizes: &sizes, scalars: &scalars });
    if fault != 0 && faults != 0 {
        // SAFETY: the word is a block of its own, aligned to 512, which the launch was submitted with.
        unsafe { *(faults as *mut u32) |= fault };
    }
}

/// Bytes of a buffer.
pub(super) fn bytes_of(buffer: &Buffer, sizes: &[usize]) -> usize {
    let elements = buffer.extents.iter().map(|extent| extent.size(sizes)).fold(1, usize::saturating_mul);
    elements.saturating_mul(buffer.dtype.size())
}

/// # Safety
/// That many bytes at the address are valid for reads, and nobody writes them while the slice lives.
unsafe fn slice<'a>(at: u64, len: usize) -> &'a [u8] {
    if at == 0 || len == 0 {
        return &[];
    }
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts(at as *const u8, len) }
}

/// # Safety
/// That many bytes at the address are valid for reads and writes, and nobody else uses them while the slice lives.
unsafe fn slice_mut<'a>(at: u64, len: usize) -> &'a mut [u8] {
    if at == 0 || len == 0 {
        return &mut [];
    }
    // SAFETY: promised by the caller.
    unsafe { std::slice::from_raw_parts_mut(at as *mut u8, len) }
}
