#!/usr/bin/env bash
# What only a GPU can show, in one command: the device room's promises and those of kernels on the hardware, and suite
# `device` beside the plain loop of pinned copies. Fails where there is no GPU, and where anything ran on something else.
# `hardware.sh 1` takes the second device. Ten minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
device="cuda:${1:-0}"
log=target/hardware
mkdir -p "$log"
fail() { echo "hardware: $*" >&2; exit 1; }
command -v nvidia-smi > /dev/null || fail "no NVIDIA driver on this machine"
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader || fail "the driver finds no GPU"
cargo test -p stratal-tiering --features cuda --lib -- device::cuda --nocapture 2>&1 | tee "$log/device.txt"
cargo test --test kernels -- --nocapture 2>&1 | tee "$log/kernels.txt"
if grep -h "SKIPPED:.*\(GPU\|hardware\|CUDA device\)" "$log/device.txt" "$log/kernels.txt"; then
  fail "some promises were not judged on the GPU"
fi
cargo build --release -p stratal-bench --features cuda
STRATAL_DEVICE="$device" target/release/stratal-bench device --json "$log/bench-device.json"
grep -q "$device" "$log/bench-device.json" || fail "suite device ran on another device than $device"
grep -q "sim:" "$log/bench-device.json" && fail "suite device fell back to the simulator"
echo "hardware: all of it ran on $device"
