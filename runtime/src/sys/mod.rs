//! The contract with the operating system: reserve, commit, purge, remap, release; one file per platform.
