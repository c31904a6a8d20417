//! Promise: the real all-MiniLM-L6-v2 runs under a 24 MiB budget with the reference vectors.
