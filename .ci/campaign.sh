#!/usr/bin/env bash
# What takes too long for every change, on the allocator. Bounded: each part ends by its count. Name parts to run only
# those: model asan miri.
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')

# The shadow heap over a hundred million operations on four threads, optimised. A quarter of an hour.
model() {
  STRATAL_OPERATIONS="${STRATAL_OPERATIONS:-100000000}" \
    cargo test --release --locked --test alloc -- --show-output model::
}

# AddressSanitizer, free blocks poisoned to their last byte; the compiler's flag is unstable, so it is unlocked here.
asan() {
  RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address --cfg stratal_asan" ASAN_OPTIONS=detect_leaks=0 \
    cargo test --locked --target "$host" --target-dir target/asan --test alloc -- model:: alignment:: asan::
}

# Miri on the logic behind the plain page source: runs, slabs, caches, heaps, pools as objects.
miri() {
  if ! cargo +nightly miri --version > /dev/null 2>&1; then
    echo "SKIPPED: miri: no nightly toolchain with Miri (rustup toolchain install nightly --component miri)"
    return
  fi
  MIRIFLAGS="-Zmiri-permissive-provenance -Zmiri-ignore-leaks" \
    cargo +nightly miri test --locked --target-dir target/miri -p stratal-runtime --lib -- \
    pool::bins pool::bounded pool::cache pool::class pool::large pool::run_cache pool::runs pool::shelf pool::slab pool::whole
}

for part in "${@:-model asan miri}"; do
  for name in $part; do
    echo "=== $name"
    "$name"
  done
done
