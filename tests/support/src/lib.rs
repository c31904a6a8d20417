//! Shadow models, interpreters and hand-written inputs that tests and fuzz targets share.
