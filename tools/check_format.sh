#!/usr/bin/env bash
# Fails when a C++ file is not formatted as .clang-format says, or a comment was torn or made false by formatting or
# moving (tools/check_comments.py). Mend the first with: tools/check_format.sh --fix
set -euo pipefail
cd "$(dirname "$0")/.."
each_file() { git ls-files -z '*.cpp' '*.hpp' | xargs -0 -n 40 -P "$(nproc)" clang-format-14 "$@"; }
if [ "${1:-}" = "--fix" ]; then
  each_file -i
else
  each_file --dry-run -Werror
  python3 tools/check_comments.py
  echo "format: ok ($(git ls-files '*.cpp' '*.hpp' | wc -l) files)"
fi
