#!/usr/bin/env bash
# The README's command: unit tests, doctests, compile-fail tests (`ui`), house rules (`tidy`), every promise of tests/.
# Minutes: the first build compiles all dependencies. Skips are printed with their reason.
set -euo pipefail
cargo test --workspace --locked --no-fail-fast -- --show-output
