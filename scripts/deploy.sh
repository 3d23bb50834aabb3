#!/usr/bin/env bash
# Builds and installs system-wide, and prints how to remove it again.
#   scripts/deploy.sh [PREFIX]      /usr/local by default
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${1:-/usr/local}
scripts/setup.sh
cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX="$prefix" >&2
cmake --build --preset release >&2
as_root=()
if ! { [ -w "$prefix" ] || { [ ! -e "$prefix" ] && [ -w "$(dirname "$prefix")" ]; }; }; then as_root=(sudo); fi
"${as_root[@]}" cmake --install build/release >&2
"${as_root[@]}" mkdir -p "$prefix/share/emdyn"
"${as_root[@]}" cp build/release/install_manifest.txt "$prefix/share/emdyn/install_manifest.txt"
cat <<END
Installed: $prefix/bin/emdyn
Try:       $prefix/bin/emdyn demo
Remove:    xargs rm -f < $prefix/share/emdyn/install_manifest.txt && rm -r $prefix/share/emdyn
END
