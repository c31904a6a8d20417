#!/usr/bin/env bash
# Every suite of the bench harness on small inputs: shows that it runs, decides nothing. Minutes: rivals are built.
set -euo pipefail
cargo build --release --locked -p stratal-bench -p stratal-cli
mkdir -p target/ci
for suite in $(target/release/stratal-bench --list | awk '{ print $1 }'); do
  target/release/stratal-bench "$suite" --quick --json "target/ci/bench-$suite.json"
  python3 .ci/check_rows.py "target/ci/bench-$suite.json"
  echo "test result: ok. 1 passed; 0 failed;"
done
