#!/usr/bin/env bash
# Coverage-guided fuzzing of every parser, with corpora that stay small: builds the fuzz preset (clang, libFuzzer,
# sanitizers), runs each target from its seeds and what earlier runs found, then keeps only the inputs that reach code
# no smaller one reaches.
#   scripts/fuzz.sh                     60 seconds a target
#   scripts/fuzz.sh 600 csv jsonl       ten minutes each of these
# Corpora lie in EMDYN_CORPORA (build/fuzz/corpora by default), findings in build/fuzz/findings. Exit code 1 when there
# is a finding; what one target does with a finding is: fuzz_NAME FILE.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
  seconds=$1
  shift
fi
corpora=${EMDYN_CORPORA:-build/fuzz/corpora}
findings=build/fuzz/findings
most_bytes=65536 # Of an input: what is longer says no more and is slow.

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in fuzz/*_fuzz.cpp; do targets+=("$(basename "$source" _fuzz.cpp)"); done
fi
cmake --preset fuzz
cmake --build build/fuzz --target "${targets[@]/#/fuzz_}"

mkdir -p "$findings"
found=0
for target in "${targets[@]}"; do
  program=build/fuzz/fuzz/fuzz_$target
  corpus=$corpora/$target
  EMDYN_FUZZ_SEEDS=$corpus "$program"
  "$program" -max_total_time="$seconds" -max_len=$most_bytes -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -artifact_prefix="$findings/$target-" "$corpus" || found=1
  rm -rf "$corpus.small"
  mkdir "$corpus.small"
  "$program" -merge=1 -max_len=$most_bytes -verbosity=0 "$corpus.small" "$corpus"
  rm -rf "$corpus"
  mv "$corpus.small" "$corpus"
  echo "$target: $(find "$corpus" -type f | wc -l) inputs, $(du -sk "$corpus" | cut -f1) KB"
done
[ "$found" -eq 0 ] || echo "findings: $(ls "$findings")"
exit "$found"
