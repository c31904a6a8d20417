//! What macro output may name of runtime, and nobody else.
