#!/usr/bin/env bash
# The README's first command, verified against a run with everything in memory. A minute or two: the checkpoint of
# 1 GiB is made once.
set -euo pipefail
mkdir -p target/ci target/bench
cargo run --release --locked -- run --verify --json --cache-dir target/bench/stream > target/ci/run.json
python3 .ci/check_run.py target/ci/run.json
cargo run --release --locked -- doctor
