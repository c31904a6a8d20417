//! Shadow models, interpreters and hand-written inputs that tests and fuzz targets share.

pub mod counted;
pub mod dice;
pub mod fake_cuda;
pub mod launch;
pub mod operation;
pub mod peak;
#[cfg(target_os = "linux")]
pub mod process;
pub mod shadow;
