//! Host memory in frames of 2 MiB: allocated once, registered once with the disk driver, and moved by remapping.
//!
//! The pages of a frame never change; their address does. A large tensor owns a [`Window`] of addresses, and a
//! chunk of it becomes readable there when a frame is moved in. When the chunk is evicted the frame moves home and
//! the window keeps an empty hole. So a lease is contiguous, its address is the same each time, no byte is copied,
//! no page is faulted or zeroed again, and the kernel's registration of the pages (made by their home address)
//! stays true.
//!
//! ```text
//! span (home)   [ frame 0 | frame 1 | frame 2 | frame 3: run run run .. ]      registered once
//!                    │ remap    │
//! window of A   [ chunk 0 | chunk 1 | hole | ...tail run ]                     contiguous for leases
//! ```
//!
//! Objects and tails smaller than a frame take runs of 4 KiB pages inside shared frames, so bytes are accounted to
//! the page. All of it together never exceeds the budget of the [`FramePool`]; where that is lowered, what is free goes
//! back to the kernel, and what is in use when it is.
//!
//! Limit: every frame that lies in a window costs up to two kernel mappings; the default `vm.max_map_count` of
//! 65,530 is reached by budgets near 60 GiB.

#[allow(unsafe_code, reason = "a system call that std has not")]
pub mod alarm;
mod block;
mod frames;
mod window;

pub use block::Block;
pub use frames::{Committed, FramePool, Growth, Region, Surplus};
pub use window::Window;

/// Bytes of one frame: one huge page, one chunk.
pub const FRAME_BYTES: usize = 2 << 20;

/// Bytes of one page, the unit of a run.
pub const PAGE_BYTES: usize = 4096;

/// Pages of one frame.
pub const FRAME_PAGES: usize = FRAME_BYTES / PAGE_BYTES;

#[cfg(test)]
mod tests;
