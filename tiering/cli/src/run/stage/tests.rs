//! What a run needs besides weights is known before it starts.

use super::{ModelShape, fixed};

/// Promise: the default run needs at most 96 MiB besides weights, and a longer run needs more.
#[test]
fn fixed_bytes_are_bounded() {
    let short = fixed(&ModelShape::GIB, 4, 8).total();
    assert!(short <= 96 << 20, "{short}");
    assert!(fixed(&ModelShape::GIB, 4, 1000).total() > short);
    assert!(fixed(&ModelShape::GIB, 400, 8).total() > short);
}
