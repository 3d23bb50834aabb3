#!/usr/bin/env bash
# From a fresh clone to a running demo: installs what is missing, builds, runs `emdyn demo`.
#   scripts/run.sh [--build-only] [arguments of `emdyn demo`]
set -euo pipefail
cd "$(dirname "$0")/.."

build_only=false
if [ "${1:-}" = "--build-only" ]; then
  build_only=true
  shift
fi
scripts/setup.sh
cmake --preset release -DBUILD_TESTING=OFF >&2
cmake --build --preset release --target emdyn emdyn_torch >&2
"$build_only" && exit 0
exec build/release/emdyn demo "$@"
