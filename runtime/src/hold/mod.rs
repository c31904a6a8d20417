//! What keepers of tensors build their hit path from: gates that count holds, and trails that remember them.
//!
//! A keeper that lends resident bytes takes no lock for it. A [`Gate`] stands before the bytes: holders enter and leave
//! without a lock while it is open, and the keeper, who alone opens and closes it, learns at the
//! closing how many are still inside. A thread comes to the gates of a keeper as a [`Visitor`], and to one where it is
//! the regular by plain stores. A [`Trail`] tells the keeper later who was there, in the order of each thread.
//!
//! ```text
//!  holder   enter ── uses the bytes ── leave            one word, no lock
//!  keeper   open ──────────────── close ─> who is still inside leaves under the keeper's lock
//! ```

mod gate;
mod trail;
mod visitor;

pub use gate::{Entered, Gate, Left};
pub use trail::{Step, Told, Trail};
pub use visitor::Visitor;
