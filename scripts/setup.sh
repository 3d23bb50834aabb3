#!/usr/bin/env bash
# Installs what the build needs: Debian packages only, non-interactive, safe to run again.
#   scripts/setup.sh            everything
#   scripts/setup.sh --no-torch without libtorch (then build with -DEMDYN_TORCH=OFF)
set -euo pipefail

packages=(
  g++ cmake ninja-build mold pkg-config ccache git python3 clang-format-14 clang-tidy-14
  libfmt-dev nlohmann-json3-dev libcli11-dev libtbb-dev
  libeigen3-dev libboost-math-dev libsqlite3-dev libzstd-dev zlib1g-dev
  libtomlplusplus-dev libpng-dev libjpeg62-turbo-dev
  libgtest-dev libgmock-dev libopenblas0-pthread libopenblas-dev
)
torch_packages=(libtorch-dev)
[ "${1:-}" = "--no-torch" ] || packages+=("${torch_packages[@]}")

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: everything is installed" >&2
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "setup: this script needs Debian's apt-get; install by hand: ${missing[*]}" >&2
  exit 4
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: not root and no sudo; ask an administrator for: apt-get install ${missing[*]}" >&2
    exit 4
  fi
  as_root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
echo "setup: installing ${missing[*]}" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 ||
  echo "setup: apt-get update failed; trying with the package lists at hand" >&2
for package in "${missing[@]}"; do
  if ! apt-cache show "$package" >/dev/null 2>&1; then
    echo "setup: Debian has no package $package in the configured sources (Debian 12 main is needed)" >&2
    exit 4
  fi
done
if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2; then
  echo "setup: apt-get could not install: ${missing[*]}; its own message is above" >&2
  exit 4
fi
