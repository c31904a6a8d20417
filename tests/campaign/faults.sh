#!/usr/bin/env bash
# A million faults of a simulated disk under whole engines: short, failed, late, overtaking, flipped, torn and misdirected
# transfers, futures dropped at every await point, refused registrations. No wrong byte, no hang, typed errors only.
# `faults.sh 5000000` injects another number. A minute or two.
set -euo pipefail
cd "$(dirname "$0")/../.."
STRATAL_FAULT_POINTS="${1:-1000000}" cargo test --test engine campaign:: -- --nocapture
