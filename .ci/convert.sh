#!/usr/bin/env bash
# Every pair of dtypes on every instruction set as users get it: optimised, so that the loops are vectors; and NEON by
# emulation where qemu and a cross linker are installed. A minute or two.
set -euo pipefail
cargo test --release --locked --test convert
if command -v qemu-aarch64 > /dev/null && command -v aarch64-linux-gnu-gcc > /dev/null; then
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
  cargo test --locked -p stratal-runtime --lib --target aarch64-unknown-linux-gnu --target-dir target/arm -- simd number
else
  echo "SKIPPED: NEON, as qemu-aarch64 or aarch64-linux-gnu-gcc is not installed"
fi
