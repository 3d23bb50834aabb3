#!/usr/bin/env bash
# Writes the pages under docs/registries from the entries of the program, by the tests that compare them.
#   scripts/docs.sh                  all wings that have registries
#   scripts/docs.sh detect provoke   these wings only
# BUILD=folder names another build than build/release; attacks need one with torch.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${BUILD:-build/release}
wings=("$@")
[ $# -gt 0 ] || wings=(collect detect forecast model probe provoke)
[ -d "$build" ] || cmake --preset release >&2
targets=("${wings[@]/#/emdyn_}")
cmake --build "$build" --target "${targets[@]/%/_test}" >&2
for wing in "${wings[@]}"; do
  EMDYN_WRITE_DOCS=1 "$build/src/emdyn/$wing/emdyn_${wing}_test" --gtest_brief=1 \
    --gtest_filter='*Registry.Page*:*Registry.Pages*' >&2
done
git status --short docs/registries
