//! Pure: who holds a copy of each chunk, in which state; leases; eviction policies. Never touches a byte or a clock.
