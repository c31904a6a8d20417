//! The bench harness: each suite interleaves stratal and its rivals in one run.

fn main() {}
