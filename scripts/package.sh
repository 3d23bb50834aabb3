#!/usr/bin/env bash
# Builds Debian packages from a checkout: emdyn (program and torch plugin), emdyn-bench, emdyn-dev (headers, libraries).
#   scripts/package.sh [FOLDER]     build/packages by default
# Install with: apt install ./emdyn_*.deb (apt takes the recommended libtorch along; --no-install-recommends leaves it
# out, and the verbs that need it say so).
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/packages}
for tool in cpack dpkg-shlibdeps dpkg-deb; do
  command -v "$tool" >/dev/null || {
    echo "package: $tool is missing; apt-get install cmake dpkg-dev" >&2
    exit 4
  }
done
scripts/setup.sh
cmake --preset release -DBUILD_TESTING=OFF >&2
cmake --build --preset release >&2
mkdir -p "$out"
cpack --config build/release/CPackConfig.cmake -G DEB -B "$out" >&2
rm -rf "$out/_CPack_Packages"
for package in "$out"/*.deb; do
  printf '%s  %s MB, %s MB installed\n' "$package" \
    "$(du -k --apparent-size "$package" | awk '{printf "%.1f", $1 / 1024}')" \
    "$(dpkg-deb -f "$package" Installed-Size | awk '{printf "%.1f", $1 / 1024}')"
done
