//! Code for a device: source to compile, images that a compiler made, and functions of this process.

use super::driver::Geometry;
use std::fmt;
use std::sync::Arc;

/// CUDA C to compile at run time.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The text. Entries are `extern "C" __global__` functions.
    pub text: &'a str,
    /// What messages call the file.
    pub name: &'a str,
    /// Options of NVRTC besides the architecture, such as `--fmad=false`.
    pub options: &'a [&'a str],
}

/// What a compiler made of a [`Source`]: opaque bytes for [`Code::Image`], worth caching by the source's content.
#[derive(Clone, PartialEq, Eq)]
pub struct Image(pub Vec<u8>);

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} bytes)", self.0.len())
    }
}

/// A kernel as a function of this process: it gets the geometry and the bytes of its parameters, runs every thread of
/// the grid, and returns. Device addresses among the parameters are readable and writable where it runs.
pub type HostKernel = Arc<dyn Fn(&Geometry, &[u8]) + Send + Sync>;

/// One entry of [`Code::Host`].
#[derive(Clone)]
pub struct HostEntry {
    /// Its name.
    pub name: String,
    /// What it does.
    pub run: HostKernel,
    /// Its device pointers, for the device's own checks of order. May be empty.
    pub pointers: Vec<Pointer>,
}

impl fmt::Debug for HostEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostEntry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Where a kernel's parameters hold a device address, and what the kernel does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Its offset in the bytes of the parameters.
    pub offset: usize,
    /// Whether the kernel writes through it.
    pub writes: bool,
}

/// Code to load. Which kinds a device runs: CUDA all but `Host`, the simulator `Host` alone.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Code<'a> {
    /// PTX text, which the device's driver translates.
    Ptx(&'a str),
    /// What [`Driver::compile`](super::Driver::compile) returned.
    Image(&'a Image),
    /// Functions of this process.
    Host(&'a [HostEntry]),
}
