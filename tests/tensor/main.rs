//! Promise: typed tensors and `#[derive(Params)]` read what the checkpoint holds, or say everything that differs.

mod extremes;
mod leases;
mod load;
mod options;
mod save;
mod serial;
mod shapes;
