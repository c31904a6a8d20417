//! Memories that are not files: host frames and windows, and later device memory. Knows no objects.
