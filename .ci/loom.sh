#!/usr/bin/env bash
# Every interleaving of the allocator's atomics, by loom, in a target folder of its own. A minute or two.
set -euo pipefail
RUSTFLAGS="--cfg stratal_loom" \
  cargo test --release --locked -p stratal-runtime --lib --target-dir target/loom loom
