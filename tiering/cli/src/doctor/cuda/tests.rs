//! Both halves of a driver are told apart.

use super::{Cuda, LIBRARY, find};
use std::path::PathBuf;

/// Promise: a driver is reported only with both halves, and what is missing is said.
#[test]
fn says_what_is_missing() {
    let library = || Some(PathBuf::from("/lib").join(LIBRARY));
    let whole = Cuda::judge(Some("NVRM version: 1\nGCC\n"), library(), false);
    assert!(whole.driver && whole.why_not.is_none());
    assert_eq!(whole.module.as_deref(), Some("NVRM version: 1"));
    assert!(Cuda::judge(None, library(), true).driver, "under WSL the host has the module");
    for (module, library) in [(None, None), (None, library()), (Some("1"), None)] {
        let cuda = Cuda::judge(module, library, false);
        assert!(!cuda.driver && cuda.why_not.is_some());
    }
}

/// Promise: the first folder that holds the library is named.
#[test]
fn finds_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let folders = || [PathBuf::from("/nowhere"), folder.path().to_owned()].into_iter();
    assert_eq!(find(folders()), None);
    std::fs::write(folder.path().join(LIBRARY), "").unwrap();
    assert_eq!(find(folders()), Some(folder.path().join(LIBRARY)));
}
