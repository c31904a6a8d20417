//! Entry points of the macros; the work is done in `stratal-macros-core`.
