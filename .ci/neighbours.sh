#!/usr/bin/env bash
# Views of other libraries' tensors, each behind its feature: lints, pointer equality, examples. candle brings 150 crates
# and so has a target folder of its own; minutes.
set -euo pipefail
small="complex bytemuck ndarray safetensors zerocopy"
cargo clippy --locked -p stratal-runtime --all-targets --features "$small" -- -D warnings
cargo test --locked -p stratal-runtime --features "$small" -- number neighbours View
for feature in $small candle; do
  cargo check --locked -p stratal --features "$feature" --target-dir target/neighbours
done
cargo test --locked -p stratal-runtime --lib --features candle --target-dir target/neighbours -- neighbours
