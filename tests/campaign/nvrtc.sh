#!/usr/bin/env bash
# Compiles the generated CUDA C of every kernel in tests/kernels/generated.rs with NVRTC, for all architectures from
# sm_75 to sm_120: no spills, and registers within tests/campaign/registers.json (`--write` makes that file anew).
# Needs pip and python3, no GPU. A minute or two.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="$PWD/target/nvrtc"
mkdir -p "$folder/sources"
if [ ! -d "$folder/nvidia" ]; then
  pip download --quiet --no-deps --dest "$folder" nvidia-cuda-nvrtc-cu12==12.9.86
  python3 -m zipfile -e "$folder"/nvidia_cuda_nvrtc_cu12-*.whl "$folder"
  rm "$folder"/*.whl
fi
STRATAL_KERNEL_SOURCES="$folder/sources" cargo test --test kernels generated
python3 tests/campaign/nvrtc.py "$folder/nvidia/cuda_nvrtc/lib" tests/campaign/registers.json "$@" "$folder"/sources/*.cu
