//! The allocator: size classes, segments, slabs, per-thread caches, large objects.
