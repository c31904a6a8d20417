#!/usr/bin/env bash
# The README's first command on the small model and on the default one, each verified against a run with everything
# in memory. A few minutes: the default checkpoint of 1 GiB is made once.
set -euo pipefail
mkdir -p target/ci target/bench
for model in gib tiny; do
  cargo run --release --locked -- run --model "$model" --verify --json --cache-dir target/bench/stream > "target/ci/run-$model.json"
  python3 .ci/check_run.py "target/ci/run-$model.json"
  echo "test result: ok. 1 passed; 0 failed;"
done
