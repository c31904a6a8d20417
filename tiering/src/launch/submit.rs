//! One launch: blocks for all buffers, one turn for all stages, new tensors.
//!
//! ```text
//! place: passed on this device ─ its block │ an engine's ─ a lease there │ elsewhere ─ a copy │ new ─ a new block
//! turn:  uses(every block) · launch(stage 0) · launch(stage 1) · .. · end        one event for all
//! ```
//!
//! Invariant: a block that is written is passed once. Blocks may be dropped as soon as they are submitted: their pool
//! gives the bytes to others only in the order of their uses.

use super::arguments::Packed;
use super::host::bytes_of;
use super::prepare::{Ready, ReadyStage, ready};
use crate::device::{
    DEADLINE, Device, DeviceBlock, DeviceLease, DevicePool, Geometry, LeaseOn, Lent, Stream, Touch, place_of,
    tensor_in,
};
use crate::error::{Error, ErrorKind, Result};
use stratal_runtime::kernel::{Argument, Descriptor, Request, Role, Stage, settled};
use stratal_runtime::tensor::AnyTensor;
use stratal_runtime::tensor::managed::Access;

/// Buffers of a kernel that need no allocation to keep track of.
const NEAR: usize = 16;

/// Where a buffer's bytes are.
enum Memory<'a> {
    None,
    /// In the block of the tensor that is passed.
    There(&'a DeviceBlock),
    /// Brought up by an engine that has a tier there.
    Lent(DeviceLease),
    /// In a block made for this launch.
    Made(DeviceBlock),
}

impl Memory<'_> {
    fn block(&self) -> Option<&DeviceBlock> {
        match self {
            Self::None => None,
            Self::There(block) => Some(block),
            Self::Lent(lease) => Some(lease.block()),
            Self::Made(block) => Some(block),
        }
    }
}

/// Runs what a call asks for on the device of `stream`, and gives the new tensors, in order. [`Launch`](super::Launch)
/// is this with types.
///
/// # Errors
/// Those of [`Launch::run_on`](super::Launch::run_on).
pub fn submit(request: &Request<'_>, stream: &Stream) -> Result<Vec<AnyTensor>> {
    let ready = ready(stream, request)?;
    let launch = Launching { request, stream, ready: &ready };
    let count = request.descriptor.buffers.len();
    let mut near = [const { Memory::None }; NEAR];
    if let Some(memory) = near.get_mut(..count) {
        return launch.run(memory);
    }
    let mut far: Vec<Memory<'_>> = (0..count).map(|_| Memory::None).collect();
    launch.run(&mut far)
}

struct Launching<'a> {
    request: &'a Request<'a>,
    stream: &'a Stream,
    ready: &'a Ready,
}

