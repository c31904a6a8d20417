//! An open file and what its file system demands of direct I/O (statx `STATX_DIOALIGN`, Linux 6.1).

/// An open file, its path for errors, and the alignment that direct I/O on it demands.
#[derive(Debug)]
pub struct IoFile;
