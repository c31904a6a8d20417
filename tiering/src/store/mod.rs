//! Bytes at rest that we write: the spill file and its extents. `tiering/FORMAT.md` specifies them byte by byte.

pub mod extent;
pub mod spill;

pub use extent::Extent;
pub use spill::SpillFile;
