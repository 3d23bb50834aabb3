#!/usr/bin/env bash
# Runs clang-tidy 14 with the checks of .clang-tidy on changed sources.
#   tools/check_tidy.sh [BASE]   sources that differ from BASE (default: where the branch left origin/main, else the
#                                commit before), committed or not; at most 10, and none that includes torch: such a
#                                file takes a minute
#   tools/check_tidy.sh --all    every source, torch too
# Compile commands are those of the newest build/PRESET/compile_commands.json (EMDYN_BUILD=FOLDER names another).
set -euo pipefail
cd "$(dirname "$0")/.."
most=10

skip() { echo "tidy: SKIPPED: $1" >&2; exit 0; }
command -v clang-tidy-14 >/dev/null || skip "clang-tidy-14 is not installed (apt-get install clang-tidy-14)"
build=${EMDYN_BUILD:-$(ls -td build/*/compile_commands.json 2>/dev/null | head -1 | xargs -r dirname || true)}
[ -f "${build:-none}/compile_commands.json" ] ||
  skip "no compile_commands.json; configure first: cmake --preset release"

if [ "${1:-}" = "--all" ]; then
  changed=$(git ls-files '*.cpp')
else
  base=${1:-$(git merge-base origin/main HEAD 2>/dev/null || true)}
  # On main itself, or without a remote, the last commit is what changed.
  if [ -z "$base" ] || { [ $# -eq 0 ] && [ "$base" = "$(git rev-parse HEAD)" ]; }; then base=HEAD~1; fi
  git rev-parse -q --verify "$base^{commit}" >/dev/null || skip "there is no commit $base to compare with"
  # A source that was only moved (R100) is not changed.
  changed=$({
    git diff --name-status -M --diff-filter=ACMR "$base" -- '*.cpp'
    git ls-files -o --exclude-standard -- '*.cpp'
  } | awk '$1 != "R100" {print $NF}')
fi

# Compile commands as clang can use them: none of GCC's precompiled headers, and one for each source of a unity batch.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 tools/tidy_commands.py "$build" "$work" "$([ "${1:-}" = "--all" ] || echo $most)" <<<"$changed"
mapfile -t files <"$work/files"
if [ ${#files[@]} -eq 0 ]; then
  echo "tidy: ok (no source to check)"
  exit 0
fi
# It counts on standard error the warnings that it does not show; real errors stand on standard output.
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p "$work" \
  2> >(grep -v ' warnings generated\.$' >&2 || true)
echo "tidy: ok (${#files[@]} files)"
