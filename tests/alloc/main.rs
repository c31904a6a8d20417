//! Promise: the allocator never overlaps, misaligns or loses a byte, on any thread, across forks and thread exits.
