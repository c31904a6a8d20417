#!/usr/bin/env bash
# The layout of every source is rustfmt's. Seconds.
set -euo pipefail
cargo fmt --all --check
for manifest in fuzz/Cargo.toml benches/rivals/*/Cargo.toml; do
  cargo fmt --check --manifest-path "$manifest"
done