impl<'a> Launching<'a> {
    fn descriptor(&self) -> &'static Descriptor {
        self.request.descriptor
    }

    fn run(&self, memory: &mut [Memory<'a>]) -> Result<Vec<AnyTensor>> {
        self.apart()?;
        for (at, place) in memory.iter_mut().enumerate() {
            *place = self.place(at)?;
        }
        let faults = if self.ready.can_fail { Some(self.faults()?) } else { None };
        self.turn(memory, faults.as_ref())?;
        if let Some(faults) = &faults {
            let found = self.stream.download([0_u8; 4], faults, 0)?.wait(DEADLINE)?;
            settled(self.descriptor(), u32::from_le_bytes(found))?;
        }
        self.bring_back(memory)?;
        self.results(memory)
    }

    /// The tensor that a buffer is, if it is passed.
    fn passed(&self, buffer: usize) -> Option<(&'a AnyTensor, bool)> {
        let descriptor = self.descriptor();
        let Role::Passed(at) = descriptor.buffers.get(buffer)?.role else { return None };
        Some((*self.request.tensors.get(at)?, descriptor.tensors.get(at)?.written))
    }

    fn is_here(&self, block: &DeviceBlock) -> bool {
        let (here, there) = (self.stream.driver(), block.driver());
        std::sync::Arc::ptr_eq(here, there)
    }

    fn place(&self, buffer: usize) -> Result<Memory<'a>> {
        let Some((tensor, written)) = self.passed(buffer) else {
            let bytes = bytes_of(&self.descriptor().buffers[buffer], self.request.sizes);
            return Ok(Memory::Made(self.pool()?.allocate(bytes as u64)?));
        };
        let from = place_of(tensor);
        if let Some((block, ..)) = from.filter(|(block, ..)| self.is_here(block)) {
            return Ok(Memory::There(block));
        }
        if let Some(lease) = self.lent(tensor, written)? {
            return Ok(Memory::Lent(lease));
        }
        let block = self.pool()?.allocate(tensor.num_bytes() as u64)?;
        match from {
            Some((_, device, _)) if written => {
                let message =
                    "a kernel writes a tensor on another device than it runs on: move it with to_device";
                let error = Error::new(ErrorKind::Unsupported, message).with("tensor", tensor.name());
                return Err(error.with("device", device).with("kernel", self.descriptor().name));
            }
            Some((there, ..)) if there.driver().family() == block.driver().family() => {
                self.stream.copy(&block, 0, there, 0, tensor.num_bytes() as u64)?;
            }
            // The stream holds the lease until the copy has ended.
            _ => drop(self.stream.upload(&block, 0, Lent(tensor.lease(Access::Read)?))?),
        }
        Ok(Memory::Made(block))
    }

    /// A lease on the device, of a tensor whose engine has a tier there. It ends with the launch's submission: what the
    /// engine does with the bytes after that comes after the kernel.
    fn lent(&self, tensor: &AnyTensor, written: bool) -> Result<Option<DeviceLease>> {
        if tensor.as_managed().is_none() || place_of(tensor).is_some() {
            return Ok(None);
        }
        let Ok(device) = self.device() else { return Ok(None) };
        match if written { tensor.write_on(device) } else { tensor.read_on(device) } {
            Ok(lease) if self.is_here(lease.block()) => Ok(Some(lease)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where new blocks come from: the pool of the first tensor here, else that of the device.
    fn pool(&self) -> Result<DevicePool> {
        if let Some((block, _)) = self.first_here() {
            return Ok(block.pool());
        }
        self.device()?.pool()
    }

    fn device(&self) -> Result<Device> {
        let device = self.first_here().map(|(_, device)| device);
        device.or_else(|| Device::of(self.stream.driver())).ok_or_else(|| {
            let message =
                "none of the arguments lies on the stream's device, which has no name to make tensors on";
            Error::new(ErrorKind::Unsupported, message).with("kernel", self.descriptor().name)
        })
    }

    fn first_here(&self) -> Option<(&'a DeviceBlock, Device)> {
        let places = self.request.tensors.iter().filter_map(|tensor| place_of(tensor));
        places.map(|(block, device, _)| (block, device)).find(|(block, _)| self.is_here(block))
    }

    /// Nothing on a device or in an engine that is written is passed twice: told before the first lease, for the second
    /// would wait for it.
    fn apart(&self) -> Result<()> {
        let passed = self.request.tensors.iter().zip(self.descriptor().tensors).enumerate();
        for (at, (tensor, parameter)) in passed {
            let Some(managed) = tensor.as_managed().filter(|_| parameter.written) else { continue };
            let same = |other: &AnyTensor| {
                let other = other.as_managed();
                other.is_some_and(|other| std::sync::Arc::ptr_eq(other.keeper(), managed.keeper()))
            };
            if self.request.tensors.iter().enumerate().any(|(other, tensor)| other != at && same(tensor)) {
                let message = "a kernel writes a tensor that it is passed a second time";
                let error = Error::new(ErrorKind::Conflict, message).with("tensor", tensor.name());
                return Err(error.with("kernel", self.descriptor().name));
            }
        }
        Ok(())
    }

    /// A word of zeros.
    fn faults(&self) -> Result<DeviceBlock> {
        let word = self.pool()?.allocate(4)?;
        self.stream.fill(&word, 0, 4, 0)?;
        Ok(word)
    }

    /// How the kernel uses a buffer.
    fn touch(&self, buffer: usize) -> Touch {
        let writes = |stage: &Stage| stage.arguments.contains(&Argument::Written(buffer));
        if self.descriptor().stages.iter().any(writes) { Touch::Write } else { Touch::Read }
    }

    fn turn(&self, memory: &[Memory<'_>], faults: Option<&DeviceBlock>) -> Result<()> {
        let mut turn = self.stream.turn();
        for (at, place) in memory.iter().enumerate() {
            if let Some(block) = place.block() {
                turn.uses(block.uses(), self.touch(at))?;
            }
        }
        if let Some(word) = faults {
            turn.uses(word.uses(), Touch::Write)?;
        }
        for (stage, ready) in self.descriptor().stages.iter().zip(&self.ready.stages) {
            let geometry = self.descriptor().geometry(stage, self.request.sizes)?;
            if geometry.grid.contains(&0) {
                continue;
            }
            let packed = self.pack(stage, ready, memory, faults)?;
            let (grid, block, shared_bytes) = (geometry.grid, geometry.block, geometry.shared_bytes);
            let geometry = Geometry { grid, block, shared_bytes };
            // SAFETY:
            // - the parameters are those of the stage, laid out as its C declares them;
            // - each pointer is the start of a block as large as its buffer, or of the word for faults, all of which
            //   were named to the turn, so their bytes stay mapped and ordered until the launch has ended; where no
            //   word is passed, the stage cannot fail and does not touch it.
            unsafe { turn.launch(ready.function.raw(), &geometry, packed.bytes()) }
                .map_err(|error| error.with("kernel", self.descriptor().name))?;
        }
        turn.end().map(drop)
    }

    fn pack(
        &self,
        stage: &Stage,
        ready: &ReadyStage,
        memory: &[Memory<'_>],
        faults: Option<&DeviceBlock>,
    ) -> Result<Packed> {
        let (descriptor, sizes) = (self.descriptor(), self.request.sizes);
        let behind = if self.ready.on_host { ready.layout.sizes_at() + 8 * sizes.len() } else { 0 };
        let mut packed = Packed::zeros(ready.layout.bytes.max(behind));
        let address =
            |buffer: usize| memory.get(buffer).and_then(Memory::block).map_or(0, |block| block.address().0);
        for (argument, &at) in stage.arguments.iter().zip(&ready.layout.offsets) {
            match *argument {
                Argument::Written(buffer) | Argument::Read(buffer) => {
                    packed.put(at, &address(buffer).to_le_bytes());
                }
                Argument::Size(symbol) => {
                    let size = sizes.get(symbol).copied().unwrap_or(0) as u64;
                    packed.put(at, &size.to_le_bytes());
                }
                Argument::Scalar(scalar) => {
                    let word = self.request.scalars.get(scalar).copied().unwrap_or_default();
                    packed
                        .put(at, word.get(..super::arguments::size(descriptor, *argument)).unwrap_or(&word));
                }
                Argument::Count(count, dtype) => {
                    let word = descriptor.counted(count, dtype, sizes)?.to_le_bytes();
                    packed.put(at, word.get(..dtype.size()).unwrap_or(&word));
                }
                Argument::Faults => {
                    packed.put(at, &faults.map_or(0, |word| word.address().0).to_le_bytes());
                }
            }
        }
        if self.ready.on_host {
            for (symbol, size) in sizes.iter().enumerate() {
                packed.put(ready.layout.sizes_at() + 8 * symbol, &(*size as u64).to_le_bytes());
            }
        }
        Ok(packed)
    }

    /// Copies back what was written of tensors that the host or an engine keeps.
    fn bring_back(&self, memory: &[Memory<'_>]) -> Result<()> {
        for (at, place) in memory.iter().enumerate() {
            if let (Some((tensor, true)), Memory::Made(block)) = (self.passed(at), place) {
                // The stream lets go of the lease that the copy to the device was made with.
                self.stream.finish(DEADLINE)?;
                let lease = Lent(tensor.lease(Access::Write)?);
                drop(self.stream.download(lease, block, 0)?.wait(DEADLINE)?);
            }
        }
        Ok(())
    }

    fn results(&self, memory: &mut [Memory<'_>]) -> Result<Vec<AnyTensor>> {
        let mut results = Vec::new();
        let buffers = self.descriptor().buffers;
        while let Some(at) = buffers.iter().position(|buffer| buffer.role == Role::Result(results.len())) {
            let Some(Memory::Made(block)) = memory.get(at) else { break };
            let buffer = &buffers[at];
            let shape: Vec<usize> =
                buffer.extents.iter().map(|extent| extent.size(self.request.sizes)).collect();
            let (block, stream) = (block.clone(), self.stream.clone());
            results.push(tensor_in(block, stream, self.device()?, (buffer.dtype, &shape))?);
        }
        Ok(results)
    }
}
