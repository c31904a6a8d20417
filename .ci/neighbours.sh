#!/usr/bin/env bash
# Every feature by itself, and views of other libraries' tensors: lints, pointer equality, examples. candle brings 150
# crates, hardly optimised here, and so has a target folder of its own. Minutes.
set -euo pipefail
small="complex bytemuck ndarray safetensors zerocopy serde"
cargo clippy --locked -p stratal-runtime --all-targets --features "$small" -- -D warnings
cargo test --locked -p stratal-runtime --features "$small" -- number neighbours View
for feature in $small hardened leak-places; do
  cargo check --locked -p stratal-runtime --features "$feature"
done
cargo check --locked -p stratal --no-default-features
cargo check --locked -p stratal --features "hardened leak-places $small"
cargo test --locked --config 'profile.dev.package."*".opt-level=1' --target-dir target/neighbours \
  -p stratal -p stratal-runtime --lib --features stratal/candle -- neighbours
