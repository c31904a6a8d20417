//! Parsing, checking and expanding the macros of stratal, as a plain library.
