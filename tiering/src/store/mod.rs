//! Bytes at rest that we write: spill files, their extents, and the forms and checksums of what is in them.
//! `tiering/FORMAT.md` specifies them byte by byte.

pub mod checksum;
pub mod codec;
pub mod extent;
pub mod index;
pub mod named;
mod random;
pub mod spill;
pub mod stripes;

pub use extent::Extent;
pub use index::{Index, Stored, StoredChunk};
pub use named::Named;
pub use spill::SpillFile;
pub use stripes::{Place, Store, Written};
