//! Promise: bad input and bad luck give a typed error that names the tensor; nothing is lost, nothing hangs.

mod damage;
mod limits;
mod spill;
mod streaming;
mod world;
