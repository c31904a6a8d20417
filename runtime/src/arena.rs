//! A bump region: allocate forwards, free all at once.
