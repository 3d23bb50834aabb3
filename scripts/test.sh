#!/usr/bin/env bash
# Installs what is missing, builds the release preset with warnings as errors, runs every test.
#   scripts/test.sh                   all tests
#   scripts/test.sh --sanitize        the same under AddressSanitizer + UBSan, then ThreadSanitizer
#   scripts/test.sh -R REGEX ...      arguments go to ctest; one case: build/release/src/emdyn/WING/emdyn_WING_test
#                                     --gtest_filter=Suite.Case
set -euo pipefail
cd "$(dirname "$0")/.."

presets=(release)
if [ "${1:-}" = "--sanitize" ]; then
  presets=(asan-ubsan tsan)
  shift
fi
scripts/setup.sh
export TSAN_OPTIONS="suppressions=$PWD/tools/tsan.supp${TSAN_OPTIONS:+ $TSAN_OPTIONS}"
for preset in "${presets[@]}"; do
  cmake --preset "$preset" -DBUILD_TESTING=ON
  cmake --build --preset "$preset"
  # Tests that measure nothing may share the cores; none asserts on time.
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@"
  cases=0
  for program in "build/$preset"/src/emdyn/*/emdyn_*_test "build/$preset"/bench/emdyn_bench_test; do
    cases=$((cases + $("$program" --gtest_list_tests | grep -c '^  ')))
  done
  echo "$preset: $cases cases in the test programs, beside the fuzz targets, the program's and the tools' tests"
done
