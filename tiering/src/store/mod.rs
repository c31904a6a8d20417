//! Bytes at rest that we write: spill files, their extents and checksums. `tiering/FORMAT.md` specifies them byte by byte.

pub mod checksum;
pub mod extent;
pub mod spill;
pub mod stripes;

pub use extent::Extent;
pub use spill::SpillFile;
pub use stripes::{Place, Store};
