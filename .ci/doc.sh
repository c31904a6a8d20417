#!/usr/bin/env bash
# Every public item is documented and every link resolves. A minute.
set -euo pipefail
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
