//! Alignment arithmetic and the alignments that matter here: cache line, SIMD register, device transfer, page.
