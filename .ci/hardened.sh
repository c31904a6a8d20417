#!/usr/bin/env bash
# The allocator's promises with every defence on, and leaks named by line. A few minutes.
set -euo pipefail
cargo test --locked --test alloc --features hardened,leak-places
cargo test --locked -p stratal-runtime --lib --features hardened pool
