#!/usr/bin/env bash
# No lint of the workspace fires, in code, tests, examples or benches. A minute or two.
set -euo pipefail
cargo clippy --workspace --all-targets --locked -- -D warnings
