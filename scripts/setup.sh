#!/usr/bin/env bash
# Installs what the build needs: Debian packages, and nanobind from PyPI into build/python-packages (the Python
# extension is built with it). Non-interactive, safe to run again.
#   scripts/setup.sh            everything
#   scripts/setup.sh --no-torch without libtorch (then build with -DEMDYN_TORCH=OFF)
set -euo pipefail

packages=(
  g++ cmake ninja-build mold pkg-config ccache git python3 clang-format-14 clang-tidy-14
  libfmt-dev nlohmann-json3-dev libcli11-dev libtbb-dev
  libeigen3-dev libboost-math-dev libsqlite3-dev libzstd-dev zlib1g-dev
  libtomlplusplus-dev libpng-dev libjpeg62-turbo-dev
  libgtest-dev libgmock-dev libopenblas0-pthread libopenblas-dev
  python3-dev python3-pip python3-numpy python3-pytest
)
torch_packages=(libtorch-dev python3-torch)
[ "${1:-}" = "--no-torch" ] || packages+=("${torch_packages[@]}")

# What Debian does not have. Versions are named: the same build every time.
python_packages=(nanobind==3.1.0 nanobind-backend==1.0.0)
install_python_packages() {
  local target="$PWD/build/python-packages" name
  absent=()
  for name in "${python_packages[@]}"; do
    [ -d "$target/$(tr - _ <<<"${name%%==*}")-${name##*==}.dist-info" ] || absent+=("$name")
  done
  [ ${#absent[@]} -eq 0 ] && return
  echo "setup: installing ${absent[*]} into build/python-packages" >&2
  for attempt in 1 2 3; do
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
      --target "$target" "${absent[@]}" >&2 && return
    sleep $((attempt * 5))
  done
  echo "setup: WARNING: pip could not install ${absent[*]}: the Python extension is not built, its tests do not run" >&2
}

# For the tests of the live page, where node and Debian's chromium are: 17 MB, no browser is downloaded.
node_packages=(playwright-core@1.65.1 axe-core@4.14.1)
install_node_packages() {
  local target="$PWD/build/node-packages"
  command -v npm >/dev/null || return 0
  [ "$(cat "$target/installed" 2>/dev/null)" = "${node_packages[*]}" ] && return 0
  echo "setup: installing ${node_packages[*]} into build/node-packages" >&2
  mkdir -p "$target" && echo '{"private": true}' >"$target/package.json"
  if npm install --prefix "$target" --ignore-scripts --no-audit --no-fund --silent "${node_packages[@]}" >&2; then
    echo "${node_packages[*]}" >"$target/installed"
  else
    echo "setup: WARNING: npm could not install ${node_packages[*]}: the tests of the page are skipped" >&2
  fi
}
cd "$(dirname "$0")/.."

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  install_python_packages
  install_node_packages
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
install_python_packages
install_node_packages
