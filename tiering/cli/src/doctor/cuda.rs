//! CUDA: whether the kernel module and the driver library are installed. Nothing is loaded; absence is normal.

use serde::Serialize;
use std::path::{Path, PathBuf};

/// The driver library every CUDA program loads at run time.
const LIBRARY: &str = "libcuda.so.1";

/// Where it lies on usual systems, besides the loader's own list.
const FOLDERS: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/wsl/lib",
    "/usr/local/cuda/compat",
];

/// What is there of a CUDA driver.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Cuda {
    /// Whether both halves are there.
    pub(super) driver: bool,
    /// What the kernel module says of its version.
    pub(super) module: Option<String>,
    /// The driver library.
    pub(super) library: Option<PathBuf>,
    /// What is missing.
    pub(super) why_not: Option<String>,
}

impl Cuda {
    /// Looks for the module and the library.
    pub(super) fn examine() -> Self {
        let listed = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let folders = std::env::split_paths(&listed).chain(FOLDERS.iter().map(PathBuf::from));
        let module = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
        Self::judge(module.as_deref(), find(folders), Path::new("/dev/dxg").exists())
    }

    /// Joins the findings; under WSL (`dxg`) the host's module serves, and there is none here.
    fn judge(module: Option<&str>, library: Option<PathBuf>, dxg: bool) -> Self {
        let module = module.and_then(|text| text.lines().next()).map(str::to_owned);
        let missing = match (module.is_some() || dxg, library.is_some()) {
            (true, true) => None,
            (false, false) => {
                Some("no NVIDIA kernel module and no driver library: this machine has no CUDA device".into())
            }
            (false, true) => Some("the NVIDIA kernel module is not loaded".into()),
            (true, false) => Some(format!("{LIBRARY} is not where libraries usually are")),
        };
        Self { driver: missing.is_none(), module, library, why_not: missing }
    }
}

/// The first of `folders` that holds the library.
fn find(folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.map(|folder| folder.join(LIBRARY)).find(|path| path.exists())
}

#[cfg(test)]
mod tests;
