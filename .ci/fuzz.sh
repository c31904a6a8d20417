#!/usr/bin/env bash
# Each fuzz target, or those named as arguments, for a while: libFuzzer with coverage feedback, on stable Rust (its
# flags are stable; cargo-fuzz is only a convenience). About a minute per target with the build.
#   FUZZ_SECONDS=600 .ci/fuzz.sh                  longer
#   FUZZ_RUNS=1000000 .ci/fuzz.sh macro_tokens    the campaign of the macros: a number of inputs, however long it takes
set -euo pipefail
host=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 -Cdebug-assertions"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$source" .rs)"); done
fi
bounds=(-max_total_time="${FUZZ_SECONDS:-20}")
if [ -n "${FUZZ_RUNS:-}" ]; then bounds=(-runs="$FUZZ_RUNS"); fi
RUSTFLAGS="$flags" cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz \
  "${targets[@]/#/--bin=}"
for name in "${targets[@]}"; do
  corpus=target/fuzz/corpus/$name
  seeds=fuzz/seeds/$name
  mkdir -p "$corpus"
  echo "--- $name"
  "target/fuzz/$host/release/$name" "${bounds[@]}" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="target/fuzz/$name-" "$corpus" $([ ! -d "$seeds" ] || echo "$seeds") 2>&1 | tail -n 12
  echo "test result: ok. 1 passed; 0 failed;"
done
