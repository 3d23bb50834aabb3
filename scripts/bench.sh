#!/usr/bin/env bash
# Builds the release preset and prints every benchmark beside its baseline.
#   scripts/bench.sh [NAME ...]     names as in `emdyn bench --help`; all by default
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/run.sh --build-only
cmake --build --preset release --target emdyn-bench emdyn_torch_bench >&2
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(store detect ood corrupt lab)
for name in "${names[@]}"; do
  echo "== bench $name"
  build/release/emdyn bench "$name"
done
