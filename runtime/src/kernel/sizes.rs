//! The sizes of a call: a dimension has one, wherever it stands.

use super::descriptor::Descriptor;
use super::work::Extent;
use crate::error::{Error, ErrorKind, Result};

/// Marks a dimension whose size is not known yet. No tensor has an axis of this size: it would exceed the address space.
const UNBOUND: usize = usize::MAX;

/// Finds the size of each dimension from the shapes of all tensors. Nothing is allocated where they agree.
///
/// # Errors
/// [`ErrorKind::Shape`] if two differ, naming the kernel, the dimension, both tensors and axes.
pub fn bind_sizes(descriptor: &Descriptor, shapes: &[&[usize]], sizes: &mut [usize]) -> Result<()> {
    sizes.fill(UNBOUND);
    for (at, (parameter, shape)) in descriptor.tensors.iter().zip(shapes).enumerate() {
        for (axis, (extent, &found)) in parameter.extents.iter().zip(*shape).enumerate() {
            let declared = match *extent {
                Extent::Fixed(size) => size,
                Extent::Symbol(symbol) if sizes[symbol] == UNBOUND => {
                    sizes[symbol] = found;
                    found
                }
                Extent::Symbol(symbol) => sizes[symbol],
            };
            if declared != found {
                return Err(mismatch(descriptor, shapes, (at, axis), *extent));
            }
        }
    }
    Ok(())
}

#[cold]
fn mismatch(
    descriptor: &Descriptor,
    shapes: &[&[usize]],
    (at, axis): (usize, usize),
    extent: Extent,
) -> Error {
    let (kernel, name, found) = (descriptor.name, descriptor.tensors[at].name, shapes[at][axis]);
    let message = match extent {
        Extent::Fixed(size) => {
            format!("kernel `{kernel}`: axis {axis} of `{name}` is declared {size} but is {found}")
        }
        Extent::Symbol(symbol) => {
            let place = |(at, parameter): (usize, &super::TensorParameter)| {
                parameter.extents.iter().position(|other| *other == extent).map(|axis| (at, axis))
            };
            let (first, first_axis) =
                descriptor.tensors.iter().enumerate().find_map(place).unwrap_or((at, axis));
            let (dimension, other) = (descriptor.symbols[symbol], descriptor.tensors[first].name);
            let size = shapes[first][first_axis];
            format!(
                "kernel `{kernel}`: dimension `{dimension}` is {size} in `{other}` (axis {first_axis}) but {found} in \
                 `{name}` (axis {axis})"
            )
        }
    };
    Error::new(ErrorKind::Shape, message)
}
