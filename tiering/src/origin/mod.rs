//! Read-only homes of tensors: safetensors checkpoints. The payload is never read here.
//!
//! [`Checkpoint::open`] reads and judges the header only, by bounded reads; the engine then adopts every
//! [`TensorEntry`] as a clean copy at home: a byte range of an open file, which is never written, never copied, and
//! evicted by forgetting. Nothing that a header says is believed before `safetensors::header` has checked it.
//!
//! [`Writer`] and [`Checkpoint::save`] make *new* checkpoints. They live here because reader and writer share one judge and one format, and
//! they keep the room's promise: they write beside the target and renames, so an open home never changes its bytes.
//!
//! ```text
//! open ── pread header ──> header::parse (pure) ──> Catalogue{TensorEntry…} ──> engine reads ranges of files()
//! ```

mod catalogue;
mod checkpoint;
mod dtype;
mod mapped;
pub mod safetensors;
mod save;

pub use catalogue::TensorEntry;
pub use checkpoint::{Checkpoint, CheckpointFile};
pub use dtype::StoredDtype;
pub use mapped::Mapped;
pub use safetensors::write::{TensorSpec, Writer};
