//! Bytes at rest that we write: the spill file and its extents.
