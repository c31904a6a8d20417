//! Shadow models, interpreters and hand-written inputs that tests and fuzz targets share.

pub mod dice;
pub mod operation;
pub mod peak;
pub mod shadow;
