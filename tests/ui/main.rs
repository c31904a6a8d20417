//! Promise: every macro message points at the offending token; read from the compiler's JSON.
