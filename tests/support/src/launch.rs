//! A launch by the letter of a kernel's table: each argument on its natural boundary, one stage after the other.
//!
//! It allocates, holds no leases, and waits: an oracle for whoever launches in earnest, and a way to run a kernel of a
//! file where a device is.

use std::sync::Arc;
use std::time::Duration;
use stratal_runtime::error::{Error, ErrorKind, Result};
use stratal_runtime::kernel::{Argument, Descriptor, Source};
use stratal_runtime::tensor::AnyTensor;
use stratal_tiering::device::{Code, Driver, Geometry, Module, Stream, Touch, block_of};

/// What a kernel is launched with.
#[derive(Debug)]
pub struct Operands<'a> {
    /// The tensors of [`Descriptor::buffers`], all on the device.
    pub buffers: &'a [&'a AnyTensor],
    /// The sizes of [`Descriptor::symbols`].
    pub sizes: &'a [usize],
    /// The bytes of [`Descriptor::scalars`].
    pub scalars: &'a [&'a [u8]],
}

/// Runs all stages of a kernel, and waits for them.
///
/// # Errors
/// What the compiler, the driver and the table say; `Unsupported` for an argument that only generated code takes.
pub fn launch(driver: &Arc<dyn Driver>, kernel: &Descriptor, operands: &Operands<'_>) -> Result<()> {
    let module = match kernel.source {
        Source::Ptx { text, .. } => Module::load(driver, &Code::Ptx(text))?,
        _ => {
            let (text, name) = (kernel.cuda_source(), format!("{}.cu", kernel.name));
            let source =
                stratal_tiering::device::Source { text: &text, name: &name, options: &["--fmad=false"] };
            Module::load(driver, &Code::Image(&driver.compile(&source)?))?
        }
    };
    let stream = Stream::open(driver)?;
    for stage in kernel.stages {
        let mut bytes = Vec::new();
        for argument in stage.arguments {
            pack(&mut bytes, &value(kernel, argument, operands)?);
        }
        let function = module.function(stage.entry)?;
        let launch = kernel.geometry(stage, operands.sizes)?;
        if launch.grid.contains(&0) {
            continue;
        }
        let geometry = Geometry { grid: launch.grid, block: launch.block, shared_bytes: launch.shared_bytes };
        let mut turn = stream.turn();
        for argument in stage.arguments {
            if let Argument::Written(at) | Argument::Read(at) = argument
                && let Some(block) = operands.buffers.get(*at).and_then(|tensor| block_of(tensor))
            {
                let touch = if matches!(argument, Argument::Read(_)) { Touch::Read } else { Touch::Write };
                turn.uses(block.uses(), touch)?;
            }
        }
        // SAFETY:
        // - the macro compared the entry with the table, and the bytes follow the table,
        // - every block was named to the turn, and lives beyond the wait below.
        unsafe { turn.launch(function.raw(), &geometry, &bytes) }?;
        turn.end()?;
    }
    stream.finish(Duration::from_secs(60))
}

/// The bytes of one argument.
fn value(kernel: &Descriptor, argument: &Argument, operands: &Operands<'_>) -> Result<Vec<u8>> {
    let absent = |what: &str| Error::new(ErrorKind::Unsupported, what.to_owned()).with("kernel", kernel.name);
    match argument {
        Argument::Written(at) | Argument::Read(at) => {
            let block = operands.buffers.get(*at).and_then(|tensor| block_of(tensor));
            Ok(block
                .ok_or_else(|| absent("a tensor is not on the device"))?
                .address()
                .0
                .to_ne_bytes()
                .to_vec())
        }
        Argument::Count(count, dtype) => {
            let bits = kernel.counted(*count, *dtype, operands.sizes)?;
            Ok(bits.to_le_bytes()[..dtype.size()].to_vec())
        }
        Argument::Size(at) => {
            let size = operands.sizes.get(*at).ok_or_else(|| absent("a size is not given"))?;
            Ok((*size as u64).to_ne_bytes().to_vec())
        }
        Argument::Scalar(at) => {
            Ok(operands.scalars.get(*at).ok_or_else(|| absent("a number is not given"))?.to_vec())
        }
        Argument::Faults => Err(absent("a word for faults is not kept here")),
    }
}

/// Appends a value on its natural boundary.
fn pack(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.resize(bytes.len().next_multiple_of(value.len().max(1)), 0);
    bytes.extend(value);
}
